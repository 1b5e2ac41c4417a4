//! A Longhorn volume lacks replicas.

use super::{for_long, storage};
use crate::doctor::message::short;
use crate::doctor::{Cause, Diagnosis, LiveGraph, LiveObject, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "longhorn-volume-degraded", title: "A Longhorn volume lacks replicas", find };

/// A rebuild of a large volume takes so long.
const REBUILD_MINUTES: i64 = 60;

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let degraded = storage::volumes(graph).filter(|volume| storage::is(volume, "degraded"));
    degraded.filter_map(|volume| diagnosis(graph, &volume)).collect()
}

fn diagnosis(graph: &LiveGraph, volume: &LiveObject<'_>) -> Option<Diagnosis> {
    let since = volume.time("/status/lastDegradedAt");
    let scheduling = storage::unscheduled(volume).filter(|one| graph.is_past(one.at.or(since), 300));
    if scheduling.is_none() && !graph.is_past(since, REBUILD_MINUTES * 60) {
        return None;
    }
    if storage::is_lost_with_nodes(graph, volume)
        || scheduling.as_ref().is_some_and(|one| storage::is_for_space(graph, one))
    {
        return None;
    }
    let why = match &scheduling {
        Some(condition) => format!("a replica finds no place ({})", short(condition.says())),
        None => "no replica was rebuilt".to_owned(),
    };
    let wanted = volume.number("/spec/numberOfReplicas").unwrap_or_default();
    let message = format!(
        "{} {}: of {wanted} replicas {why}",
        storage::told(volume),
        for_long(graph.now, since, ["is degraded", "has been degraded for"])
    );
    let mut found = Diagnosis::new(CAUSE.id, volume.object, message)
        .warning()
        .seen("status.robustness: degraded", since, volume.object.told())
        .look_at(graph.describe(volume.object))
        .look_at(graph.shell("kubectl get nodes.longhorn.io -n {} -o wide", &[&volume.object.namespace]))
        .documented("https://longhorn.io/docs/latest/nodes-and-volumes/nodes/scheduling/");
    if let Some(condition) = &scheduling {
        let text = format!("Scheduled False ({}): {}", condition.reason, condition.message);
        found = found.seen(text, condition.at, volume.object.told());
    }
    for replica in storage::replicas(graph, volume).iter().filter(|one| one.failed.is_some()) {
        found = found.seen(format!("failed on node {}", replica.node), replica.failed, replica.live.object.told());
    }
    Some(found.mended_by(remedy(scheduling.map(|one| one.message).unwrap_or_default(), wanted)))
}

/// Says what gives a replica its place (Longhorn 1.12, `ErrorReplicaSchedule…` of its API).
fn remedy(reason: &str, wanted: i64) -> Remedy {
    let why = match reason {
        told if told.contains("insufficient storage") => {
            "Free or add disk space on a node that has no replica of it yet, or lower numberOfReplicas.".to_owned()
        }
        told if told.contains("tags not fulfilled") => {
            "No node or disk has the tags of the volume's nodeSelector or diskSelector: tag one, or change the StorageClass.".to_owned()
        }
        told if told.contains("hard affinity") || told.contains("node not found") || told.contains("nodes are unavailable") => {
            format!("Longhorn puts each replica on a node of its own: have {wanted} schedulable nodes, or lower numberOfReplicas.")
        }
        _ => format!("Longhorn needs a schedulable disk on {wanted} nodes: look at its nodes, or lower numberOfReplicas."),
    };
    Remedy::change(why, "robustness healthy once the replica is rebuilt")
}
