//! The volume of a bound claim is gone.

use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause = Cause { id: "claim-lost", title: "The volume of a bound claim is gone", find };

/// The volume controller sets phase Lost, with `Bound claim has lost its PersistentVolume. Data on the volume is lost!`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let lost = graph.all("", "PersistentVolumeClaim").filter(|claim| claim.text("/status/phase") == "Lost");
    let found = lost.map(|claim| {
        let (object, volume) = (claim.object, claim.text("/spec/volumeName"));
        let message = format!("{} lost its volume: PersistentVolume {volume} is gone, or is bound to another claim", object.told());
        let mut found = Diagnosis::new(CAUSE.id, object, message)
            .seen_all([claim.field_evidence("status.phase", "Lost"), claim.field_evidence("spec.volumeName", volume)]);
        if let Some(event) = graph.event(object, &["ClaimLost", "ClaimMisbound"]) {
            found = found.seen(event.message.trim(), event.at, format!("event {} of {}", event.reason, object.told()));
        }
        found
            .look_at(graph.shell("kubectl get persistentvolume {}", &[volume]))
            .look_at(graph.describe(object))
            .mended_by(Remedy::change(
                "If the data still is in the storage, declare the PersistentVolume anew with the same name and this claim as its claimRef.",
                "the claim is Bound",
            ))
            .mended_by(
                Remedy::new(
                    graph.shell("kubectl delete pvc {} -n {}", &[&object.name, &object.namespace]),
                    "Only where the data is not needed or comes from a backup: a new claim gets a new, empty volume.",
                    "the claim that replaces it is Bound",
                )
                .by("delete", object),
            )
            .documented("https://kubernetes.io/docs/concepts/storage/persistent-volumes/")
    });
    found.collect()
}
