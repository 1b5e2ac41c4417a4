//! `fluxdeck status`: the live Flux objects of every environment, with state, revision, message and next reconcile.

use std::sync::Arc;

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::mpsc;

use super::Call;
use super::call::columns;
use crate::cluster::{Cluster, Scope, WatchEvent, watch};
use crate::kinds;
use crate::model::{Fault, FaultKind, Kind, Link, Row, State};

/// Flags of `status`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Ends with 1 for whatever is not ready, suspended objects included
    #[arg(long)]
    strict: bool,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Line {
    Object(Box<Object>),
    Error { env: String, error: String },
}

#[derive(Serialize)]
struct Object {
    env: String,
    kind: &'static str,
    namespace: String,
    name: String,
    ready: Option<bool>,
    state: State,
    revision: String,
    message: String,
    suspended: bool,
    since: Option<Timestamp>,
    next: Option<Timestamp>,
}

/// Lists the state of the Flux objects.
///
/// # Errors
/// Fails when a setting is wrong. An environment that cannot be reached is listed with its error and makes the exit code 4.
pub fn run(arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    call.block_on(async {
        let session = call.session()?;
        let mut listings = Vec::new();
        for environment in call.chosen(&session) {
            let cluster = session.reach().cluster(environment.env);
            listings.push(async move { (environment.name.clone(), list_all(cluster).await) });
        }
        let mut lines = Vec::new();
        let mut code = 0;
        for (env, found) in futures::future::join_all(listings).await {
            match found {
                Ok(rows) => {
                    lines.extend(rows.into_iter().map(|(kind, row)| Line::Object(Box::new(object(&env, kind, row)))));
                }
                Err(fault) => {
                    code = FaultKind::Unreachable.exit_code();
                    lines.push(Line::Error { env, error: format!("{}: {}; {}", fault.what, fault.why, fault.todo) });
                }
            }
        }
        let bad = |line: &Line| match line {
            Line::Object(object) => {
                object.state == State::Failed
                    || object.state == State::Waiting
                    || (arguments.strict && object.state != State::Ready)
            }
            Line::Error { .. } => false,
        };
        if code == 0 && lines.iter().any(bad) {
            code = 1;
        }
        call.print(&lines, |lines| table(lines))?;
        Ok(code)
    })
}

fn object(env: &str, kind: &'static Kind, row: Row) -> Object {
    let flux = row.flux.map(|flux| *flux).unwrap_or_default();
    Object {
        env: env.to_owned(),
        kind: kind.kind,
        namespace: row.key.namespace.into(),
        name: row.key.name.into(),
        ready: flux.ready,
        state: row.state,
        revision: flux.revision,
        message: row.message.into(),
        suspended: flux.suspended.is_some(),
        since: flux.since,
        next: flux.next,
    }
}

/// Lists every Flux kind of a cluster once.
async fn list_all(cluster: Result<Arc<Cluster>, Fault>) -> Result<Vec<(&'static Kind, Row)>, Fault> {
    let cluster = cluster?;
    let lists = kinds::flux().map(|kind| {
        let cluster = Arc::clone(&cluster);
        async move { (kind, list(cluster, kind).await) }
    });
    let mut rows = Vec::new();
    for (kind, found) in futures::future::join_all(lists).await {
        rows.extend(found?.into_iter().map(|row| (kind, row)));
    }
    Ok(rows)
}

/// Lists a kind once: what its watch reports until it is live. Absent kinds have no rows.
pub(super) async fn list(cluster: Arc<Cluster>, kind: &'static Kind) -> Result<Vec<Row>, Fault> {
    let (sender, mut events) = mpsc::channel(16);
    let watching = watch(cluster, kind, Scope::default(), sender);
    let collect = async {
        let mut rows = Vec::new();
        while let Some(event) = events.recv().await {
            match event {
                WatchEvent::Rows(more) => rows.extend(more),
                WatchEvent::Link(Link::Live | Link::Absent) => return Ok(rows),
                WatchEvent::Link(Link::Unreachable(fault) | Link::Forbidden(fault) | Link::Degraded(fault)) => {
                    return Err(fault);
                }
                WatchEvent::Link(_) | WatchEvent::Gone(_) => {}
            }
        }
        Ok(rows)
    };
    tokio::select! {
        found = collect => found,
        () = watching => Ok(Vec::new()),
    }
}

fn table(lines: &[Line]) -> String {
    let mut rows = vec![["ENV", "", "OBJECT", "REVISION", "STATE", "MESSAGE"].map(str::to_owned).to_vec()];
    let mut errors = String::new();
    for line in lines {
        match line {
            Line::Object(object) => rows.push(vec![
                object.env.clone(),
                object.state.sign().to_owned(),
                format!("{}/{}/{}", object.kind, object.namespace, object.name),
                kinds::short_revision(&object.revision),
                object.state.word().to_owned(),
                object.message.lines().next().unwrap_or("").to_owned(),
            ]),
            Line::Error { env, error } => errors.extend([env, ": ", error, "\n"]),
        }
    }
    columns(&rows) + &errors
}
