//! Pods that are not well, and what is wrong with each: the deepest that its status, its events and its logs tell.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::containers::{self, Container};
use super::images::ImageFault;
use super::mounts::{is_being_made, mount_fault};
use crate::cluster::Event;
use crate::doctor::message::short;
use crate::doctor::{Diagnosis, LiveGraph, LiveObject};
use crate::kinds;
use crate::model::{ObjectRef, State};

/// Names what is wrong with a pod; each is a cause of its own, so that a pod has one root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PodFault {
    /// An image cannot be had.
    Image(ImageFault),
    /// A ConfigMap, a Secret or a key of one is missing.
    Config,
    /// The image runs as root where that is forbidden.
    NonRoot,
    /// The runtime cannot start the container.
    CannotStart,
    /// The container ends with an error again and again.
    Crash,
    /// The container ends without an error although it is to run for ever.
    Exits,
    /// The container used more memory than its limit.
    OutOfMemory,
    /// An init container fails.
    Init,
    /// An init container does not end.
    InitWaits,
    /// A liveness probe fails, so that the container is restarted.
    Liveness,
    /// A readiness probe fails.
    Readiness,
    /// A startup probe fails.
    Startup,
    /// A volume cannot be mounted.
    Mount,
    /// An NFS export cannot be mounted.
    Nfs,
    /// A volume is attached to another node.
    MultiAttach,
    /// The pod gets no network.
    Sandbox,
    /// No node takes the pod.
    Unscheduled,
    /// A scheduling gate holds the pod.
    Gated,
    /// No scheduler and no kubelet has looked at the pod.
    Unseen,
    /// The kubelet evicted the pod.
    Evicted,
    /// The pod was deleted and does not go.
    Terminating,
}

impl PodFault {
    /// Tells whether it certainly does not follow from another fault of the same pod.
    fn is_certain(self) -> bool {
        matches!(self, Self::Image(_) | Self::Config | Self::NonRoot | Self::CannotStart)
    }
}

/// Describes a pod with its fault.
pub(super) struct Ill<'a> {
    /// What an operator changes: the Deployment, `StatefulSet`, `DaemonSet`, Job, CronJob or the like of the pod, else the pod.
    pub(super) workload: ObjectRef,
    pub(super) pod: LiveObject<'a>,
    pub(super) fault: PodFault,
    /// The container; of a fault of the whole pod it has no name.
    pub(super) container: Container<'a>,
    /// What was said about it, as it stands there.
    pub(super) said: String,
    pub(super) at: Option<Timestamp>,
    /// Where that was read.
    pub(super) from: String,
}

impl Ill<'_> {
    /// Starts the diagnosis, with what was said as its evidence.
    pub(super) fn diagnosis(&self, cause: &'static str, message: impl Into<String>) -> Diagnosis {
        let found = Diagnosis::new(cause, &self.workload, message).explaining([self.pod.object.clone()]);
        if self.said.trim().is_empty() { found } else { found.seen(self.said.trim(), self.at, &self.from) }
    }

    /// Names the container for a sentence.
    pub(super) fn of(&self) -> String {
        let what = if self.container.is_init { "init container" } else { "container" };
        format!("{what} {} of {}", self.container.name(), self.workload.told())
    }
}

/// Finds the pods with a fault. Those on a node that does not answer say nothing: the node is at fault.
pub(super) fn ill(graph: &LiveGraph, wanted: impl Fn(PodFault) -> bool) -> Vec<Ill<'_>> {
    let mut found: Vec<Ill<'_>> = Vec::new();
    for (workload, pod) in graph.unwell_pods(|| unwell(graph)).iter() {
        let Some(pod) = graph.peek(pod) else { continue };
        let faults = faults(graph, pod);
        let has_certain = faults.iter().any(|one| one.fault.is_certain());
        let told = faults.into_iter().filter(|one| one.fault.is_certain() || !has_certain);
        let told = told.take(if has_certain { usize::MAX } else { 1 }).filter(|one| wanted(one.fault));
        found.extend(told.map(|one| Ill { workload: workload.clone(), ..one }));
    }
    found
}

/// Finds the pods with exactly this fault.
pub(super) fn with(graph: &LiveGraph, fault: PodFault) -> Vec<Ill<'_>> {
    ill(graph, |one| one == fault)
}

/// The pods beyond which one of each workload and status is looked at.
const MANY_PODS: usize = 100;

/// Collects pods that are not ready, with their workloads: of each workload two for each status, so that a large one
/// costs no more than a small one; where there are many, one.
fn unwell(graph: &LiveGraph) -> Vec<(ObjectRef, ObjectRef)> {
    let mut pods: Vec<(ObjectRef, LiveObject<'_>)> = Vec::new();
    for kind in kinds::WORKLOADS {
        for live in graph.not_ready(kind.group, kind.kind) {
            pods.extend(graph.pods_of(&live).into_iter().map(|pod| (live.object.clone(), pod)));
        }
    }
    let not_running = graph.selected("", "Pod", "status.phase!=Running,status.phase!=Succeeded");
    pods.extend(not_running.map(|pod| (workload_of(graph, &pod), pod)));
    let mut seen: BTreeSet<ObjectRef> = BTreeSet::new();
    let mut alike: BTreeMap<(ObjectRef, String), usize> = BTreeMap::new();
    // Each pod costs a request for its events and one for its log.
    pods.retain(|(_, pod)| graph.row(pod.object).is_some_and(|row| row.state != State::Ready));
    let most = if pods.len() > MANY_PODS { 1 } else { 2 };
    pods.retain(|(workload, pod)| {
        let Some(row) = graph.row(pod.object) else { return false };
        if !seen.insert(pod.object.clone()) || is_on_lost_node(graph, pod) {
            return false;
        }
        let status = row.cells.get(1).map(ToString::to_string).unwrap_or_default();
        let count = alike.entry((workload.clone(), status)).or_default();
        *count += 1;
        *count <= most
    });
    pods.into_iter().map(|(workload, pod)| (workload, pod.object.clone())).collect()
}

/// Names what an operator changes to change a pod. A `ReplicaSet`'s name is that of its Deployment and a hash.
pub(super) fn workload_of(graph: &LiveGraph, pod: &LiveObject<'_>) -> ObjectRef {
    let Some(owner) = pod.owner() else { return pod.object.clone() };
    match owner.kind.as_str() {
        "ReplicaSet" if owner.group == "apps" => {
            let end = format!("-{}", pod.label("pod-template-hash"));
            match owner.name.strip_suffix(end.as_str()) {
                Some(name) if end.len() > 1 => ObjectRef::new("Deployment", "apps", &owner.namespace, name),
                _ => owner,
            }
        }
        "Job" if owner.group == "batch" => job_or_cron_job(graph, owner),
        // A static pod is a file on its node.
        "Node" => pod.object.clone(),
        _ => owner,
    }
}

/// Names the CronJob that made a Job; its Jobs come and go.
pub(super) fn job_or_cron_job(graph: &LiveGraph, job: ObjectRef) -> ObjectRef {
    let is_read = graph.is_listed("batch", "Job");
    let found = graph.peek(&job).filter(|_| is_read).and_then(|one| one.owner());
    found.filter(|owner| owner.kind == "CronJob").unwrap_or(job)
}

/// Tells whether a pod is on a node that is not ready, which the node's own cause tells.
fn is_on_lost_node(graph: &LiveGraph, pod: &LiveObject<'_>) -> bool {
    let name = pod.text("/spec/nodeName");
    graph.is_listed("", "Node") && graph.peek(&ObjectRef::new("Node", "", "", name)).is_some_and(|node| is_lost(&node))
}

/// Tells whether a node is not ready.
pub(super) fn is_lost(node: &LiveObject<'_>) -> bool {
    node.condition("Ready").is_some_and(|ready| ready.status != "True")
}

/// Finds the newest event of a pod with one of these reasons whose message fits; a pod of a `StatefulSet` has the name of
/// its predecessor, whose events are none of its own.
pub(super) fn event<'a>(
    graph: &'a LiveGraph,
    pod: &LiveObject<'_>,
    reasons: &[&str],
    fits: impl Fn(&str) -> bool,
) -> Option<&'a Event> {
    let created = pod.created();
    let is_own = |event: &&Event| event.at.zip(created).is_none_or(|(at, created)| at >= created);
    let events = graph.events(pod.object).iter().rev().filter(is_own);
    events.into_iter().find(|event| reasons.contains(&event.reason.as_str()) && fits(&event.message))
}

/// A scheduler, and the controller of a gate, is sooner, unless it waits for something.
const GATED_SECONDS: i64 = 120;

/// Finds what is wrong with a pod: with each of its containers, else with the whole.
fn faults<'a>(graph: &'a LiveGraph, pod: LiveObject<'a>) -> Vec<Ill<'a>> {
    let ill = |fault, container, said: &str, at, from: String| Ill {
        workload: pod.object.clone(),
        pod,
        fault,
        container,
        said: said.to_owned(),
        at,
        from,
    };
    let whole = |fault, said: &str, at, from: &str| vec![ill(fault, Container::NONE, said, at, from.to_owned())];
    let told = pod.object.told();
    if pod.is_deleting() {
        // The time of deletion is the end of the grace period.
        let until = pod.time("/metadata/deletionTimestamp");
        if !graph.is_past(until, 120) {
            return Vec::new();
        }
        let said = format!("metadata.deletionTimestamp: {}", pod.text("/metadata/deletionTimestamp"));
        return whole(PodFault::Terminating, &said, until, &told);
    }
    match (pod.text("/status/phase"), pod.text("/status/reason")) {
        ("Failed", "Evicted") => {
            let at = pod.time("/status/startTime").or(pod.created());
            return whole(PodFault::Evicted, pod.text("/status/message"), at, &format!("{told} status"));
        }
        // Of a Job; or a pod that its controller replaces.
        ("Failed" | "Succeeded", _) => return Vec::new(),
        _ => {}
    }
    if let Some(condition) = pod.condition("PodScheduled").filter(|one| one.status == "False") {
        let from = format!("{told} condition PodScheduled=False");
        // The controller of a gate takes it away in its time.
        let is_gated = condition.reason == "SchedulingGated" && graph.is_past(pod.created(), GATED_SECONDS);
        let fault = match condition.reason.as_str() {
            "Unschedulable" => PodFault::Unscheduled,
            "SchedulingGated" if is_gated => PodFault::Gated,
            _ => return Vec::new(),
        };
        return whole(fault, &condition.message, condition.last_transition_time, &from);
    }
    let is_unseen = pod.text("/status/phase") == "Pending" && pod.items("/status/conditions").is_empty();
    if is_unseen && graph.is_past(pod.created(), GATED_SECONDS) {
        return whole(PodFault::Unseen, "status has no conditions", pod.created(), &told);
    }
    let mut found: Vec<Ill<'a>> = Vec::new();
    for container in containers::of(&pod) {
        if let Some((fault, said, at, from)) = containers::fault(graph, &pod, &container) {
            found.push(ill(fault, container, &said, at, from));
        }
    }
    if found.is_empty()
        && is_being_made(&pod)
        && let Some((fault, event)) = mount_fault(graph, &pod)
    {
        found = whole(fault, &event.message, event.at, &format!("event {} of {told}", event.reason));
    }
    found
}

/// Joins diagnoses with one key into the first of them, which explains the objects of the others too.
pub(super) fn joined(found: impl IntoIterator<Item = (String, Diagnosis)>) -> Vec<Diagnosis> {
    let mut kept: Vec<(String, Diagnosis)> = Vec::new();
    for (key, diagnosis) in found {
        match kept.iter_mut().find(|(known, _)| *known == key) {
            Some((_, first)) => {
                first.explains.extend(diagnosis.explains);
                if diagnosis.object != first.object {
                    first.explains.push(diagnosis.object);
                    first.evidence.extend(diagnosis.evidence.into_iter().take(1));
                }
            }
            None => kept.push((key, diagnosis)),
        }
    }
    kept.into_iter().map(|(_, diagnosis)| diagnosis).collect()
}

/// Writes the first words of what was said after a colon; nothing where nothing was said.
pub(super) fn after_colon(said: &str) -> String {
    match short(said) {
        said if said.is_empty() => String::new(),
        said => format!(": {said}"),
    }
}
