//! A claim waits for a volume that is made by hand.

use super::claims::{self, Unbound};
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause = Cause { id: "claim-no-volume", title: "No PersistentVolume fits a claim", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = claims::waiting(graph, Unbound::NoVolume);
    let found = all.iter().map(|one| {
        let claim = one.claim;
        let wanted = match claim.text("/spec/volumeName") {
            "" => format!("no PersistentVolume that was made by hand fits ({}, {})", claim.text("/spec/resources/requests/storage"), modes(&claim)),
            name => format!("PersistentVolume {name} is missing, or is bound to another claim"),
        };
        one.diagnosis(graph, CAUSE.id, format!("{} waits: {wanted}", claim.object.told()))
            .unless_deeper()
            .look_at(graph.shell("kubectl get persistentvolumes", &[]))
            .mended_by(Remedy::change(
                "Declare a PersistentVolume with the same storageClassName, enough capacity and the access modes of the claim; one that is Released is freed by taking its claimRef away.",
                "the claim is Bound",
            ))
            .documented("https://kubernetes.io/docs/concepts/storage/persistent-volumes/#binding")
    });
    found.collect()
}

fn modes(claim: &crate::doctor::LiveObject<'_>) -> String {
    claim.items("/spec/accessModes").iter().filter_map(serde_json::Value::as_str).collect::<Vec<_>>().join(", ")
}
