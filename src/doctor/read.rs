//! Reads what causes ask for from a cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures::stream;
use futures::{FutureExt as _, StreamExt as _};
use jiff::Timestamp;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::conclude::{Conclusion, conclude, find};
use super::diagnosis::Examination;
use super::graph::{ListQuery, LiveGraph, LogQuery, Want};
use super::rounds::{WantReader, rounds};
use crate::check::DeclaredState;
use crate::cluster::{Cluster, Event, EventScope, ListedObjects, mask};
use crate::model::managed_fields::retain_asked;
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

/// Examines an environment: asks every cause, and reads what they need. It only reads. What the repository declares may
/// come while the cluster is read; without it nothing is concluded from that.
///
/// # Errors
/// Fails when the server cannot be reached or does not answer; what it refuses is told in the result.
pub async fn examine(
    cluster: &Cluster,
    context: &str,
    clock: &Clock,
    declared: impl Future<Output = Option<Arc<DeclaredState>>>,
) -> Result<Examination, Fault> {
    let mut graph = LiveGraph::new(&cluster.name, context, cluster.server_now(clock));
    let mut reader = ClusterReader::new(cluster);
    let first = rounds(&mut graph, &mut reader, ROUNDS, find, |_, _| ());
    // Where the server does not answer, nobody waits for the repository.
    let ((), declared) = futures::future::try_join(first, declared.map(Ok)).await?;
    graph.declare(declared);
    reader.begin_anew();
    let Conclusion { roots, symptoms } = rounds(&mut graph, &mut reader, ROUNDS, find, conclude).await?;
    reader.take_left_open(&graph);
    Ok(Examination { roots, unread: reader.unread(), symptoms, at: Some(graph.now) })
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
    let mut graph = LiveGraph::new(&cluster.name, context, cluster.server_now(clock));
    let mut reader = ClusterReader::new(cluster);
    let found = rounds(&mut graph, &mut reader, ROUNDS, |_| (), |graph, ()| ask(graph)).await?;
    reader.take_left_open(&graph);
    Ok(Gathered { found, unread: reader.unread(), at: graph.now })
}

/// Reads from a cluster, side by side, for so long and so often.
struct ClusterReader<'a> {
    cluster: &'a Cluster,
    /// What is not read, each with the reason.
    unread: BTreeSet<(String, String)>,
    requests: usize,
    end: Instant,
}

impl<'a> ClusterReader<'a> {
    fn new(cluster: &'a Cluster) -> Self {
        Self { cluster, unread: BTreeSet::new(), requests: 0, end: Instant::now() + PATIENCE }
    }

    /// Grants it its time again, after something else was waited for.
    fn begin_anew(&mut self) {
        self.end = Instant::now() + PATIENCE;
    }

    /// Tells what is not read; what has one reason is one line.
    fn unread(self) -> Vec<String> {
        let mut by_reason: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (what, why) in self.unread {
            by_reason.entry(why).or_default().push(what);
        }
        let line = |(why, all): (String, Vec<String>)| {
            let what = all.join(", ");
            if why.is_empty() { what } else { format!("{what}: {why}") }
        };
        let mut lines: Vec<String> = by_reason.into_iter().map(line).collect();
        lines.sort();
        lines
    }

    /// Takes what causes did not look at, because it was too much.
    fn take_left_open(&mut self, graph: &LiveGraph) {
        self.unread.extend(graph.take_left_open().into_iter().map(|what| (what, String::new())));
    }

    fn room(&self) -> usize {
        MOST_REQUESTS.saturating_sub(self.requests)
    }

    fn is_late(&self) -> bool {
        Instant::now() >= self.end
    }
}

impl WantReader for ClusterReader<'_> {
    async fn read(&mut self, graph: &mut LiveGraph, wanted: BTreeSet<Want>) -> Result<(), Fault> {
        let (cluster, room) = (self.cluster, self.room());
        self.requests = self.requests.saturating_add(wanted.len());
        let reads = wanted.into_iter().take(room).map(|want| async move {
            let answer = read(cluster, &want).await;
            (want, answer)
        });
        let mut answers = stream::iter(reads).buffer_unordered(AT_ONCE);
        // One API that hangs says nothing of the others; where none answers, the server is away.
        let (mut is_answered, mut silent) = (false, None);
        while let Ok(Some((want, answer))) = timeout_at(self.end, answers.next()).await {
            match answer {
                Ok(answer) => {
                    is_answered = true;
                    self.unread.extend(answer.left_out().map(|left_out| (left_out, String::new())));
                    add(graph, answer);
                }
                Err(fault) => {
                    note(&mut self.unread, &want, &fault);
                    if fault.kind == FaultKind::Unreachable {
                        silent = Some(fault);
                    } else {
                        is_answered = true;
                    }
                    match want {
                        Want::List(query) => graph.refuse_list(query, true),
                        other => graph.refuse(other),
                    }
                }
            }
        }
        silent.filter(|_| !is_answered).map_or(Ok(()), Err)
    }

    fn has_room(&self) -> bool {
        self.room() > 0 && !self.is_late()
    }

    fn left_open(&mut self, count: usize) {
        let why = if self.is_late() { "the server answers too slowly" } else { "too much is wrong at once" };
        if count > 0 {
            self.unread.insert((format!("{count} objects, events and logs"), format!("{why} to read all of it")));
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
fn note(unread: &mut BTreeSet<(String, String)>, want: &Want, fault: &Fault) {
    match want {
        Want::List(_) | Want::Object(_) | Want::Events(_) => {
            unread.insert((fault.what.clone(), fault.why.clone()));
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

/// Masks a Secret, and reduces managedFields to what causes ask of them.
pub(super) fn prepared(group: &str, kind: &str, mut value: Value) -> Value {
    mask::answer(&ObjectRef::new(kind, group, "", ""), &mut value);
    retain_asked(&mut value);
    value
}
