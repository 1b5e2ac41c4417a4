//! Reads what causes ask for, round by round.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream;
use jiff::Timestamp;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::conclude::{Conclusion, conclude, find};
use super::diagnosis::Examination;
use super::graph::{ListQuery, LiveGraph, LogQuery, Want};
use crate::cluster::{Cluster, Event, EventScope, ListedObjects, mask};
use crate::kinds;
use crate::model::{Clock, Fault, FaultKind, ObjectRef};

/// The most rounds: from a Kustomization down to the log of a container are six.
const ROUNDS: usize = 10;

/// The most requests of one examination; a cluster where more is wrong is told in part.
const MOST_REQUESTS: usize = 1000;

/// The number of requests that are under way together.
const AT_ONCE: usize = 16;

/// The lines of a log that are read.
const LOG_LINES: u32 = 12;

/// How long an examination reads; what is not answered by then is left out.
const PATIENCE: Duration = Duration::from_secs(30);

/// The most objects of a list that was chosen by labels or fields: where a thousand pods fail, five hundred tell why.
const MOST_CHOSEN: usize = 500;

/// The most objects of a whole kind. A kind with more counts as refused, because an absence would not be known.
const MOST_OF_KIND: usize = 20_000;

/// Holds the answer to one request.
enum Answer {
    List(ListQuery, Option<ListedObjects>),
    Object(ObjectRef, Option<Value>),
    Events(ObjectRef, Vec<Event>),
    Log(LogQuery, Vec<String>),
}

/// Examines an environment: asks every cause, and reads what they need. It only reads.
///
/// # Errors
/// Fails when the server cannot be reached or does not answer; what it refuses is told in the result.
pub async fn examine(cluster: &Cluster, context: &str, clock: &Clock) -> Result<Examination, Fault> {
    let gathered = rounds(cluster, context, clock, find, conclude).await?;
    let Conclusion { roots, symptoms } = gathered.found;
    Ok(Examination { roots, unread: gathered.unread, symptoms, at: Some(gathered.at) })
}

/// Holds what a function found in an environment, once everything that it asked for was read.
#[derive(Debug)]
pub struct Gathered<T> {
    /// The function's result.
    pub found: T,
    /// What could not be read, each with the reason.
    pub unread: Vec<String>,
    /// The time, by the server's clock.
    pub at: Timestamp,
}

/// Asks a pure function about an environment, reads what it needs, and asks it again, until nothing is missing. It only
/// reads.
///
/// # Errors
/// Fails when the server cannot be reached or does not answer; what it refuses is told in the result.
pub async fn gather<T>(
    cluster: &Cluster,
    context: &str,
    clock: &Clock,
    ask: impl Fn(&LiveGraph) -> T,
) -> Result<Gathered<T>, Fault> {
    rounds(cluster, context, clock, |_| (), |graph, ()| ask(graph)).await
}

/// Reads what `look` needs, round by round, then what `join` needs to join it.
async fn rounds<F: Clone, T>(
    cluster: &Cluster,
    context: &str,
    clock: &Clock,
    look: impl Fn(&LiveGraph) -> F,
    join: impl Fn(&LiveGraph, F) -> T,
) -> Result<Gathered<T>, Fault> {
    let mut graph = LiveGraph::new(&cluster.name, context, cluster.server_now(clock));
    let mut unread = BTreeSet::new();
    let mut requests = 0_usize;
    let end = Instant::now() + PATIENCE;
    let mut round = 0_usize;
    loop {
        let found = look(&graph);
        let mut wanted = graph.take_wanted();
        let mut joined = None;
        if wanted.is_empty() {
            joined = Some(join(&graph, found.clone()));
            wanted = graph.take_wanted();
        }
        let room = MOST_REQUESTS.saturating_sub(requests);
        let is_late = Instant::now() >= end;
        if wanted.is_empty() || room == 0 || round == ROUNDS || is_late {
            let why = if is_late { "the server answers too slowly" } else { "too much is wrong at once" };
            if let open @ 1.. = wanted.len() {
                unread.insert(format!("{open} objects, events and logs: {why} to read all of it"));
            }
            let found = joined.unwrap_or_else(|| join(&graph, found));
            return Ok(Gathered { found, unread: unread.into_iter().collect(), at: graph.now });
        }
        round += 1;
        requests = requests.saturating_add(wanted.len());
        let reads = wanted.into_iter().take(room).map(|want| async move {
            let answer = read(cluster, &want).await;
            (want, answer)
        });
        let mut answers = stream::iter(reads).buffer_unordered(AT_ONCE);
        while let Ok(Some((want, answer))) = timeout_at(end, answers.next()).await {
            match answer {
                Ok(answer) => {
                    unread.extend(answer.left_out());
                    add(&mut graph, answer);
                }
                Err(fault) if fault.kind == FaultKind::Unreachable => return Err(fault),
                Err(fault) => {
                    note(&mut unread, &want, &fault);
                    match want {
                        Want::List(query) => graph.refuse_list(query, true),
                        other => graph.refuse(other),
                    }
                }
            }
        }
    }
}

impl Answer {
    /// Tells what a list left out.
    fn left_out(&self) -> Option<String> {
        let Self::List(query, Some(found)) = self else { return None };
        let (kind, count) = (&query.kind, found.objects.len());
        let chosen = [&query.namespace, &query.labels, &query.fields].map(String::as_str);
        let chosen: Vec<&str> = chosen.into_iter().filter(|part| !part.is_empty()).collect();
        (!found.is_whole).then(|| match chosen.as_slice() {
            [] => format!("{kind}: there are more than {count}, and nothing is concluded from them"),
            chosen => format!("{kind} with {}: only the first {count} are read", chosen.join(" ")),
        })
    }
}

/// Notes what could not be read; a log that is not there any more is no news.
fn note(unread: &mut BTreeSet<String>, want: &Want, fault: &Fault) {
    match want {
        Want::List(_) | Want::Object(_) | Want::Events(_) => {
            unread.insert(format!("{}: {}", fault.what, fault.why));
        }
        Want::Log(_) => {}
    }
}

fn add(graph: &mut LiveGraph, answer: Answer) {
    match answer {
        Answer::List(query, Some(found)) if query.is_whole_kind() && !found.is_whole => graph.refuse_list(query, true),
        Answer::List(query, Some(found)) => graph.add_list(query, found.objects),
        Answer::List(query, None) => graph.refuse_list(query, false),
        Answer::Object(object, value) => graph.add_object(object, value),
        Answer::Events(object, events) => graph.add_events(object, events),
        Answer::Log(query, lines) => graph.add_log(query, lines),
    }
}

async fn read(cluster: &Cluster, want: &Want) -> Result<Answer, Fault> {
    match want {
        Want::List(query) => {
            let ListQuery { group, kind, namespace, labels, fields } = query;
            let most = if query.is_whole_kind() { MOST_OF_KIND } else { MOST_CHOSEN };
            let prepare = |value: Value| prepared(group, kind, value);
            let found = cluster.listed_up_to(most, group, kind, [namespace, labels, fields], prepare).await?;
            Ok(Answer::List(query.clone(), found))
        }
        Want::Object(object) => {
            let found = cluster.looked_up(object).await?;
            Ok(Answer::Object(object.clone(), found.map(|value| prepared(&object.group, &object.kind, value))))
        }
        Want::Events(object) => {
            let events = cluster.events(&EventScope::Object(object.clone())).await?;
            Ok(Answer::Events(object.clone(), events))
        }
        Want::Log(query) => {
            let lines = cluster.last_lines(&query.pod, &query.container, query.previous, LOG_LINES).await?;
            Ok(Answer::Log(query.clone(), lines))
        }
    }
}

/// Masks a Secret, and drops managedFields where no kind reads them: of many objects they are the larger half.
fn prepared(group: &str, kind: &str, mut value: Value) -> Value {
    let object = ObjectRef::new(kind, group, "", "");
    mask::answer(&object, &mut value);
    let needs_managers = kinds::kind_of(&object).is_some_and(|kind| kind.flux);
    if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut).filter(|_| !needs_managers) {
        metadata.shift_remove("managedFields");
    }
    value
}
