//! Port-forward: the pods of the simulation answer HTTP on every declared port.
//!
//! Each port has two channels, one for data and one for errors; the first message on each names the port.

use std::collections::HashMap;

use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

use super::upgrade::Socket;
use crate::sim::json::{list, number, text};

/// Describes the forwarded ports.
pub(crate) struct ForwardSession {
    pod: String,
    served: Vec<u16>,
    ports: Vec<u16>,
}

impl ForwardSession {
    /// Reads the requested ports.
    pub(crate) fn new(pod: &Value, ports: &[String]) -> Self {
        let served = list(pod, "/spec/containers")
            .iter()
            .flat_map(|container| list(container, "/ports"))
            .filter_map(|port| u16::try_from(number(port, "/containerPort")).ok())
            .collect();
        let ports = ports.iter().flat_map(|all| all.split(',')).filter_map(|port| port.parse().ok()).collect();
        Self { pod: text(pod, "/metadata/name").to_owned(), served, ports }
    }
}

/// Answers requests until the client is gone.
pub(crate) async fn serve(socket: Socket, session: ForwardSession) {
    let _ = answer(socket, &session).await;
}

async fn answer(mut socket: Socket, session: &ForwardSession) -> Option<()> {
    for (place, port) in (0_u8..).step_by(2).zip(&session.ports) {
        for channel in [place, place + 1] {
            send(&mut socket, channel, &port.to_le_bytes()).await?;
        }
        if !session.served.contains(port) {
            let why = format!(
                "error forwarding port {port} to pod {}: failed to connect to localhost:{port} inside namespace: dial tcp4 127.0.0.1:{port}: connect: connection refused",
                session.pod
            );
            send(&mut socket, place + 1, why.as_bytes()).await?;
            return socket.close(None).await.ok();
        }
    }
    let mut received: HashMap<u8, Vec<u8>> = HashMap::new();
    while let Some(Ok(message)) = socket.next().await {
        let Message::Binary(bytes) = message else { continue };
        let Some((channel, data)) = bytes.split_first() else { continue };
        let pending = received.entry(*channel).or_default();
        pending.extend_from_slice(data);
        while let Some(request) = take_request(pending) {
            let page = format!("{} answers {}\n", session.pod, request);
            let length = page.len();
            let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n");
            send(&mut socket, *channel, (head + &page).as_bytes()).await?;
        }
    }
    Some(())
}

/// Takes a request from the received bytes, and returns its first line; `None` if it is incomplete. Bodies go by their
/// declared length.
fn take_request(pending: &mut Vec<u8>) -> Option<String> {
    let end = pending.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(pending.get(..end)?).into_owned();
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse::<usize>().ok())
        .unwrap_or(0);
    let whole = end.checked_add(length).filter(|whole| *whole <= pending.len())?;
    pending.drain(..whole);
    head.lines().next().map(str::to_owned)
}

async fn send(socket: &mut Socket, channel: u8, bytes: &[u8]) -> Option<()> {
    let mut message = vec![channel];
    message.extend_from_slice(bytes);
    socket.send(Message::Binary(Bytes::from(message))).await.ok()
}
