//! What the causes about nodes share: which are not ready, and what runs there.

use crate::doctor::{LiveGraph, LiveObject};
use crate::model::{Condition, ObjectRef, ShellLine};

use super::{PlainCondition, storage};

/// Lists the nodes that are not ready, with what they say.
pub(super) fn not_ready(graph: &LiveGraph) -> Vec<(LiveObject<'_>, Condition)> {
    let found = graph.all("", "Node").filter_map(|node| {
        let ready = node.condition("Ready").filter(|ready| ready.status != "True")?;
        (!node.is_deleting()).then_some((node, ready))
    });
    found.collect()
}

/// Tells whether a node is not ready, by its name.
pub(super) fn is_lost(graph: &LiveGraph, name: &str) -> bool {
    not_ready(graph).iter().any(|(node, _)| node.object.name == name)
}

/// Lists the pods on a node that are not ready, or that end and cannot.
pub(super) fn pods_at_fault<'a>(graph: &'a LiveGraph, node: &ObjectRef) -> Vec<LiveObject<'a>> {
    let field = format!("spec.nodeName={}", node.name);
    let is_at_fault = |pod: &LiveObject<'_>| {
        let ready = PlainCondition::of(pod.value.pointer("/status/conditions"), "Ready");
        let is_over = pod.text("/status/phase") == "Succeeded";
        !is_over && (pod.is_deleting() || ready.is_none_or(|ready| ready.status != "True"))
    };
    graph.selected("", "Pod", &field).filter(is_at_fault).collect()
}

/// Names what fails because a node does: its pods, and the Longhorn volumes whose lost replicas are there.
pub(super) fn resting_on(graph: &LiveGraph, node: &ObjectRef) -> Vec<ObjectRef> {
    let mut found: Vec<ObjectRef> = pods_at_fault(graph, node).iter().map(|pod| pod.object.clone()).collect();
    found.extend(storage::lost_with(graph, &node.name));
    found
}

/// Writes the line that starts the kubelet of a node anew.
pub(super) fn restart_line(node: &LiveObject<'_>) -> ShellLine {
    let addresses = node.items("/status/addresses").iter();
    let address = addresses
        .filter(|one| crate::doctor::live::text(one, "/type") == "InternalIP")
        .map(|one| crate::doctor::live::text(one, "/address"))
        .find(|address| !address.is_empty())
        .unwrap_or(&node.object.name);
    if node.text("/status/nodeInfo/osImage").starts_with("Talos") {
        return ShellLine::new("talosctl -n {} service kubelet restart", &[address]);
    }
    let version = node.text("/status/nodeInfo/kubeletVersion");
    if version.contains("+k3s") {
        // K3s runs the kubelet in its own process, which is called otherwise on agents.
        let restart = if is_control_plane(node) {
            "ssh {} sudo systemctl restart k3s"
        } else {
            "ssh {} sudo systemctl restart k3s-agent"
        };
        return ShellLine::new(restart, &[address]);
    }
    ShellLine::new("ssh {} sudo systemctl restart kubelet", &[address])
}

/// Tells whether a node has a label, whatever its value.
pub(super) fn has_label(node: &LiveObject<'_>, label: &str) -> bool {
    node.value.get("metadata").and_then(|metadata| metadata.get("labels")?.get(label)).is_some()
}

fn is_control_plane(node: &LiveObject<'_>) -> bool {
    has_label(node, "node-role.kubernetes.io/control-plane") || has_label(node, "node-role.kubernetes.io/etcd")
}

/// The control plane's nodes where half of them or more are not ready.
pub(super) struct LostQuorum<'a> {
    /// Those that are not ready.
    pub(super) lost: Vec<(LiveObject<'a>, Condition)>,
    /// The number of all.
    pub(super) members: usize,
    /// Whether the label of etcd names them, which K3s gives to members.
    pub(super) is_etcd: bool,
}

/// Finds a control plane that lost its quorum: etcd writes while more than half of its members are there.
pub(super) fn lost_quorum(graph: &LiveGraph) -> Option<LostQuorum<'_>> {
    let with = |label: &str| graph.all("", "Node").filter(|node| has_label(node, label)).count();
    let (etcd, all) = (with("node-role.kubernetes.io/etcd"), with("node-role.kubernetes.io/control-plane"));
    let (label, members) = match etcd {
        0 => ("node-role.kubernetes.io/control-plane", all),
        etcd => ("node-role.kubernetes.io/etcd", etcd),
    };
    let lost: Vec<_> = not_ready(graph).into_iter().filter(|(node, _)| has_label(node, label)).collect();
    // One member alone is its own quorum: the API server that answers proves it.
    (members > 1 && lost.len() * 2 >= members).then_some(LostQuorum { lost, members, is_etcd: etcd > 0 })
}
