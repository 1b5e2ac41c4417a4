//! A release is to replace its objects by force while Helm applies them on the server.

use super::failure::{WhyFailed, failures};
use super::{again, with};
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "release-force-replace", title: "upgrade.force and server-side apply exclude each other", find };

/// helm 4 (helm-controller 1.5, Flux 2.8) says `invalid operation: cannot use force conflicts and force replace together`:
/// it applies on the server by default, and `spec.upgrade.force` replaces (fluxcd/helm-controller, issue 1453).
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let found = failures(graph, WhyFailed::ForceReplace).map(|failure| {
        let why = "spec.upgrade.force replaces objects, and Helm 4 applies them on the server: both at once it cannot";
        let found = failure
            .diagnosis(graph, CAUSE.id, why)
            .seen_all([failure.live.field_evidence("spec.upgrade.force", "true")])
            .documented("https://fluxcd.io/flux/components/helm/helmreleases/#upgrade-configuration");
        let found = found.mended_by(Remedy::change(
            "Take force: true out of spec.upgrade (and spec.rollback), or set serverSideApply: disabled beside it, and push.",
            "Ready True",
        ));
        with(found, again(graph, failure.live.object))
    });
    found.collect()
}
