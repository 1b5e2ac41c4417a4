//! `fluxdeck status`: the live Flux objects of every environment, with state, revision, message and next reconcile.

use std::sync::Arc;

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::mpsc;

use super::Call;
use super::call::columns;
use crate::cluster::{Cluster, WatchEvent, WatchScope, watch};
use crate::kinds;
use crate::model::text::{field, message};
use crate::model::{Clock, Connection, Exposure, Fault, FaultKind, Kind, Row, State, without_keys};

// Flags of `status`.
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
    Error {
        env: String,
        error: String,
        /// The fault itself, for people.
        #[serde(skip)]
        fault: Fault,
    },
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
    /// The reason why the connection could have changed this answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    exposed: Option<Exposure>,
}

/// Lists the state of the Flux objects.
///
/// # Errors
/// Fails when a setting is wrong. An environment that cannot be reached is listed with its error and makes the exit
/// code 4.
pub fn run(arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    call.block_on(async {
        let session = call.session()?;
        let (mut listings, mut warnings) = (Vec::new(), Vec::new());
        for environment in call.environments(&session) {
            let cluster = session.task_context().cluster(environment.env);
            let exposed = session.exposure(environment.env);
            warnings.extend(exposed.map(|exposed| format!("{}: {}", environment.name, exposed.sentence())));
            listings.push(async move { (environment.name.clone(), exposed, list_all(cluster).await) });
        }
        let mut lines = Vec::new();
        let mut code = 0;
        for (env, exposed, found) in futures::future::join_all(listings).await {
            match found {
                Ok((rows, faults)) => {
                    let line = |(kind, row)| Line::Object(Box::new(object(&env, exposed, kind, row)));
                    lines.extend(rows.into_iter().map(line));
                    for fault in faults {
                        code = code.max(fault.kind.exit_code());
                        lines.push(error(&env, &fault));
                    }
                }
                Err(fault) => {
                    code = FaultKind::Unreachable.exit_code();
                    lines.push(error(&env, &fault));
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
        call.print(&lines, |lines| table(lines, &warnings))?;
        Ok(code)
    })
}

fn error(env: &str, fault: &Fault) -> Line {
    let error = format!("{}: {}; {}", fault.what, fault.why, without_keys(&fault.todo));
    Line::Error { env: env.to_owned(), error, fault: fault.clone() }
}

fn object(env: &str, exposed: Option<Exposure>, kind: &'static Kind, row: Row) -> Object {
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
        exposed,
    }
}

/// The objects of a cluster, and the faults of kinds that we may not list.
type Found = (Vec<(&'static Kind, Row)>, Vec<Fault>);

/// Lists every Flux kind of a cluster once. A refused kind hides no other; an unreachable cluster is reported once.
async fn list_all(cluster: Result<Arc<Cluster>, Fault>) -> Result<Found, Fault> {
    let cluster = cluster?;
    let lists = kinds::flux().map(|kind| {
        let cluster = Arc::clone(&cluster);
        async move { (kind, list_once(cluster, kind).await) }
    });
    let (mut rows, mut faults) = (Vec::new(), Vec::new());
    for (kind, found) in futures::future::join_all(lists).await {
        match found? {
            Listed::Rows(more) => rows.extend(more.into_iter().map(|row| (kind, row))),
            Listed::Some(more, fault) => {
                rows.extend(more.into_iter().map(|row| (kind, row)));
                faults.push(fault);
            }
            Listed::Absent if std::ptr::eq(kind, kinds::KUSTOMIZATION) => faults.push(Fault::failed(
                format!("no Flux in {}", cluster.name),
                "the API server does not serve Kustomizations",
                "`flux install` or `flux bootstrap` brings it",
            )),
            Listed::Absent => {}
            Listed::Forbidden(fault) => faults.push(fault),
        }
    }
    Ok((rows, faults))
}

/// Holds the result of listing a kind.
enum Listed {
    /// All rows.
    Rows(Vec<Row>),
    /// The rows of some namespaces, and the fault of the others.
    Some(Vec<Row>, Fault),
    /// The server does not serve the kind.
    Absent,
    /// The server forbids listing the kind.
    Forbidden(Fault),
}

/// Lists a kind once. Unserved kinds have no rows.
pub(super) async fn list(cluster: Arc<Cluster>, kind: &'static Kind) -> Result<Vec<Row>, Fault> {
    match list_once(cluster, kind).await? {
        Listed::Rows(rows) | Listed::Some(rows, _) => Ok(rows),
        Listed::Absent => Ok(Vec::new()),
        Listed::Forbidden(fault) => Err(fault),
    }
}

/// Collects the rows of a kind's watch until it is live.
async fn list_once(cluster: Arc<Cluster>, kind: &'static Kind) -> Result<Listed, Fault> {
    let (sender, mut events) = mpsc::channel(16);
    let clock = Clock::system();
    let server = Arc::clone(&cluster);
    let watching = watch(cluster, kind, WatchScope::default(), sender);
    let collect = async {
        let mut rows = Vec::new();
        while let Some(event) = events.recv().await {
            match event {
                WatchEvent::Rows(more) => rows.extend(more.into_iter().map(|mut row: Row| {
                    row.judge_by_clock(server.server_now(&clock));
                    row
                })),
                // One look needs no watch.
                WatchEvent::Link(Connection::Live | Connection::Polled(_)) => return Ok(Listed::Rows(rows)),
                WatchEvent::Link(Connection::Partial(fault)) => return Ok(Listed::Some(rows, fault)),
                WatchEvent::Link(Connection::Absent) => return Ok(Listed::Absent),
                WatchEvent::Link(Connection::Forbidden(fault)) => return Ok(Listed::Forbidden(fault)),
                WatchEvent::Link(Connection::Unreachable(fault) | Connection::Degraded(fault)) => return Err(fault),
                WatchEvent::Link(_) | WatchEvent::Gone(_) | WatchEvent::Columns(_) => {}
            }
        }
        Ok(Listed::Rows(rows))
    };
    tokio::select! {
        found = collect => found,
        () = watching => Ok(Listed::Absent),
    }
}

/// Writes the objects as a table, and below it what is missing in each environment, and what to do.
fn table(lines: &[Line], warnings: &[String]) -> String {
    let mut rows = Vec::new();
    let mut errors: String = warnings.iter().flat_map(|warning| [warning, "\n"]).collect();
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
            Line::Error { env, fault, .. } => {
                let todo = without_keys(&fault.todo);
                let [what, why, todo] = [&fault.what, &fault.why, &*todo].map(|text| message(text));
                errors.extend([&*field(env), ": ", &*what, "\n  why: ", &*why, "\n  what to do: ", &*todo, "\n"]);
            }
        }
    }
    // A head without a table would look as if nothing was there.
    if rows.is_empty() {
        return if errors.is_empty() {
            "there is no Flux object yet: `flux bootstrap` makes the first\n".to_owned()
        } else {
            errors
        };
    }
    rows.insert(0, ["ENV", "", "OBJECT", "REVISION", "STATE", "MESSAGE"].map(str::to_owned).to_vec());
    columns(&rows) + &errors
}

#[cfg(test)]
mod tests {
    use super::{error, object, table};
    use crate::kinds;
    use crate::model::{Fault, Labels, Row, RowKey, State};

    #[test]
    fn an_environment_without_a_cluster_says_what_is_missing_and_no_empty_table_is_printed() {
        let missing = |env: &str| {
            error(env, &Fault::failed(format!("{env} has no cluster here"), "there is no context", "name the context"))
        };
        let shown = table(&[missing("staging"), missing("production")], &[]);
        let one = |env: &str| {
            format!("{env}: {env} has no cluster here\n  why: there is no context\n  what to do: name the context\n")
        };
        assert_eq!(shown, one("staging") + &one("production"));
        let row = Row {
            key: RowKey { namespace: "flux-system".into(), name: "apps".into() },
            state: State::Ready,
            cells: [].into(),
            message: "Applied revision".into(),
            created: None,
            note: None,
            labels: Labels::default(),
            since: None,
            flux: None,
        };
        let shown = table(
            &[super::Line::Object(Box::new(object("staging", None, kinds::KUSTOMIZATION, row))), missing("production")],
            &[],
        );
        assert!(shown.starts_with("ENV ") && shown.ends_with(&one("production")), "{shown}");
        assert!(table(&[], &[]).starts_with("there is no Flux object yet"));
    }
}
