//! What is no longer in Git cannot be removed.

use super::failure::{after, failed_for, then_reconcile};
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause = Cause { id: "prune-failed", title: "An object cannot be removed", find };

/// fluxcd/pkg/ssa 0.61 says `delete failed, errors: Kind/ns/n delete failed: CAUSE;`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let failed = failed_for(graph, "PruneFailed").filter(|failure| !failure.says("failed calling webhook"));
    let found = failed.map(|failure| {
        let (object, at) = (failure.object(), failure.named());
        let why = after(failure.message(), " delete failed: ");
        let message = format!(
            "{} cannot remove {}, which is no longer in Git: {}",
            object.told(),
            at.told(),
            why.trim_end_matches(';')
        );
        let remedy = if failure.says("is forbidden") || failure.says("cannot delete") {
            Remedy::change(
                "Allow the service account of the Kustomization to delete it, and push.",
                "the object goes, and Ready is True",
            )
        } else {
            let namespace = if at.namespace.is_empty() { "default" } else { &at.namespace };
            let kind = at.whole_kind().to_lowercase();
            let line = graph.shell("kubectl delete {} {} -n {}", &[&kind, &at.name, namespace]);
            Remedy::new(
                line,
                "It shows what refuses the deletion; with the reason gone, Flux removes it itself.",
                "Ready True",
            )
            .by("delete", &at)
        };
        let found = failure
            .found(CAUSE.id, message)
            .look_at(graph.describe(&at))
            .mended_by(remedy)
            .documented("https://fluxcd.io/flux/components/kustomize/kustomizations/#prune");
        then_reconcile(graph, found, object)
    });
    found.collect()
}
