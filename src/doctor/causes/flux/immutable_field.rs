//! A change touches a field that cannot be changed.

use super::failure::{after, kustomizations, then_push};
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "immutable-field", title: "A field that cannot be changed was changed", find };

/// The API server says `field is immutable`; CEL rules of custom resources say `… is immutable` (fluxcd/pkg/ssa, `IsImmutableError`).
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let said =
        ["field is immutable", "is immutable", "immutable field", "spec: Forbidden: updates to statefulset spec"];
    let failed =
        kustomizations(graph).filter(|failure| failure.says_any(&said) && !failure.says("failed calling webhook"));
    let found = failed.map(|failure| {
        let (object, at) = (failure.object(), failure.named());
        let why = after(failure.message(), "dry-run failed");
        let why = why.split_once("): ").map_or(why.as_str(), |(_, why)| why);
        let message = format!("{} cannot be changed in place: {why}", at.told());
        let found = failure
            .found_at(CAUSE.id, &at, message)
            .look_at(graph.yaml(&at))
            .look_at(graph.shell("flux diff kustomization {} -n {} --path .", &[&object.name, &object.namespace]))
            .documented("https://fluxcd.io/flux/components/kustomize/kustomizations/#force");
        let found = found.mended_by(Remedy::change(
            "Take the change of that field back; or annotate the object with kustomize.toolkit.fluxcd.io/force: enabled, by which Flux deletes and makes it anew (its pods end, a claim's data goes). Then push.",
            "the object has the new field, and Ready is True",
        ));
        then_push(graph, found, object, "Fetch and apply the pushed change.")
    });
    found.collect()
}
