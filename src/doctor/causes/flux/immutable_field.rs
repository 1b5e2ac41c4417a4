//! A change touches a field that cannot be changed.

use super::failure::{after, kustomizations, then_push};
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "immutable-field", title: "A field that cannot be changed was changed", find };

/// A claim of a `StorageClass` without `allowVolumeExpansion` is to grow (Kubernetes 1.34, admission `PersistentVolumeClaimResize`).
const GROWS_NOT: &str = "only dynamically provisioned pvc can be resized";
/// A claim is to shrink.
const SHRINKS: &str = "field can not be less than";

/// The API server says `field is immutable`; CEL rules of custom resources say `… is immutable` (fluxcd/pkg/ssa, `IsImmutableError`).
/// Tells the field of a value that is too long to be told: `spec.template: Invalid value: {…}: field is immutable`.
fn field(said: &str) -> Option<String> {
    let (before, rest) = said.split_once(": Invalid value: ")?;
    let (value, _) = rest.split_once(": field is immutable")?;
    let path = before.rsplit([' ', '[']).next().filter(|path| path.contains('.') && value.len() > 120)?;
    Some(format!("{path} is immutable"))
}

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let said = [
        "field is immutable",
        "is immutable",
        "immutable field",
        "spec: Forbidden: updates to statefulset spec",
        "cannot change roleRef",
        "may not change once set",
        GROWS_NOT,
        SHRINKS,
    ];
    let failed =
        kustomizations(graph).filter(|failure| failure.says_any(&said) && !failure.says("failed calling webhook"));
    let found = failed.map(|failure| {
        let (object, at) = (failure.object(), failure.named());
        let why = after(failure.message(), "dry-run failed");
        let why = why.split_once("): ").map_or(why.as_str(), |(_, why)| why);
        let why = field(failure.message()).unwrap_or_else(|| why.to_owned());
        let message = format!("{} cannot be changed in place: {why}", at.told());
        let found = failure
            .found_at(CAUSE.id, &at, message)
            .look_at(graph.yaml(&at))
            .look_at(graph.shell("flux diff kustomization {} -n {} --path .", &[&object.name, &object.namespace]))
            .documented("https://fluxcd.io/flux/components/kustomize/kustomizations/#force");
        if failure.says(GROWS_NOT) {
            let class = graph.shell("kubectl get storageclasses", &[]);
            let found = found.look_at(class).mended_by(Remedy::change(
                "Take the new size back; or, where the provisioner can, set allowVolumeExpansion: true in the StorageClass; else make a new claim and copy the data. Then push.",
                "the claim has its size, and Ready is True",
            ));
            return then_push(graph, found, object, "Fetch and apply the pushed change.");
        }
        if failure.says(SHRINKS) {
            let found = found.mended_by(Remedy::change(
                "Write the old size again: a claim never shrinks. For a smaller one make a new claim and copy the data. Then push.",
                "Ready is True",
            ));
            return then_push(graph, found, object, "Fetch and apply the pushed change.");
        }
        let found = found.mended_by(Remedy::change(
            "Take the change of that field back; or annotate the object with kustomize.toolkit.fluxcd.io/force: enabled, by which Flux deletes and makes it anew (its pods end, a claim's data goes). Then push.",
            "the object has the new field, and Ready is True",
        ));
        then_push(graph, found, object, "Fetch and apply the pushed change.")
    });
    found.collect()
}
