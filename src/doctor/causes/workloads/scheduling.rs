//! Why no node takes a pod, by the message of the scheduler and the nodes themselves.
//!
//! kube-scheduler 1.35: `0/4 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint {a: b}, 2 node(s)
//! didn't match Pod's node affinity/selector. preemption: …`. Of each node it names the first filter that refuses, in the
//! order cordon, taint, affinity, ports, resources, volumes, spread: a later one means that the node passed those before.

use serde_json::Value;

use super::pods::{self, Ill, PodFault, is_lost};
use super::requests::{Requests, too_much};
use crate::doctor::links::has_labels_for;
use crate::doctor::live::text;
use crate::doctor::message::{between, short};
use crate::doctor::{Diagnosis, LiveGraph, LiveObject, Remedy};

/// Names why no node takes a pod; the order is that of their weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Refusal {
    /// A claim of the pod is not bound, or not there.
    Claim,
    /// Pods are to be apart, or together.
    Spread,
    /// A volume is bound to another node, or the node has as many as it can.
    Volume,
    /// Requests do not fit.
    Resources,
    /// A node has as many pods as it may.
    TooManyPods,
    /// A port of the node is taken.
    Ports,
    /// No node has the labels.
    Selector,
    /// A node has a taint that the pod does not tolerate.
    Taint,
    /// A node is cordoned.
    Cordoned,
    /// Something else.
    Other,
}

impl Refusal {
    /// The ids of their causes.
    pub(super) fn id(self) -> &'static str {
        match self {
            Self::Claim => "claim-not-bound",
            Self::Spread => "pod-spread",
            Self::Volume => "volume-on-another-node",
            Self::Resources => "insufficient-resources",
            Self::TooManyPods => "too-many-pods",
            Self::Ports => "host-port-taken",
            Self::Selector => "node-selector",
            Self::Taint => "node-taint",
            Self::Cordoned => "nodes-cordoned",
            Self::Other => "unschedulable",
        }
    }

    /// Tells whether a node refuses for it only after it passed cordon, taints and labels.
    fn is_late(self) -> bool {
        matches!(self, Self::Spread | Self::Volume | Self::Resources | Self::TooManyPods | Self::Ports)
    }
}

/// Takes the reasons out of the scheduler's message.
pub(super) fn reasons(said: &str) -> Vec<&str> {
    let rest = said.split_once("nodes are available: ").map_or(said, |(_, rest)| rest);
    let rest = rest.split(" preemption: ").next().unwrap_or(rest);
    let rest = rest.split(". no new claims").next().unwrap_or(rest);
    rest.trim().trim_end_matches('.').split(", ").filter(|part| !part.is_empty()).collect()
}

fn refusal(reason: &str) -> Refusal {
    let has = |words: &[&str]| words.iter().any(|word| reason.contains(word));
    if has(&["unbound immediate PersistentVolumeClaims", "persistentvolumeclaim \""]) {
        Refusal::Claim
    } else if has(&["anti-affinity", "pod affinity", "topology spread"]) {
        Refusal::Spread
    } else if has(&[
        "volume node affinity",
        "PersistentVolume's node affinity",
        "non-existent pv",
        "no available disk",
        "ReadWriteOncePod",
        "max volume count",
        "persistent volumes to bind",
        "free storage",
        "volume zone",
    ]) {
        Refusal::Volume
    } else if has(&["Too many pods"]) {
        Refusal::TooManyPods
    } else if has(&["Insufficient "]) {
        Refusal::Resources
    } else if has(&["free ports"]) {
        Refusal::Ports
    } else if has(&[
        "node affinity",
        "node selector",
        "match the requested node name",
        "match the requested hostname",
        "scheduling constraints",
    ]) {
        Refusal::Selector
    } else if has(&["node.kubernetes.io/unschedulable", "were unschedulable"]) {
        Refusal::Cordoned
    } else if has(&["taint"]) {
        Refusal::Taint
    } else {
        Refusal::Other
    }
}

/// Decides between what the scheduler says; the second are those that cannot be told apart from it.
pub(super) fn decide(graph: &LiveGraph, pod: &LiveObject<'_>, said: &str) -> (Refusal, Vec<Refusal>) {
    let mut found: Vec<Refusal> = reasons(said).into_iter().map(refusal).collect();
    found.sort_unstable();
    found.dedup();
    let first = found.first().copied().unwrap_or(Refusal::Other);
    if first == Refusal::Claim || first == Refusal::Other {
        return (first, Vec::new());
    }
    if first.is_late() {
        return (first, found.into_iter().skip(1).filter(|one| one.is_late()).collect());
    }
    let nodes: Vec<LiveObject<'_>> = graph.all("", "Node").collect();
    if found.len() == 1 || nodes.is_empty() {
        let others = found.iter().copied().filter(|one| *one != first).collect();
        return (first, others);
    }
    // Of nodes with the right labels, something else refuses.
    let mut fitting = nodes.iter().filter(|node| has_labels_for(node, pod)).peekable();
    if fitting.peek().is_none() {
        return (Refusal::Selector, Vec::new());
    }
    let is_cordoned = fitting.all(|node| node.is_true("/spec/unschedulable"));
    (if is_cordoned { Refusal::Cordoned } else { Refusal::Taint }, Vec::new())
}

/// Tells the pods that no node takes for a reason.
pub(super) fn diagnose(graph: &LiveGraph, wanted: Refusal) -> Vec<Diagnosis> {
    let all = pods::with(graph, PodFault::Unscheduled);
    all.iter().filter_map(|ill| diagnosis(graph, ill, wanted)).collect()
}

fn diagnosis(graph: &LiveGraph, ill: &Ill<'_>, wanted: Refusal) -> Option<Diagnosis> {
    let (refusal, others) = decide(graph, &ill.pod, &ill.said);
    // A claim is bound within seconds, if nothing is wrong with it.
    let is_early =
        refusal == Refusal::Claim && !ill.said.contains(" not found") && !graph.is_past(ill.pod.created(), 60);
    if refusal != wanted || is_early {
        return None;
    }
    let asked = Requests::of(&ill.pod);
    // Which of them is in the way only the nodes themselves tell.
    let is_open = !others.is_empty() && !graph.is_listed("", "Node");
    let (what, never_fits) = match wanted {
        _ if is_open => {
            ("nodes refuse for several reasons, and could not be read to tell which one counts".to_owned(), false)
        }
        Refusal::Resources => too_much(graph, &ill.said, &asked),
        _ => (why(wanted, ill), false),
    };
    let all = reasons(&ill.said).join(", ");
    let message = format!("No node takes the pods of {}: {what} ({})", ill.workload.told(), short(&all));
    let mut found = ill.diagnosis(wanted.id(), short_message(&message));
    if let Some(claim) =
        between(&ill.said, "persistentvolumeclaim \"", "\" not found").filter(|_| wanted == Refusal::Claim)
    {
        found = found.lacking(&ill.pod.beside("PersistentVolumeClaim", "", claim));
    }
    for other in &others {
        found = found.or(other.id());
    }
    let waits_for_node = graph.all("", "Node").any(|node| is_lost(&node) && has_labels_for(&node, &ill.pod));
    if wanted == Refusal::Claim || (waits_for_node && !never_fits) {
        found = found.unless_deeper();
    }
    if wanted == Refusal::Resources {
        found = found.seen(
            format!("requests of a pod: cpu {}, memory {}", asked.cpu_told(), asked.memory_told()),
            None,
            ill.pod.object.told(),
        );
    }
    let found = remedied(graph, ill, wanted, found);
    Some(others.iter().filter(|_| is_open).fold(found, |found, other| remedied(graph, ill, *other, found)))
}

/// Keeps a sentence below 400 bytes.
fn short_message(message: &str) -> String {
    match message.char_indices().nth(360) {
        Some((end, _)) => format!("{}…", message.get(..end).unwrap_or(message)),
        None => message.to_owned(),
    }
}

fn why(refusal: Refusal, ill: &Ill<'_>) -> String {
    match refusal {
        Refusal::Claim => match between(&ill.said, "persistentvolumeclaim \"", "\" not found") {
            Some(claim) => format!("PersistentVolumeClaim {}/{claim} is missing", ill.pod.object.namespace),
            None => "a PersistentVolumeClaim of theirs is not bound".to_owned(),
        },
        Refusal::Spread if ill.said.contains("match pod affinity rules") => {
            "no node has a pod that their podAffinity asks to be beside".to_owned()
        }
        Refusal::Spread if ill.said.contains("missing required label") => {
            "no node has the label that their topology spread counts by (topologyKey)".to_owned()
        }
        Refusal::Spread => "their affinity, anti-affinity or topology spread allows no node".to_owned(),
        Refusal::Volume => "their volume is bound to another node, or the node takes no more volumes".to_owned(),
        Refusal::TooManyPods => "the nodes have as many pods as they may".to_owned(),
        Refusal::Ports => "a hostPort of theirs is taken on each node".to_owned(),
        Refusal::Selector => format!("no node has the labels that they ask for{}", labels_asked(&ill.pod)),
        Refusal::Taint => match between(&ill.said, "taint {", "}") {
            Some(taint) => format!("they do not tolerate taint {}", taint.trim_end_matches([':', ' '])),
            None => "they do not tolerate the nodes' taints".to_owned(),
        },
        Refusal::Cordoned => "the nodes that fit are cordoned".to_owned(),
        Refusal::Resources | Refusal::Other => "the scheduler refuses".to_owned(),
    }
}

/// Names the labels that a pod asks of its node.
fn labels_asked(pod: &LiveObject<'_>) -> String {
    let selector = pod.value.pointer("/spec/nodeSelector").and_then(Value::as_object);
    let mut told: Vec<String> = selector
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    let terms =
        pod.items("/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms");
    for one in terms.iter().filter_map(|term| term.get("matchExpressions")?.as_array()).flatten() {
        let values = one.get("values").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let words =
            [text(one, "/key").to_owned(), text(one, "/operator").to_owned(), values.collect::<Vec<_>>().join("|")];
        told.push(words.join(" ").trim_end().to_owned());
    }
    if told.is_empty() { String::new() } else { format!(": {}", told.join(", ")) }
}

fn spread_remedy(said: &str) -> &'static str {
    if said.contains("match pod affinity rules") {
        "Correct the labels or namespaces of podAffinity, bring up the pods that it names, or prefer instead of require; then push."
    } else if said.contains("missing required label") {
        "Label the nodes with the topologyKey, count by one that they have (kubernetes.io/hostname), or set whenUnsatisfiable: ScheduleAnyway; then push."
    } else {
        "Ask for fewer replicas than nodes, prefer instead of require, or add a node, and push."
    }
}

fn remedied(graph: &LiveGraph, ill: &Ill<'_>, refusal: Refusal, found: Diagnosis) -> Diagnosis {
    let describe_nodes = graph.shell("kubectl describe nodes", &[]);
    let labels = graph.shell("kubectl get nodes --show-labels", &[]);
    let placed = "the pod has a node, and is Running";
    let found = found.look_at(graph.describe(ill.pod.object));
    match refusal {
        Refusal::Resources => found
            .look_at(describe_nodes)
            .mended_by(Remedy::change("Lower resources.requests to what it uses, or add a node (or make room: fewer replicas elsewhere), and push.", placed))
            .documented("https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/"),
        Refusal::TooManyPods => found
            .look_at(describe_nodes)
            .mended_by(Remedy::change("Add a node, or raise maxPods of the kubelets.", placed))
            .documented("https://kubernetes.io/docs/setup/best-practices/cluster-large/"),
        Refusal::Taint => found
            .look_at(graph.shell("kubectl get nodes -o custom-columns=NAME:.metadata.name,TAINTS:.spec.taints", &[]))
            .mended_by(Remedy::change("Add a toleration to the workload, or take the taint off a node, and push.", placed))
            .documented("https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/"),
        Refusal::Selector => found
            .look_at(labels)
            .mended_by(Remedy::change("Correct nodeSelector or nodeAffinity of the workload, or label a node, and push.", placed))
            .documented("https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/"),
        Refusal::Spread => found
            .look_at(graph.shell("kubectl get pods -n {} -o wide", &[&ill.pod.object.namespace]))
            .mended_by(Remedy::change(spread_remedy(&ill.said), placed))
            .documented("https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/"),
        Refusal::Claim | Refusal::Volume => found
            .look_at(graph.shell("kubectl get pvc -n {}", &[&ill.pod.object.namespace]))
            .mended_by(Remedy::change("Mend the claim: its name, its StorageClass, or the volume's node.", "the claim is Bound, and the pod has a node"))
            .documented("https://kubernetes.io/docs/concepts/storage/persistent-volumes/"),
        Refusal::Ports => found
            .mended_by(Remedy::change("Take the hostPort away, or another one, or have at most one such pod for each node.", placed))
            .documented("https://kubernetes.io/docs/concepts/services-networking/service/"),
        Refusal::Cordoned => {
            let nodes = graph.all("", "Node").filter(|node| node.is_true("/spec/unschedulable") && has_labels_for(node, &ill.pod));
            let mut found = found.look_at(graph.shell("kubectl get nodes", &[]));
            for node in nodes.take(3) {
                let line = graph.shell("kubectl uncordon {}", &[&node.object.name]);
                found = found.mended_by(Remedy::new(line, "Once its maintenance is over, the node may take pods again.", placed));
            }
            found.documented("https://kubernetes.io/docs/tasks/administer-cluster/safely-drain-node/")
        }
        Refusal::Other => found.documented("https://kubernetes.io/docs/concepts/scheduling-eviction/"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Refusal, reasons, refusal};

    #[test]
    fn the_reasons_of_the_scheduler_are_told_apart() {
        let said = "0/4 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint {a: b}, 2 node(s) didn't match Pod's node affinity/selector. preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling.";
        assert_eq!(
            reasons(said).into_iter().map(refusal).collect::<Vec<_>>(),
            [Refusal::Resources, Refusal::Taint, Refusal::Selector]
        );
        let claim = "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found";
        assert_eq!(refusal(reasons(claim)[0]), Refusal::Claim);
        assert_eq!(refusal("1 node(s) didn't match pod anti-affinity rules"), Refusal::Spread);
        assert_eq!(refusal("1 Too many pods"), Refusal::TooManyPods);
        assert_eq!(refusal("3 node(s) were unschedulable"), Refusal::Cordoned);
        // kube-scheduler 1.34, as the testbed's says it.
        let elsewhere = "0/6 nodes are available: 1 node(s) didn't match PersistentVolume's node affinity, 1 node(s) were unschedulable, 2 node(s) didn't match Pod's node affinity/selector, 2 node(s) had untolerated taint(s). no new claims to deallocate, preemption: 0/6 nodes are available: 6 Preemption is not helpful for scheduling.";
        assert_eq!(
            reasons(elsewhere).into_iter().map(refusal).collect::<Vec<_>>(),
            [Refusal::Volume, Refusal::Cordoned, Refusal::Selector, Refusal::Taint]
        );
        assert_eq!(refusal("1 node(s) didn't match the requested node name"), Refusal::Selector);
        assert_eq!(
            refusal("node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode"),
            Refusal::Volume
        );
    }
}
