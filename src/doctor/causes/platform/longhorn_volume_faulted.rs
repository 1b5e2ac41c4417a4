//! A Longhorn volume has no healthy replica.

use super::{names_of, storage};
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "longhorn-volume-faulted", title: "A Longhorn volume has no healthy replica", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let mut found = Vec::new();
    for volume in storage::volumes(graph).filter(|volume| storage::is(volume, "faulted")) {
        let is_new = !graph.is_past(volume.created(), 120);
        // A volume that is restored or never found a place has no data to lose yet.
        if is_new || storage::unscheduled(&volume).is_some() || storage::is_lost_with_nodes(graph, &volume) {
            continue;
        }
        let replicas = storage::replicas(graph, &volume);
        let at = replicas.iter().filter_map(|one| one.failed).max();
        let on = names_of(replicas.iter().map(|one| one.node.to_owned()).filter(|node| !node.is_empty()));
        let which = if on.is_empty() { String::new() } else { format!("; they failed on {on}") };
        let message = format!(
            "{} is faulted: none of its {} replicas is healthy{which}",
            storage::told(&volume),
            volume.number("/spec/numberOfReplicas").unwrap_or_default()
        );
        let mut diagnosis = Diagnosis::new(CAUSE.id, volume.object, message)
            .seen("status.robustness: faulted", at, volume.object.told())
            .explaining(storage::users(&volume))
            .look_at(graph.describe(volume.object))
            .look_at(graph.shell(
                "kubectl get replicas.longhorn.io -n {} -l {} -o wide",
                &[&volume.object.namespace, &format!("longhornvolume={}", volume.object.name)],
            ))
            .mended_by(Remedy::new(
                graph.shell("kubectl get nodes.longhorn.io -n {} -o wide", &[&volume.object.namespace]),
                "Bring back the node or disk of the replica that failed last: Longhorn then salvages the volume by itself; else salvage it in Longhorn's page of the volume, or restore its last backup.",
                "the volume is attached and healthy, or degraded while it is rebuilt",
            ))
            .documented("https://longhorn.io/docs/latest/high-availability/recover-volume/");
        for replica in replicas.iter().filter(|one| one.failed.is_some()) {
            let text = format!("failed on node {}", replica.node);
            diagnosis = diagnosis.seen(text, replica.failed, replica.live.object.told());
        }
        found.push(diagnosis);
    }
    found
}
