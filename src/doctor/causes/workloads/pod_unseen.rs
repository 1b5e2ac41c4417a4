//! Pods that no scheduler and no kubelet has looked at.

use super::pods::{self, PodFault};
use crate::doctor::message::short;
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};
use crate::model::ObjectRef;

pub(super) const CAUSE: Cause = Cause { id: "pod-unseen", title: "Nobody schedules or starts pods", find };

/// The scheduler that every cluster has.
const DEFAULT: &str = "default-scheduler";

/// A pod has the condition `PodScheduled` as soon as a scheduler has looked at it; one with `spec.nodeName` is for that
/// node's kubelet alone, and one whose claims of devices are not made yet for nobody.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = pods::with(graph, PodFault::Unseen);
    let found = all.iter().map(|ill| {
        let (workload, node) = (ill.workload.told(), ill.pod.text("/spec/nodeName"));
        let scheduler = ill.pod.text("/spec/schedulerName");
        let claim = graph.event(ill.pod.object, &["FailedResourceClaimCreation"]);
        let placed = "the pod has a node, and is Running";
        let (what, field, value, remedy) = if !node.is_empty() && graph.get(&ObjectRef::new("Node", "", "", node)).is_absent() {
            (
                format!("spec.nodeName gives them to node {node}, which does not exist"),
                "spec.nodeName",
                node,
                "Take nodeName out of the pod template (nodeSelector or affinity choose among nodes), or correct it, and push.",
            )
        } else if !node.is_empty() {
            (
                format!("the kubelet of node {node} has not taken them"),
                "spec.nodeName",
                node,
                "Look at the kubelet of that node.",
            )
        } else if let Some(event) = claim {
            (
                format!("their claim of a device cannot be made: {}", short(&event.message)),
                "spec.resourceClaims",
                "(its claims)",
                "Add the ResourceClaimTemplate in the pods' own namespace, or correct its name in resourceClaims, and push.",
            )
        } else if scheduler.is_empty() || scheduler == DEFAULT {
            (
                "the scheduler has not looked at them: kube-scheduler does not run, or is far behind".to_owned(),
                "spec.schedulerName",
                DEFAULT,
                "Look whether kube-scheduler runs on the control plane.",
            )
        } else {
            (
                format!("spec.schedulerName gives them to {scheduler}, which has not looked at them"),
                "spec.schedulerName",
                scheduler,
                "Bring the scheduler up that has this name, or take schedulerName out of the pod template, and push.",
            )
        };
        ill.diagnosis(CAUSE.id, format!("The pods of {workload} wait for somebody to take them: {what}"))
            .seen(format!("{field}: {value}"), None, ill.pod.object.told())
            .seen_all(claim.map(|event| crate::doctor::Evidence {
                text: event.message.clone(),
                at: event.at,
                from: format!("event {} of {}", event.reason, ill.pod.object.told()),
            }))
            .look_at(graph.describe(ill.pod.object))
            .mended_by(Remedy::change(remedy, placed))
            .documented("https://kubernetes.io/docs/concepts/scheduling-eviction/kube-scheduler/")
    });
    found.collect()
}
