//! A rollout waits for a volume that the old pod holds on another node.

use super::pods::{self, PodFault};
use crate::doctor::message::between;
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "volume-multi-attach", title: "A volume is attached to another node", find };

/// The attach controller says `Multi-Attach error for volume "pvc-…" Volume is already used by pod(s) web-1`, or `…
/// already exclusively attached to one node and can't be attached to another`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = pods::with(graph, PodFault::MultiAttach);
    let found = all.iter().map(|ill| {
        let said = ill.said.as_str();
        let volume = between(said, "for volume \"", "\"").unwrap_or_default();
        let holders = said.split_once("used by pod(s) ").map(|(_, names)| names.trim()).unwrap_or_default();
        let by = if holders.is_empty() { "another node holds it".to_owned() } else { format!("pod {holders} on another node holds it") };
        let node = ill.pod.text("/spec/nodeName");
        let message = format!("Volume {volume} of {} cannot be attached to node {node}: {by}", ill.workload.told());
        let is_deployment = ill.workload.kind == "Deployment";
        let namespace = &ill.pod.object.namespace;
        let mut found = ill
            .diagnosis(CAUSE.id, message)
            .look_at(graph.shell("kubectl get volumeattachments", &[]))
            .look_at(graph.shell("kubectl get pods -n {} -o wide", &[namespace]));
        if is_deployment {
            found = found.mended_by(Remedy::change(
                "Set spec.strategy.type to Recreate: a ReadWriteOnce volume cannot be on two nodes, so the old pod has to go before the new one starts.",
                "the old pod goes first, and the new one is Running",
            ));
        }
        if let Some(holder) = holders.split(", ").next().filter(|name| !name.is_empty()) {
            found = found.mended_by(Remedy::new(
                graph.shell("kubectl delete pod {} -n {}", &[holder, namespace]),
                "It frees the volume now; the controller detaches it within minutes.",
                "the new pod leaves ContainerCreating",
            ));
        }
        // The pod on a lost node keeps the volume: then the node is the cause.
        found.documented("https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes").unless_deeper()
    });
    found.collect()
}
