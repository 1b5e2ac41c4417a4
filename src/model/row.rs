//! Rows: the data of an object in a list. Never the whole object: 10,000 pods must fit into a few MiB.

use std::borrow::Cow;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::clock::age;
use super::{Labels, ObjectRef, State};

/// Identifies a row within one kind of one environment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowKey {
    /// The namespace; empty for cluster scope.
    pub namespace: Box<str>,
    /// The name.
    pub name: Box<str>,
}

/// Holds the data of an object in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The object's key.
    pub key: RowKey,
    /// The object's state.
    pub state: State,
    /// The controller's message, first line first; empty if there is none.
    pub message: Box<str>,
    /// The creation time, by the server's clock.
    pub created: Option<Timestamp>,
    /// The cells of its kind's columns, in their order.
    pub cells: Box<[Box<str>]>,
    /// The note behind a cell, if there is more to report.
    pub note: Option<Box<CellNote>>,
    /// Its labels.
    pub labels: Labels,
    /// Since when it is not ready, where its object says so.
    pub since: Option<Timestamp>,
    /// The data that only Flux objects have.
    pub flux: Option<Box<FluxFacts>>,
}

/// Holds a note behind a cell in parentheses, such as how a container ended that does not start again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellNote {
    /// The cell's column.
    pub column: usize,
    /// The text.
    pub words: Box<str>,
    /// The time of the event, by the server's clock.
    pub at: Option<Timestamp>,
}

/// Holds who suspended an object's reconciliation, why and until when, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Suspension {
    /// The reason: annotation `fluxdeck.dev/suspend-reason`.
    pub reason: Option<String>,
    /// The user: annotation `fluxdeck.dev/suspend-by`, else the manager of `spec.suspend` in managedFields.
    pub by: Option<String>,
    /// The end: annotation `fluxdeck.dev/suspend-until`, RFC 3339.
    pub until: Option<String>,
    /// The begin: the time in managedFields.
    pub since: Option<Timestamp>,
}

/// Holds the additional data of a Flux object's row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FluxFacts {
    /// The Ready condition: `None` if there is none or it is Unknown.
    pub ready: Option<bool>,
    /// The Ready condition's reason.
    pub reason: String,
    /// The applied revision: lastAppliedRevision, a chart version, an artifact's revision.
    pub revision: String,
    /// The last attempted revision, if it differs from `revision`.
    pub attempted: Option<String>,
    /// The suspension; `None` if it is not suspended.
    pub suspended: Option<Suspension>,
    /// Whether its status reports work that no controller does any more.
    pub is_stuck: bool,
    /// Why its controller tries no more, in one word: the reason of the condition Stalled where that is True.
    pub stalled: Option<String>,
    /// Whether its controller waits until what it applied is healthy: the condition Healthy is Unknown meanwhile.
    pub is_checking: bool,
    /// When a source made the artifact that it has: what it fetched last that was new.
    pub fetched: Option<Timestamp>,
    /// The begin of this state: the Ready condition's last transition.
    pub since: Option<Timestamp>,
    /// The deadline of the controller's present action by its own settings, and the whole timeout; `None` if there is
    /// none.
    pub until: Option<(Timestamp, Duration)>,
    /// The next reconciliation; `None` if suspended, stalled or unknown. The source of the formula:
    /// kustomize-controller requeues after the interval, after retryInterval on failure, after 30 s on a missing
    /// dependency.
    pub next: Option<Timestamp>,
    /// spec.interval.
    pub interval: Option<Duration>,
    /// The objects that it waits for: spec.dependsOn, with namespaces filled in.
    pub depends_on: Vec<ObjectRef>,
    /// The source of its content: spec.sourceRef or the chart's source, with the namespace filled in.
    pub source: Option<ObjectRef>,
    /// spec.path of a Kustomization, without a leading `./`.
    pub path: Option<String>,
    /// The Kustomization that applied it, from its labels `kustomize.toolkit.fluxcd.io/{name,namespace}`.
    pub owner: Option<ObjectRef>,
    /// The applied objects: the ids of status.inventory (`<namespace>_<name>_<group>_<Kind>`), unparsed.
    pub inventory: Vec<Box<str>>,
}

impl FluxFacts {
    /// The time after which controllers requeue on a missing dependency or artifact.
    pub const DEPENDENCY_RETRY: Duration = Duration::from_secs(30);

    /// Returns the next reconciliation after `now`. Without a change, controllers reconcile without writing it into the
    /// status: `next` is then in the past, and the interval counts on from there.
    pub fn next_after(&self, now: Timestamp) -> Option<Timestamp> {
        let next = self.next?;
        let waits = self.reason == "DependencyNotReady";
        let interval = if waits { Self::DEPENDENCY_RETRY } else { self.interval? };
        let late = now.duration_since(next).as_secs();
        let interval = i64::try_from(interval.as_secs()).ok().filter(|seconds| *seconds > 0)?;
        if late < 0 {
            return Some(next);
        }
        next.checked_add(jiff::SignedDuration::from_secs((late / interval + 1) * interval)).ok()
    }
}

impl Row {
    /// Returns a cell with its note: `CrashLoopBackOff (exit 137, OOMKilled, 3m ago)`.
    pub fn cell(&self, column: usize, now: Timestamp) -> Cow<'_, str> {
        let cell = self.cells.get(column).map_or("", |cell| &**cell);
        let Some(note) = self.note.as_ref().filter(|note| note.column == column) else { return cell.into() };
        let ago = note.at.map(|at| format!("{} ago", age(now, at)));
        let said = Some(note.words.to_string()).filter(|words| !words.is_empty());
        let parts: Vec<String> = said.into_iter().chain(ago).collect();
        if parts.is_empty() { cell.into() } else { format!("{cell} ({})", parts.join(", ")).into() }
    }

    /// Judges it by the clock: an action that should have ended long ago is dead, whatever the status. Returns whether
    /// that changed the row.
    ///
    /// A release may run a second action in the time of the first (a test after an install), which its conditions do
    /// not distinguish: it is stuck only after twice its timeout, and a minute.
    pub fn judge_by_clock(&mut self, now: Timestamp) -> bool {
        let Some(flux) = self.flux.as_mut() else { return false };
        let Some((until, limit)) = flux.until else { return false };
        let grace =
            SignedDuration::try_from(limit).unwrap_or(SignedDuration::MAX).saturating_add(SignedDuration::from_mins(1));
        if self.state != State::Progressing || now.duration_since(until) <= grace {
            return false;
        }
        flux.is_stuck = true;
        self.state = State::Failed;
        let says = self.message.lines().next().unwrap_or_default();
        self.message =
            format!("stuck: no controller works on it; its time was over {} ago ({says})", age(now, until)).into();
        true
    }
}

#[cfg(test)]
mod tests {
    use super::FluxFacts;
    use jiff::Timestamp;
    use std::time::Duration;

    #[test]
    fn intervals_are_counted_on_where_nothing_was_written() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let mut facts = FluxFacts {
            next: Some(at("2026-11-22T10:01:00Z")),
            interval: Some(Duration::from_mins(1)),
            ..FluxFacts::default()
        };
        assert_eq!(facts.next_after(at("2026-11-22T10:00:30Z")), facts.next);
        assert_eq!(facts.next_after(at("2026-11-22T10:03:10Z")), Some(at("2026-11-22T10:04:00Z")));
        facts.reason = "DependencyNotReady".to_owned();
        assert_eq!(facts.next_after(at("2026-11-22T10:03:10Z")), Some(at("2026-11-22T10:03:30Z")));
    }
}
