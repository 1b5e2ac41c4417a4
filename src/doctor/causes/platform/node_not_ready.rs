//! A node is not ready.

use super::{for_long, names_of, nodes};
use crate::doctor::message::short;
use crate::doctor::{Cause, Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::model::{Condition, ObjectRef};

pub(super) const CAUSE: Cause = Cause { id: "node-not-ready", title: "A node is not ready", find };

/// The node controller of Kubernetes writes `Kubelet stopped posting node status.` (Ready=Unknown) 40 s after a node's
/// last lease; a kubelet that still speaks says Ready=False with its reason.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let lost = nodes::lost_quorum(graph).map(|quorum| quorum.lost).unwrap_or_default();
    let of_quorum: Vec<&ObjectRef> = lost.iter().map(|(node, _)| node.object).collect();
    let all = nodes::not_ready(graph).into_iter().filter(|(node, _)| !of_quorum.contains(&node.object));
    all.map(|(node, ready)| diagnosis(graph, &node, &ready)).collect()
}

fn diagnosis(graph: &LiveGraph, node: &LiveObject<'_>, ready: &Condition) -> Diagnosis {
    let pods = nodes::pods_at_fault(graph, node.object);
    let why = match ready.status.as_str() {
        "Unknown" => "its kubelet stopped posting its status".to_owned(),
        _ => short(&ready.message),
    };
    let what = match pods.len() {
        0 => String::new(),
        1 => "; a pod there is not ready".to_owned(),
        count => format!("; {count} pods there are not ready"),
    };
    let message = format!(
        "{} {}: {why}{what}",
        node.object.told(),
        for_long(graph.now, ready.last_transition_time, ["is not ready", "has not been ready for"])
    );
    let mut found = Diagnosis::new(CAUSE.id, node.object, message)
        .seen_all([node.condition_evidence(ready)])
        .explaining(nodes::resting_on(graph, node.object))
        .look_at(graph.describe(node.object))
        .look_at(graph.shell(
            "kubectl get pods -A -o wide --field-selector {}",
            &[&format!("spec.nodeName={}", node.object.name)],
        ))
        .mended_by(Remedy::new(
            nodes::restart_line(node),
            "Look first whether the machine is on and reachable; a kubelet that hangs is started anew.",
            "Ready True within a minute",
        ))
        .documented("https://kubernetes.io/docs/concepts/architecture/nodes/#node-status");
    if let Some(heartbeat) =
        node.items("/status/conditions").iter().find(|one| crate::doctor::live::text(one, "/type") == "Ready")
    {
        let at = crate::doctor::live::text(heartbeat, "/lastHeartbeatTime");
        if !at.is_empty() {
            found = found.seen_all([node.field_evidence("status.conditions[Ready].lastHeartbeatTime", at)]);
        }
    }
    let stuck: Vec<String> = pods
        .iter()
        .filter(|pod| pod.is_deleting())
        .map(|pod| format!("{}/{}", pod.object.namespace, pod.object.name))
        .collect();
    if stuck.is_empty() {
        return found;
    }
    let count = stuck.len();
    found
        .seen(format!("{count} pods there cannot end: {}", names_of(stuck)), None, "pods on the node")
        .mended_by(Remedy::new(
            graph.shell(
                "kubectl taint nodes {} node.kubernetes.io/out-of-service=nodeshutdown:NoExecute",
                &[&node.object.name],
            ),
            "Only where the machine is off for good: it lets pods that end there, and their volumes, go elsewhere.",
            "the pods are gone from the node and run elsewhere; take the taint away once the node is back",
        ))
        .documented(
            "https://kubernetes.io/docs/concepts/cluster-administration/node-shutdown/#non-graceful-node-shutdown",
        )
}
