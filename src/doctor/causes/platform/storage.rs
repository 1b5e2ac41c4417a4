//! What the causes about Longhorn share (longhorn.io/v1beta2, Longhorn 1.7 to 1.12).

use jiff::Timestamp;
use serde_json::Value;

use super::{PlainCondition, nodes};
use crate::doctor::live::text;
use crate::doctor::{LiveGraph, LiveObject};
use crate::model::ObjectRef;

pub(super) const GROUP: &str = "longhorn.io";

/// Iterates over the volumes that are not being deleted.
pub(super) fn volumes(graph: &LiveGraph) -> impl Iterator<Item = LiveObject<'_>> {
    graph.all(GROUP, "Volume").filter(|volume| !volume.is_deleting())
}

/// Tells whether a volume has this robustness.
pub(super) fn is(volume: &LiveObject<'_>, robustness: &str) -> bool {
    volume.text("/status/robustness") == robustness
}

/// Returns the condition Scheduled where it is False.
pub(super) fn unscheduled<'a>(volume: &LiveObject<'a>) -> Option<PlainCondition<'a>> {
    PlainCondition::of(volume.value.pointer("/status/conditions"), "Scheduled").filter(|one| one.status == "False")
}

/// Names a volume for a sentence, with the claim that it is for.
pub(super) fn told(volume: &LiveObject<'_>) -> String {
    let claim = volume.text("/status/kubernetesStatus/pvcName");
    if claim.is_empty() {
        return format!("Longhorn volume {}", volume.object.name);
    }
    format!(
        "Longhorn volume {} (PersistentVolumeClaim {}/{claim})",
        volume.object.name,
        volume.text("/status/kubernetesStatus/namespace")
    )
}

/// Names what uses a volume: its claim and its pods.
pub(super) fn users(volume: &LiveObject<'_>) -> Vec<ObjectRef> {
    let namespace = volume.text("/status/kubernetesStatus/namespace");
    let claim = volume.text("/status/kubernetesStatus/pvcName");
    let claim = (!claim.is_empty()).then(|| ObjectRef::new("PersistentVolumeClaim", "", namespace, claim));
    let workloads = volume.items("/status/kubernetesStatus/workloadsStatus").iter();
    let pods = workloads.map(|one| ObjectRef::new("Pod", "", namespace, text(one, "/podName")));
    claim.into_iter().chain(pods).filter(|one| !one.name.is_empty()).collect()
}

/// Tells whether a pod waits for a volume.
pub(super) fn is_wanted(volume: &LiveObject<'_>) -> bool {
    let workloads = volume.items("/status/kubernetesStatus/workloadsStatus");
    let waits = workloads.iter().any(|one| text(one, "/podStatus") == "Pending");
    waits || matches!(volume.text("/status/state"), "attaching" | "creating")
}

/// Holds a replica of a volume.
pub(super) struct VolumeReplica<'a> {
    pub(super) live: LiveObject<'a>,
    /// The node that it is on; empty while it has none.
    pub(super) node: &'a str,
    /// When it failed; `None` if it did not.
    pub(super) failed: Option<Timestamp>,
}

/// Lists the replicas of a volume.
pub(super) fn replicas<'a>(graph: &'a LiveGraph, volume: &LiveObject<'_>) -> Vec<VolumeReplica<'a>> {
    let own = graph.all(GROUP, "Replica").filter(|one| one.text("/spec/volumeName") == volume.object.name);
    own.map(|live| VolumeReplica { node: live.text("/spec/nodeID"), failed: live.time("/spec/failedAt"), live })
        .collect()
}

/// Tells whether a volume lost its replicas with nodes that are not ready, which explains it.
pub(super) fn is_lost_with_nodes(graph: &LiveGraph, volume: &LiveObject<'_>) -> bool {
    let replicas = replicas(graph, volume);
    let is_bad = |one: &&VolumeReplica<'_>| one.failed.is_some() || one.live.text("/status/currentState") != "running";
    let bad: Vec<&VolumeReplica<'_>> = replicas.iter().filter(is_bad).collect();
    !bad.is_empty() && bad.iter().all(|one| nodes::is_lost(graph, one.node))
}

/// Names the volumes whose replicas were lost with a node, and what uses them.
pub(super) fn lost_with(graph: &LiveGraph, node: &str) -> Vec<ObjectRef> {
    let mut found = Vec::new();
    for volume in volumes(graph).filter(|one| is(one, "degraded") || is(one, "faulted")) {
        let is_here = replicas(graph, &volume).iter().any(|one| one.node == node);
        if is_here && is_lost_with_nodes(graph, &volume) {
            found.push(volume.object.clone());
            if is(&volume, "faulted") {
                found.extend(users(&volume));
            }
        }
    }
    found
}

/// Holds a disk on which Longhorn places no replica.
pub(super) struct ClosedDisk<'a> {
    /// The Longhorn node, which is called as the Kubernetes node.
    pub(super) node: LiveObject<'a>,
    pub(super) path: &'a str,
    pub(super) condition: PlainCondition<'a>,
    pub(super) status: &'a Value,
}

impl ClosedDisk<'_> {
    /// Tells whether it is too full, by Longhorn's settings.
    pub(super) fn is_full(&self) -> bool {
        self.condition.reason == "DiskPressure"
    }
}

/// Lists the disks that Longhorn may use and cannot: those that somebody closed are not among them.
pub(super) fn closed_disks(graph: &LiveGraph) -> Vec<ClosedDisk<'_>> {
    let mut found = Vec::new();
    for node in graph.all(GROUP, "Node").filter(|node| !node.is_deleting()) {
        let is_off = node.value.pointer("/spec/allowScheduling").and_then(Value::as_bool) == Some(false);
        let disks = node.value.pointer("/status/diskStatus").and_then(Value::as_object);
        for (name, status) in disks.into_iter().flatten().filter(|_| !is_off) {
            let spec = node.value.pointer("/spec/disks").and_then(|disks| disks.get(name));
            let is_allowed = spec.and_then(|spec| spec.get("allowScheduling")?.as_bool()).unwrap_or(true);
            let condition = PlainCondition::of(status.get("conditions"), "Schedulable");
            let Some(condition) = condition.filter(|one| one.status == "False" && is_allowed) else { continue };
            let path = match text(status, "/diskPath") {
                "" => spec.map(|spec| text(spec, "/path")).unwrap_or_default(),
                path => path,
            };
            found.push(ClosedDisk { node, path, condition, status });
        }
    }
    found
}

/// Tells whether full disks explain that a volume's replicas find no place.
pub(super) fn is_for_space(graph: &LiveGraph, condition: &PlainCondition<'_>) -> bool {
    condition.message.contains("insufficient storage") && closed_disks(graph).iter().any(ClosedDisk::is_full)
}

/// Writes bytes for a sentence: `20 GiB`.
pub(super) fn gib(bytes: i64) -> String {
    let tenths = bytes.max(0) / (1 << 20) * 10 / 1024;
    if tenths >= 100 { format!("{} GiB", tenths / 10) } else { format!("{}.{} GiB", tenths / 10, tenths % 10) }
}
