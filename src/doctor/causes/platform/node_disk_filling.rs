//! A node's disk is so full that its kubelet can free no more.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::doctor::message::short;
use crate::doctor::{Cause, Diagnosis, LiveGraph, LiveObject, Remedy};

pub(super) const CAUSE: Cause = Cause { id: "node-disk-filling", title: "A node's disk is filling", find };

/// The kubelet says `Failed to garbage collect required amount of images. Attempted to free N bytes, but only found M
/// bytes eligible to free.` (`FreeDiskSpaceFailed`) once images fill 85% of the disk and all are in use. The same reasons
/// with other words are told while it starts.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let mut newest: BTreeMap<&str, (LiveObject<'_>, Timestamp)> = BTreeMap::new();
    for event in graph.selected("", "Event", "involvedObject.kind=Node,type=Warning") {
        let is_it = matches!(event.text("/reason"), "FreeDiskSpaceFailed" | "ImageGCFailed");
        if !is_it || !event.text("/message").contains("to free") {
            continue;
        }
        let times = ["/series/lastObservedTime", "/lastTimestamp", "/eventTime", "/metadata/creationTimestamp"];
        let Some(at) = times.into_iter().find_map(|pointer| event.time(pointer)) else { continue };
        let node = event.text("/involvedObject/name");
        if !graph.is_past(Some(at), 3600) && newest.get(node).is_none_or(|(_, known)| *known < at) {
            newest.insert(node, (event, at));
        }
    }
    let found = graph.all("", "Node").filter_map(|node| {
        let (event, at) = newest.get(node.object.name.as_str())?;
        let has = |kind: &str, status: &str| node.condition(kind).is_some_and(|one| one.status == status);
        if !has("Ready", "True") || has("DiskPressure", "True") {
            return None;
        }
        let said = event.text("/message");
        let message = format!("{} runs out of disk space: {}", node.object.told(), short(said));
        let name = &node.object.name;
        Some(
            Diagnosis::new(CAUSE.id, node.object, message)
                .warning()
                .seen(said, Some(*at), "events of the node")
                .look_at(graph.describe(node.object))
                .look_at(graph.shell("kubectl debug node/{} -it --image=busybox -- df -h /host", &[name]))
                .mended_by(Remedy::change(
                    "Free space below /var/lib on the node, or enlarge its disk: at 10% free space the kubelet begins to evict pods.",
                    "no such event for an hour",
                ))
                .documented("https://kubernetes.io/docs/concepts/architecture/garbage-collection/#container-image-garbage-collection"),
        )
    });
    found.collect()
}
