//! A new Longhorn volume finds no place for its replicas.

use super::storage;
use crate::doctor::message::short;
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "longhorn-volume-not-scheduled", title: "A Longhorn volume finds no place for its replicas", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let found = storage::volumes(graph).filter(|volume| !storage::is(volume, "degraded")).filter_map(|volume| {
        let condition = storage::unscheduled(&volume)?;
        let is_settled = graph.is_past(condition.at.or(volume.created()), 120);
        if !is_settled || !storage::is_wanted(&volume) || storage::is_for_space(graph, &condition) {
            return None;
        }
        let message = format!(
            "{} finds no place for its {} replicas: {}",
            storage::told(&volume),
            volume.number("/spec/numberOfReplicas").unwrap_or_default(),
            short(condition.says())
        );
        Some(
            Diagnosis::new(CAUSE.id, volume.object, message)
                .seen(
                    format!("Scheduled False ({}): {}", condition.reason, condition.message),
                    condition.at,
                    volume.object.told(),
                )
                .explaining(storage::users(&volume))
                .look_at(graph.describe(volume.object))
                .look_at(graph.shell("kubectl get nodes.longhorn.io -n {} -o wide", &[&volume.object.namespace]))
                .mended_by(Remedy::change(
                    "Lower numberOfReplicas in the StorageClass to the number of nodes that can hold one, make a disk schedulable, or mend what the reason names.",
                    "Scheduled True, and the pod starts",
                ))
                .documented("https://longhorn.io/docs/latest/nodes-and-volumes/nodes/scheduling/"),
        )
    });
    found.collect()
}
