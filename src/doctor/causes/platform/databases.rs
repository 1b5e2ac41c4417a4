//! What the causes about CloudNativePG share (postgresql.cnpg.io/v1, CloudNativePG 1.25 to 1.28).

use crate::doctor::{LiveGraph, LiveObject, Lookup};
use crate::model::ObjectRef;

use super::PlainCondition;

pub(super) const GROUP: &str = "postgresql.cnpg.io";
pub(super) const HEALTHY: &str = "Cluster in healthy state";
pub(super) const SETS_UP: &str = "Setting up primary";
pub(super) const NO_SPACE: &str = "Not enough disk space";

/// Iterates over the database clusters that should run: neither deleted nor hibernated.
pub(super) fn clusters(graph: &LiveGraph) -> impl Iterator<Item = LiveObject<'_>> {
    let all = graph.all(GROUP, "Cluster");
    all.filter(|cluster| !cluster.is_deleting() && cluster.annotation("cnpg.io/hibernation") != "on")
}

/// Returns what the operator says of a cluster.
pub(super) fn phase<'a>(cluster: &LiveObject<'a>) -> &'a str {
    cluster.text("/status/phase")
}

/// Returns a condition by its type.
pub(super) fn condition<'a>(cluster: &LiveObject<'a>, kind: &str) -> Option<PlainCondition<'a>> {
    PlainCondition::of(cluster.value.pointer("/status/conditions"), kind)
}

/// Names a pod of a cluster.
pub(super) fn pod(cluster: &LiveObject<'_>, name: &str) -> ObjectRef {
    cluster.beside("Pod", "", name)
}

/// Tells whether an instance's pod is ready; `None` while that is unknown.
pub(super) fn is_pod_ready(graph: &LiveGraph, pod: &ObjectRef) -> Option<bool> {
    match graph.get(pod) {
        Lookup::Found(live) => {
            let ready = PlainCondition::of(live.value.pointer("/status/conditions"), "Ready");
            Some(!live.is_deleting() && ready.is_some_and(|ready| ready.status == "True"))
        }
        Lookup::Absent => Some(false),
        Lookup::Unknown => None,
    }
}

/// Tells whether a primary that does not run holds a cluster up: its operator looks for another one then.
pub(super) fn lost_primary<'a>(graph: &LiveGraph, cluster: &LiveObject<'a>) -> Option<&'a str> {
    let primary = cluster.text("/status/currentPrimary");
    let is_well = phase(cluster) == HEALTHY && condition(cluster, "Ready").is_none_or(|ready| ready.status == "True");
    if primary.is_empty() || is_well || matches!(phase(cluster), SETS_UP | NO_SPACE) {
        return None;
    }
    // The pod is asked for only where the operator says that something is wrong.
    (is_pod_ready(graph, &pod(cluster, primary)) == Some(false)).then_some(primary)
}

/// Says what the operator says: the phase, and its reason.
pub(super) fn said(cluster: &LiveObject<'_>) -> String {
    match cluster.text("/status/phaseReason") {
        "" => phase(cluster).to_owned(),
        reason => format!("{}: {reason}", phase(cluster)),
    }
}

/// Returns the last line of a container's log that tells of an error, in the operator's JSON or in plain words.
pub(super) fn last_error<'a>(graph: &'a LiveGraph, pod: &ObjectRef, container: &str) -> Option<&'a str> {
    let lines = graph.log(pod, container, false).iter().rev();
    let mut errors = lines.filter(|line| {
        let line = line.to_lowercase();
        ["error", "fatal", "could not", "failed"].iter().any(|word| line.contains(word))
    });
    errors.next().map(String::as_str)
}
