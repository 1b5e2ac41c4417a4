//! A failed release should be rolled back, and there is nothing to go back to.

use super::failure::FailedRelease;
use super::release_retries_exhausted::reset;
use super::{MANUAL, helm, unwell};
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "release-rollback-target-missing", title: "There is no revision to roll a release back to", find };

/// helm-controller 1.4 to 1.6: Stalled, `MissingRollbackTarget`, `Failed to perform remediation: missing target release for
/// rollback: cannot remediate failed release`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let stalled = unwell(graph).filter_map(|live| {
        Some((
            live,
            live.present_condition("Stalled", "True").filter(|stalled| stalled.reason == "MissingRollbackTarget")?,
        ))
    });
    let found = stalled.map(|(live, stalled)| {
        let object = live.object;
        let failure = FailedRelease::of(live);
        let last = failure.as_ref().map(|failure| format!("; the upgrade's error: {}", failure.words())).unwrap_or_default();
        let name = failure.as_ref().map_or(object.name.as_str(), |failure| failure.release.as_str());
        let message = format!(
            "{} has no earlier revision that worked, so its failed upgrade could not be rolled back{last}",
            object.told()
        );
        let namespace = match live.text("/status/storageNamespace") {
            "" => &object.namespace,
            namespace => namespace,
        };
        Diagnosis::new(CAUSE.id, object, message)
            .unless_other()
            .seen_all([live.condition_evidence(&stalled)])
            .seen_all(failure.as_ref().map(FailedRelease::evidence).unwrap_or_default())
            .look_at(helm(graph, "helm history {} -n {}", &[name, namespace]))
            .mended_by(reset(graph, &live))
            .mended_by(
                Remedy::new(
                    graph.shell("flux reconcile helmrelease {} -n {} --force", &[&object.name, &object.namespace]),
                    "Or this, for a single attempt now: there is nothing to roll back to, so going forward is the only way.",
                    "Ready True, UpgradeSucceeded",
                )
                .by("reconcile-force", object),
            )
            .documented(&format!("{MANUAL}#upgrade-remediation"))
    });
    found.collect()
}
