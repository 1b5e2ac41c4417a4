//! The provisioner cannot make the volume of a claim.

use super::claims::{self, Unbound};
use crate::doctor::message::short;
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "claim-provisioning-failed", title: "The volume of a claim cannot be made", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = claims::waiting(graph, Unbound::Failing);
    let found = all.iter().map(|one| {
        let why = one.said().rsplit_once("desc = ").map_or(one.said(), |(_, why)| why);
        let message =
            format!("The volume of {} cannot be made by {}: {}", one.claim.object.told(), one.provisioner, short(why));
        one.diagnosis(graph, CAUSE.id, message)
            .look_at(graph.shell("kubectl describe storageclass {}", &[one.class]))
            .mended_by(Remedy::change(
                "Mend what the provisioner complains of: room, parameters of the StorageClass, its credentials. It tries again by itself.",
                "the claim is Bound",
            ))
            .documented("https://kubernetes.io/docs/concepts/storage/dynamic-provisioning/")
    });
    found.collect()
}
