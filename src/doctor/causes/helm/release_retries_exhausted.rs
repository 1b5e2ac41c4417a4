//! helm-controller has given a release up.

use super::failure::FailedRelease;
use super::{MANUAL, unwell};
use crate::doctor::Cause;
use crate::doctor::message::short;
use crate::doctor::{Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::model::Condition;

pub(super) const CAUSE: Cause = Cause { id: "release-retries-exhausted", title: "A release has no retries left", find };

/// helm-controller 1.4 to 1.6: Stalled, `RetriesExceeded`, `Failed to upgrade after 2 attempt(s)`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let stalled = unwell(graph).filter_map(|live| {
        Some((live, live.present_condition("Stalled", "True").filter(|stalled| stalled.reason == "RetriesExceeded")?))
    });
    stalled.map(|(live, stalled)| diagnosis(graph, live, &stalled)).collect()
}

fn diagnosis(graph: &LiveGraph, live: LiveObject<'_>, stalled: &Condition) -> Diagnosis {
    let object = live.object;
    let failure = FailedRelease::of(live);
    let last = match &failure {
        Some(failure) => format!("; the last error: {}", failure.words()),
        None => live.condition("Ready").map(|ready| format!("; {}", short(&ready.message))).unwrap_or_default(),
    };
    let message = format!("{} is given up: {}{last}", object.told(), short(&stalled.message));
    Diagnosis::new(CAUSE.id, object, message)
        .unless_other()
        .seen_all([live.condition_evidence(stalled)])
        .seen_all(failure.map(|failure| failure.evidence()).unwrap_or_default())
        .look_at(graph.describe(object))
        .mended_by(reset(graph, &live))
        .mended_by(
            Remedy::new(
                graph.shell("flux reconcile helmrelease {} -n {} --force", &[&object.name, &object.namespace]),
                "Or this, for a single attempt now: the counts stay, so that a failure leaves it given up as before.",
                "Stalled gone, then Ready True",
            )
            .by("reconcile-force", object),
        )
        .documented(&format!("{MANUAL}#resetting-remediation-retries"))
}

/// Lets a release try again.
pub(super) fn reset(graph: &LiveGraph, live: &LiveObject<'_>) -> Remedy {
    let object = live.object;
    Remedy::new(
        graph.shell("flux reconcile helmrelease {} -n {} --reset", &[&object.name, &object.namespace]),
        "helm-controller does not try again by itself, and a plain reconcile does not change that. This sets its counts of failures to zero, so that it tries as often as the policy says. A change of the chart, the values or the spec does the same: then it is not needed.",
        "Stalled gone, then Ready True",
    )
    .by("reconcile-reset", object)
}
