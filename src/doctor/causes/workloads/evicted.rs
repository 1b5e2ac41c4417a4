//! The kubelet evicted pods.

use std::collections::BTreeMap;

use super::pods::{self, Ill, PodFault};
use crate::doctor::message::short;
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};
use crate::model::{ObjectRef, State};

pub(super) const CAUSE: Cause = Cause { id: "evicted", title: "Pods were evicted", find };

/// The kubelet says `The node was low on resource: memory. …`, or `Pod ephemeral local storage usage exceeds the total
/// limit of containers 1Gi.`; evicted pods stay as they are until somebody deletes them.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let mut by_workload: BTreeMap<ObjectRef, Vec<Ill<'_>>> = BTreeMap::new();
    for ill in pods::with(graph, PodFault::Evicted) {
        by_workload.entry(ill.workload.clone()).or_default().push(ill);
    }
    by_workload.into_iter().filter_map(|(workload, all)| diagnosis(graph, &workload, &all)).collect()
}

fn diagnosis(graph: &LiveGraph, workload: &ObjectRef, all: &[Ill<'_>]) -> Option<Diagnosis> {
    let newest = all.iter().max_by_key(|ill| evicted_at(graph, ill))?;
    // Of a workload that may not be read, an eviction of long ago says nothing.
    let is_well = graph.row(workload).map_or_else(|| workload.kind != "Pod", |row| row.state == State::Ready);
    if is_well && graph.is_past(evicted_at(graph, newest).or(newest.at), 3600) {
        return None;
    }
    let (name, namespace) = (&newest.pod.object.name, &newest.pod.object.namespace);
    let node = newest.pod.text("/spec/nodeName");
    let message = format!("Pods of {} are evicted from node {node}: {}", workload.told(), short(&newest.said));
    let mut found = newest.diagnosis(CAUSE.id, message).explaining(all.iter().map(|ill| ill.pod.object.clone()));
    if is_well {
        found = found.warning();
    }
    let uses_disk = newest.said.contains("storage");
    Some(
        found
            .look_at(graph.describe(newest.pod.object))
            .look_at(graph.shell("kubectl describe node {}", &[node]))
            .mended_by(Remedy::change(
                if uses_disk {
                    "Make it write less to its own disk, raise its limit of ephemeral-storage, or give it a volume, and push."
                } else {
                    "Give it requests that are near to what it uses, so that it is not the first to go, and push."
                },
                "no new pod is Evicted",
            ))
            .mended_by(
                Remedy::new(
                    graph.shell("kubectl delete pod {} -n {}", &[name, namespace]),
                    "An evicted pod stays in the list although nothing runs in it.",
                    "the list has no pod that is Evicted",
                )
                .by("delete", newest.pod.object),
            )
            .documented("https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/"),
    )
}

/// Finds when a pod was evicted: by its event, else by its condition.
fn evicted_at(graph: &LiveGraph, ill: &Ill<'_>) -> Option<jiff::Timestamp> {
    let condition = ill.pod.condition("DisruptionTarget").and_then(|one| one.last_transition_time);
    condition.or_else(|| graph.event(ill.pod.object, &["Evicted"]).and_then(|event| event.at)).or(ill.at)
}
