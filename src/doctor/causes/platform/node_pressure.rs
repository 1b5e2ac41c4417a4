//! A node is short of disk, memory or process ids.

use super::{for_long, nodes};
use crate::doctor::{Cause, Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::model::Condition;

pub(super) const CAUSE: Cause = Cause { id: "node-under-pressure", title: "A node is under pressure", find };

/// The kubelet's conditions, each with what runs short (kubelet, `eviction/helpers.go`).
const PRESSURES: &[(&str, &str)] =
    &[("DiskPressure", "disk space"), ("MemoryPressure", "memory"), ("PIDPressure", "process ids")];

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let mut found = Vec::new();
    for node in graph.all("", "Node").filter(|node| !node.is_deleting()) {
        let short_of: Vec<(&str, Condition)> = PRESSURES
            .iter()
            .filter_map(|(kind, what)| Some((*what, node.condition(kind).filter(|one| one.status == "True")?)))
            .collect();
        if let Some((_, first)) = short_of.first() {
            found.push(diagnosis(graph, &node, &short_of, first));
        }
    }
    found
}

fn diagnosis(graph: &LiveGraph, node: &LiveObject<'_>, short_of: &[(&str, Condition)], first: &Condition) -> Diagnosis {
    let what = short_of.iter().map(|(what, _)| *what).collect::<Vec<_>>().join(" and of ");
    let name = &node.object.name;
    let message = format!(
        "{} {}: its kubelet evicts pods, and no pod is placed there",
        node.object.told(),
        for_long(
            graph.now,
            first.last_transition_time,
            [&format!("is short of {what}"), &format!("has been short of {what} for")]
        )
    );
    let evicted =
        nodes::pods_at_fault(graph, node.object).into_iter().filter(|pod| pod.text("/status/reason") == "Evicted");
    let evicted: Vec<_> = evicted.map(|pod| pod.object.clone()).collect();
    let evidence = short_of.iter().map(|(_, condition)| node.condition_evidence(condition));
    let mut found = Diagnosis::new(CAUSE.id, node.object, message)
        .seen_all(evidence)
        .explaining(evicted)
        .look_at(graph.describe(node.object));
    if let Some(event) = graph.event(node.object, &["EvictionThresholdMet", "FreeDiskSpaceFailed", "ImageGCFailed"]) {
        found = found.seen(event.message.clone(), event.at, "events");
    }
    for (_, condition) in short_of {
        found = match condition.kind.as_str() {
            "DiskPressure" => found
                .look_at(graph.shell("kubectl debug node/{} -it --image=busybox -- df -h /host", &[name]))
                .mended_by(Remedy::change(
                    "Free space below /var/lib on the node (`crictl rmi --prune` removes images that nothing uses), or enlarge its disk.",
                    "DiskPressure False after five minutes",
                )),
            "MemoryPressure" => found.look_at(graph.shell("kubectl top pods -A --sort-by=memory", &[])).mended_by(
                Remedy::change(
                    "Give the pods that grow a memory limit, or move them: the kubelet evicts first what uses more than it requested.",
                    "MemoryPressure False after five minutes",
                ),
            ),
            _ => found.mended_by(Remedy::change(
                "Find the pod that starts processes without end, and limit it (`podPidsLimit` of the kubelet).",
                "PIDPressure False",
            )),
        };
    }
    found.documented("https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/")
}
