//! A node's network is not set up.

use super::{for_long, nodes};
use crate::doctor::message::short;
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause = Cause { id: "node-network-unavailable", title: "A node's network is not set up", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let found = graph.all("", "Node").filter_map(|node| {
        let condition = node.condition("NetworkUnavailable").filter(|one| one.status == "True")?;
        let is_ready = node.condition("Ready").is_some_and(|ready| ready.status == "True");
        if !is_ready || !graph.is_past(condition.last_transition_time, 120) {
            return None;
        }
        let message = format!(
            "{} {}: {}",
            node.object.told(),
            for_long(graph.now, condition.last_transition_time, ["has no network", "has had no network for"]),
            short(&condition.message)
        );
        Some(
            Diagnosis::new(CAUSE.id, node.object, message)
                .seen_all([node.condition_evidence(&condition)])
                .explaining(nodes::resting_on(graph, node.object))
                .look_at(graph.describe(node.object))
                .mended_by(Remedy::new(
                    graph.shell(
                        "kubectl get pods -A -o wide --field-selector {}",
                        &[&format!("spec.nodeName={}", node.object.name)],
                    ),
                    "The network plugin sets the condition: look at its pod on this node, and at that pod's log.",
                    "NetworkUnavailable False",
                ))
                .documented(
                    "https://kubernetes.io/docs/concepts/extend-kubernetes/compute-storage-net/network-plugins/",
                ),
        )
    });
    found.collect()
}
