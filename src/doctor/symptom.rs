//! What is not well: the objects whose failure has to be explained.

use jiff::Timestamp;

use super::graph::LiveGraph;
use crate::kinds;
use crate::model::{Kind, ObjectRef, Row, State};

/// Names an object that is not well, with what its controller says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Symptom {
    pub(super) object: ObjectRef,
    pub(super) state: State,
    pub(super) message: String,
    pub(super) since: Option<Timestamp>,
    /// Whether it says itself that it only waits for another object.
    pub(super) waits: bool,
}

impl Symptom {
    /// Tells whether it needs a cause; what still progresses may become ready by itself.
    pub(super) fn needs_cause(&self) -> bool {
        matches!(self.state, State::Failed | State::Waiting)
    }
}

/// Finds what is not well: Flux's objects, workloads and nodes.
pub(super) fn symptoms(graph: &LiveGraph) -> Vec<Symptom> {
    let judged = kinds::flux().chain(kinds::WORKLOADS.iter().copied()).chain([kinds::NODE]);
    judged.flat_map(|kind| of_kind(graph, kind)).collect()
}

fn of_kind<'a>(graph: &'a LiveGraph, kind: &'static Kind) -> impl Iterator<Item = Symptom> + 'a {
    graph.all(kind.group, kind.kind).filter_map(|live| {
        let row = graph.row(live.object)?;
        let is_well = match row.state {
            State::Ready | State::Suspended => true,
            // An object without a status was created a moment ago, unless nobody ever looks at it.
            State::Unknown => !kind.flux || is_young(graph.now, row.created),
            State::Progressing | State::Failed | State::Waiting => false,
        };
        let reason = row.flux.as_ref().map_or("", |flux| flux.reason.as_str());
        let lacks_artifact = reason == "ArtifactFailed" && row.message.contains("rtifact not found");
        (!is_well).then(|| Symptom {
            object: live.object.clone(),
            waits: lacks_artifact || ["DependencyNotReady", "SourceNotReady"].contains(&reason),
            state: match row.state {
                State::Unknown => State::Waiting,
                State::Waiting if is_looked_at_soon(graph, row) => State::Progressing,
                state => state,
            },
            message: row.message.to_string(),
            since: row.flux.as_ref().and_then(|flux| flux.since).or(row.since),
        })
    })
}

/// Tells whether everything that an object waits for is ready: its controller sees so at its next look, within 30 s.
fn is_looked_at_soon(graph: &LiveGraph, row: &Row) -> bool {
    let Some(flux) = row.flux.as_ref().filter(|flux| !flux.depends_on.is_empty()) else { return false };
    let ready = |on: &ObjectRef| graph.row(on).filter(|row| row.state == State::Ready)?.flux.as_ref()?.since;
    let Some(ready) = flux.depends_on.iter().map(ready).collect::<Option<Vec<_>>>() else { return false };
    let newest = ready.into_iter().chain(flux.since).max();
    // A dependency applies a new revision of the common source first.
    row.message.ends_with("revision is not up to date")
        || newest.is_some_and(|newest| graph.now.duration_since(newest).as_mins() < 5)
}

/// Tells whether something was created within the last two minutes, so that its controller may not have seen it yet.
pub(super) fn is_young(now: Timestamp, created: Option<Timestamp>) -> bool {
    created.is_some_and(|created| now.duration_since(created).as_secs() < 120)
}
