//! Longhorn places no replica on a disk.

use super::{for_long, nodes, storage};
use crate::doctor::message::short;
use crate::doctor::{Cause, Diagnosis, LiveGraph, LiveObject, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "longhorn-disk-closed", title: "Longhorn places no replica on a disk", find };

/// Longhorn closes a disk whose free space falls below `storage-minimal-available-percentage`, or on which more was
/// promised than `storage-over-provisioning-percentage` allows (`DiskPressure`), and one that it cannot use.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let mut found: Vec<Diagnosis> = Vec::new();
    for disk in storage::closed_disks(graph) {
        let node = disk.node.object;
        if nodes::is_lost(graph, &node.name) || !graph.is_past(disk.condition.at.or(disk.node.created()), 120) {
            continue;
        }
        let waiting = waiting(graph, disk.is_full());
        let number = |field: &str| disk.status.get(field).and_then(serde_json::Value::as_i64).unwrap_or_default();
        let (free, size) = (number("storageAvailable"), number("storageMaximum"));
        let message = if disk.is_full() {
            format!(
                "Longhorn disk {} of node {} {}: {} of {} are free, {} are promised",
                disk.path,
                node.name,
                for_long(graph.now, disk.condition.at, ["takes no more replicas", "has taken no more replicas for"]),
                storage::gib(free),
                storage::gib(size),
                storage::gib(number("storageScheduled"))
            )
        } else {
            format!("Longhorn cannot use disk {} of node {}: {}", disk.path, node.name, short(disk.condition.says()))
        };
        let text = format!("{}: {}", disk.condition.reason, disk.condition.message);
        let from = format!("{} condition Schedulable=False of disk {}", node.told(), disk.path);
        let mut diagnosis = Diagnosis::new(CAUSE.id, node, message)
            .seen(text, disk.condition.at, from)
            .look_at(graph.describe(node))
            .look_at(graph.shell("kubectl get nodes.longhorn.io {} -n {} -o yaml", &[&node.name, &node.namespace]))
            .mended_by(Remedy::change(
                if disk.is_full() {
                    "Remove volumes, snapshots and backups that nobody needs, trim the filesystems, or add a disk to the node."
                } else {
                    "Look whether the disk is mounted at its path, and whether its filesystem is the one that Longhorn knows."
                },
                "Schedulable True",
            ))
            .documented("https://longhorn.io/docs/latest/nodes-and-volumes/nodes/multidisk/");
        for volume in &waiting {
            diagnosis = diagnosis.explaining([volume.object.clone()]).explaining(storage::users(volume));
        }
        found.push(if waiting.is_empty() { diagnosis.warning() } else { diagnosis });
    }
    found
}

/// Lists the volumes that no disk has room for.
fn waiting(graph: &LiveGraph, is_full: bool) -> Vec<LiveObject<'_>> {
    let waits = |volume: &LiveObject<'_>| {
        storage::unscheduled(volume).is_some_and(|one| storage::is_for_space(graph, &one)) && storage::is_wanted(volume)
    };
    storage::volumes(graph).filter(|_| is_full).filter(waits).collect()
}
