//! A claim names a `StorageClass` that is not there.

use super::claims::{self, Unbound};
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};
use crate::model::ObjectRef;

pub(super) const CAUSE: Cause =
    Cause { id: "storage-class-missing", title: "A claim names a StorageClass that is not there", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = claims::waiting(graph, Unbound::ClassMissing);
    let found = all.iter().map(|one| {
        let names: Vec<&str> = graph.all("storage.k8s.io", "StorageClass").map(|class| class.object.name.as_str()).take(5).collect();
        let there = if names.is_empty() { "the cluster has none".to_owned() } else { format!("there are {}", names.join(", ")) };
        let message = format!("StorageClass {} of {} is missing; {there}", one.class, one.claim.object.told());
        one.diagnosis(graph, CAUSE.id, message)
            .lacking(&ObjectRef::new("StorageClass", "storage.k8s.io", "", one.class))
            .seen_all([one.claim.field_evidence("spec.storageClassName", one.class)])
            .look_at(graph.shell("kubectl get storageclasses", &[]))
            .mended_by(Remedy::change(
                format!("Declare StorageClass {}, or name another in the claim; a claim's class cannot be changed, so it is deleted and made anew.", one.class),
                "the claim is Bound",
            ))
            .documented("https://kubernetes.io/docs/concepts/storage/storage-classes/")
    });
    found.collect()
}
