//! A link to a server that can be made slow, silent or dead while a program uses it.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// What the link does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// Everything passes.
    Up,
    /// Everything passes, this much later each way.
    Slow(Duration),
    /// Connections are accepted, and nothing passes.
    Hanging,
    /// Connections are refused, and those that were open end.
    Refused,
}

/// A proxy on a port of its own on 127.0.0.1, which ends when it is dropped.
pub(crate) struct Proxy {
    port: u16,
    link: watch::Sender<Link>,
    _runtime: Runtime,
}

impl Proxy {
    /// Starts a proxy in front of a server.
    pub(crate) fn to(server: SocketAddr, link: Link) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).expect("a free port");
        let port = listener.local_addr().expect("its port").port();
        let (sender, state) = watch::channel(link);
        runtime.spawn(serve(listener, server, state));
        Self { port, link: sender, _runtime: runtime }
    }

    /// Returns the port that it listens on.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Makes the link behave otherwise from now on, for open connections too.
    pub(crate) fn becomes(&self, link: Link) {
        self.link.send_replace(link);
    }
}

async fn serve(listener: TcpListener, server: SocketAddr, mut link: watch::Receiver<Link>) {
    let address = listener.local_addr().expect("its address");
    let mut listener = Some(listener);
    let mut connections = JoinSet::new();
    loop {
        if *link.borrow_and_update() == Link::Refused {
            connections.abort_all();
            // Only a port that nobody listens on refuses as a dead host does.
            listener = None;
        } else if listener.is_none() {
            listener = Some(TcpListener::bind(address).await.expect("the port again"));
        }
        let Some(open) = &listener else {
            if link.changed().await.is_err() {
                return;
            }
            continue;
        };
        tokio::select! {
            accepted = open.accept() => {
                let (client, _) = accepted.expect("a connection");
                connections.spawn(connect(client, server, link.clone()));
            }
            changed = link.changed() => if changed.is_err() { return },
        }
    }
}

async fn connect(client: TcpStream, server: SocketAddr, link: watch::Receiver<Link>) {
    let Ok(server) = TcpStream::connect(server).await else { return };
    for stream in [&client, &server] {
        stream.set_nodelay(true).expect("an open socket");
    }
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    // Either side's end ends both: a half-closed connection would hide it from the other.
    tokio::select! {
        () = carry(from_client, to_server, link.clone()) => {}
        () = carry(from_server, to_client, link) => {}
    }
}

/// Carries bytes one way. What is under way queues up behind its delay, so that a slow link has a long way and not a narrow one.
async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut link: watch::Receiver<Link>) {
    let (sender, mut under_way) = mpsc::channel::<(Instant, Vec<u8>)>(1024);
    let state = link.clone();
    let read = async move {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(count @ 1..) = from.read(&mut buffer).await {
            let delay = if let Link::Slow(delay) = *state.borrow() { delay } else { Duration::ZERO };
            if sender.send((Instant::now() + delay, buffer[..count].to_vec())).await.is_err() {
                return;
            }
        }
    };
    let write = async move {
        while let Some((arrives, bytes)) = under_way.recv().await {
            tokio::time::sleep_until(arrives).await;
            if link.wait_for(|link| *link != Link::Hanging).await.is_err() || to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    };
    tokio::join!(read, write);
}
