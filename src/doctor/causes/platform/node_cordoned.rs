//! A node is cordoned for long.

use crate::doctor::live::text;
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};
use crate::model::clock::age;
use jiff::Timestamp;

pub(super) const CAUSE: Cause = Cause { id: "node-cordoned", title: "A node is cordoned for long", find };

/// The node controller adds the taint with its time as soon as `spec.unschedulable` is set.
const TAINT: &str = "node.kubernetes.io/unschedulable";

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let found = graph.all("", "Node").filter(|node| node.is_true("/spec/unschedulable")).filter_map(|node| {
        let taint = node.items("/spec/taints").iter().find(|taint| text(taint, "/key") == TAINT)?;
        let since: Timestamp = text(taint, "/timeAdded").parse().ok()?;
        let is_ready = node.condition("Ready").is_some_and(|ready| ready.status == "True");
        if !is_ready || node.is_deleting() || !graph.is_past(Some(since), 3600) {
            return None;
        }
        let message = format!(
            "{} has been cordoned for {}: no new pod is placed there",
            node.object.told(),
            age(graph.now, since)
        );
        Some(
            Diagnosis::new(CAUSE.id, node.object, message)
                .warning()
                .seen(format!("spec.unschedulable: true, taint {TAINT}"), Some(since), node.object.told())
                .look_at(graph.describe(node.object))
                .mended_by(Remedy::new(
                    graph.shell("kubectl uncordon {}", &[&node.object.name]),
                    "Nothing uncordons a node by itself after a drain, an upgrade or a repair that was broken off.",
                    "the status is Ready, without SchedulingDisabled",
                ))
                .documented("https://kubernetes.io/docs/tasks/administer-cluster/safely-drain-node/"),
        )
    });
    found.collect()
}
