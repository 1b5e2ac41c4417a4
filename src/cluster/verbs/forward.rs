//! Forward: makes a pod's port reachable on this machine, until it is stopped.

use std::io;
use std::net::Ipv4Addr;

use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use kube::api::Portforwarder;
use tokio::net::{TcpListener, TcpStream};

use super::{Verb, VerbCall};
use crate::cluster::Cluster;
use crate::cluster::failure::Failure;
use crate::cluster::pod::{self, RunningPod};
use crate::model::{Fault, ObjectRef, Outcome, Permit, StepState};

/// The first port that needs no privileges, which users seldom have on a jump host: 80 becomes 8080, by convention.
const UNPRIVILEGED: u16 = 1024;

/// Makes a port of a pod reachable on this machine's loopback address, until it is stopped.
#[derive(Debug, Clone)]
pub struct Forward {
    /// The local port; one like the pod's when `None`.
    pub local: Option<u16>,
    /// The pod's port or the Service's, by number or name; the first when `None`.
    pub remote: Option<String>,
    /// The `ssh` address of this machine, such as `maria@jump`.
    pub via: String,
}

impl Verb for Forward {
    fn run<'a, 'c: 'a>(
        &'a self,
        call: &'a mut VerbCall<'c>,
        object: &'a ObjectRef,
    ) -> BoxFuture<'a, Result<Outcome, Fault>> {
        Box::pin(run(call, object, self.local, self.remote.as_deref(), &self.via))
    }

    fn stopped(&self) -> Option<&'static str> {
        Some("the port is closed")
    }
}

async fn run(
    call: &mut VerbCall<'_>,
    object: &ObjectRef,
    local: Option<u16>,
    remote: Option<&str>,
    via: &str,
) -> Result<Outcome, Fault> {
    let cluster = call.cluster;
    let tried = format!("forward a port of {object}");
    let cannot = |why: String, todo: &str| Fault::failed(format!("cannot {tried} in {}", cluster.name), why, todo);
    let mut chosen = pod::choose(cluster, object, &tried).await?;
    let port = chosen.port(remote).map_err(|why| cannot(why, "name a port as LOCAL:PORT or PORT"))?;
    // A missing permission shows here, and not only when the first browser waits.
    connect(cluster, &chosen, port, call.permit).await.map_err(|error| error.fault(&cluster.name, &tried))?.abort();
    let listener = listen(local, port).await.map_err(|error| {
        let at = local.unwrap_or(port);
        cannot(format!("127.0.0.1:{at}: {error}"), "name another as LOCAL:PORT, such as 18080:80")
    })?;
    let near = listener.local_addr().map_err(|error| cannot(error.to_string(), "try again"))?.port();
    let mut count = 0;
    let mut trouble = None;
    let mut open = FuturesUnordered::new();
    loop {
        call.step("here", StepState::Done, format!("127.0.0.1:{near} reaches port {port} of Pod/{}", chosen.name));
        call.step("desk", StepState::Done, format!("from your desk: ssh -L {near}:127.0.0.1:{near} {via}"));
        let failed = trouble.as_ref().map_or_else(String::new, |why| format!("; the last one failed: {why}"));
        let running = open.len();
        let traffic =
            format!("desk: ssh -L {near}:127.0.0.1:{near} {via}; {running} of {count} connections open{failed}");
        call.step("traffic", StepState::Running, traffic);
        tokio::select! {
            Some(ended) = open.next(), if !open.is_empty() => trouble = ended,
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) => {
                    count += 1;
                    match connect_or_follow(cluster, object, &mut chosen, port, &tried, call.permit).await {
                        Ok(there) => open.push(carry(there, port, socket)),
                        Err(fault) => trouble = Some(fault.why),
                    }
                }
                Err(error) => trouble = Some(error.to_string()),
            },
        }
    }
}

/// Listens on loopback alone: on the requested port, else the pod's own or 8000 above it, else any free one.
async fn listen(asked: Option<u16>, port: u16) -> io::Result<TcpListener> {
    if let Some(asked) = asked {
        return TcpListener::bind((Ipv4Addr::LOCALHOST, asked)).await;
    }
    let like = if port < UNPRIVILEGED { port + 8000 } else { port };
    match TcpListener::bind((Ipv4Addr::LOCALHOST, like)).await {
        Ok(listener) => Ok(listener),
        Err(_) => TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await,
    }
}

async fn connect(
    cluster: &Cluster,
    chosen: &RunningPod,
    port: u16,
    _permit: &Permit,
) -> Result<Portforwarder, Failure> {
    Ok(chosen.api(cluster).portforward(&chosen.name, &[port]).await?)
}

/// Connects to the pod, or to its replacement.
async fn connect_or_follow(
    cluster: &Cluster,
    object: &ObjectRef,
    chosen: &mut RunningPod,
    port: u16,
    tried: &str,
    permit: &Permit,
) -> Result<Portforwarder, Fault> {
    match connect(cluster, chosen, port, permit).await {
        Ok(there) => return Ok(there),
        Err(error) if error.code() == Some(404) && object.kind != "Pod" => {}
        Err(error) => return Err(error.fault(&cluster.name, tried)),
    }
    *chosen = pod::choose(cluster, object, tried).await?;
    connect(cluster, chosen, port, permit).await.map_err(|error| error.fault(&cluster.name, tried))
}

/// Carries one connection to its end; returns the pod's reason where it failed.
async fn carry(mut there: Portforwarder, port: u16, mut socket: TcpStream) -> Option<String> {
    let (mut stream, refused) = (there.take_stream(port)?, there.take_error(port)?);
    let refused = async {
        match refused.await {
            Some(why) => why,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        why = refused => Some(why),
        // A hang-up by either side is a normal end.
        _ended = tokio::io::copy_bidirectional(&mut socket, &mut stream) => None,
    }
}
