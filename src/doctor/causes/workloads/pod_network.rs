//! A pod gets no network.

use super::pods::{self, PodFault, joined};
use crate::doctor::message::short;
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause = Cause { id: "pod-network", title: "Pods get no network on a node", find };

/// The kubelet says `Failed to create pod sandbox: rpc error: … failed to setup network for sandbox "…": plugin type="…"
/// failed (add): …`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = pods::with(graph, PodFault::Sandbox);
    joined(all.iter().map(|ill| {
        let node = ill.pod.text("/spec/nodeName");
        let (_, why) = ill.said.split_once("\": ").unwrap_or(("", &ill.said));
        let message = format!("Pods of {} cannot be prepared on node {node}: {}", ill.workload.told(), short(why));
        let found = ill
            .diagnosis(CAUSE.id, message)
            .unless_deeper()
            .look_at(graph.describe(ill.pod.object))
            .look_at(graph.shell("kubectl get pods -A -o wide --field-selector {}", &[&format!("spec.nodeName={node}")]))
            .mended_by(Remedy::change(
                "Look at the network plugin's pods on that node (Cilium, Calico, flannel): they have to run before others.",
                "the pod leaves ContainerCreating by itself",
            ))
            .documented("https://kubernetes.io/docs/concepts/extend-kubernetes/compute-storage-net/network-plugins/");
        (node.to_owned(), found)
    }))
}
