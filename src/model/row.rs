//! Rows: what a list knows of an object. Never the whole object: 10,000 pods must fit into a few MiB.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::clock::age;
use super::{ObjectRef, State};

/// Identifies a row within one kind of one environment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowKey {
    /// The namespace; empty for cluster scope.
    pub namespace: Box<str>,
    /// The name.
    pub name: Box<str>,
}

/// Holds what a list shows of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Which object.
    pub key: RowKey,
    /// How it fares.
    pub state: State,
    /// The controller's word on it, first line first; empty when there is nothing to say.
    pub message: Box<str>,
    /// When it was created, by the server's clock.
    pub created: Option<Timestamp>,
    /// The cells of its kind's columns, in their order.
    pub cells: Box<[Box<str>]>,
    /// What only Flux objects have.
    pub flux: Option<Box<FluxFacts>>,
}

/// Holds who stopped an object's reconciliation, why and until when, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Suspension {
    /// Why: annotation `fluxdeck.dev/suspend-reason`.
    pub reason: Option<String>,
    /// Who: annotation `fluxdeck.dev/suspend-by`, else the manager of `spec.suspend` in managedFields.
    pub by: Option<String>,
    /// Until when: annotation `fluxdeck.dev/suspend-until`, RFC 3339.
    pub until: Option<String>,
    /// Since when: the time in managedFields.
    pub since: Option<Timestamp>,
}

/// Holds what a Flux object's row says beyond any other's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FluxFacts {
    /// The Ready condition: `None` when there is none or it is Unknown.
    pub ready: Option<bool>,
    /// The Ready condition's reason.
    pub reason: String,
    /// What is applied: lastAppliedRevision, a chart version, an artifact's revision.
    pub revision: String,
    /// What was attempted last, where it differs from `revision`.
    pub attempted: Option<String>,
    /// Who suspended it and why; `None` when it is not suspended.
    pub suspended: Option<Suspension>,
    /// Whether nobody works on what its status says is being worked on.
    pub is_stuck: bool,
    /// Since when it is in this state: the Ready condition's last transition.
    pub since: Option<Timestamp>,
    /// Until when what its controller does now may take by its own word, and for how long in all; `None` where it does not say so.
    pub until: Option<(Timestamp, Duration)>,
    /// When its controller looks again; `None` when suspended, stalled or unknown. The source of the formula: kustomize-controller requeues
    /// after the interval, after retryInterval on failure, after 30 s on a missing dependency.
    pub next: Option<Timestamp>,
    /// spec.interval.
    pub interval: Option<Duration>,
    /// What it waits for: spec.dependsOn, with namespaces filled in.
    pub depends_on: Vec<ObjectRef>,
    /// Where it takes its content from: spec.sourceRef or the chart's source, with the namespace filled in.
    pub source: Option<ObjectRef>,
    /// spec.path of a Kustomization, without a leading `./`.
    pub path: Option<String>,
    /// The Kustomization that applied it, from its labels `kustomize.toolkit.fluxcd.io/{name,namespace}`.
    pub owner: Option<ObjectRef>,
    /// What it applied: the ids of status.inventory (`<namespace>_<name>_<group>_<Kind>`), unparsed.
    pub inventory: Vec<Box<str>>,
}

impl FluxFacts {
    /// After a missing dependency or artifact, controllers look again after this time.
    pub const DEPENDENCY_RETRY: Duration = Duration::from_secs(30);

    /// Returns when its controller looks again after `now`. Where nothing changes, controllers look without writing that they did: `next`
    /// then lies in the past, and the interval is counted on from there.
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
    /// Judges it by the clock: what should have ended long ago is worked on by nobody, whatever its status says. Returns whether that changed it.
    ///
    /// A release may run a second action in the time of the first (a test after an install), which its conditions do not tell apart: only
    /// after twice its timeout, and a minute, is it stuck.
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
