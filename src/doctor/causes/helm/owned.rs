//! What a release installed, and whether it is well.

use crate::doctor::{LiveGraph, LiveObject};
use crate::kinds;
use crate::model::{Kind, ObjectRef, State};

/// Finds the workloads of a release.
pub(super) fn workloads<'a>(graph: &'a LiveGraph, release: &ObjectRef) -> Vec<LiveObject<'a>> {
    // Each kind is asked for, so that all are read in one round.
    let of_kind = |kind: &&'static Kind| graph.released(release, kind.group, kind.kind).collect::<Vec<_>>();
    kinds::WORKLOADS.iter().flat_map(of_kind).collect()
}

/// Tells whether a workload is as it should be.
pub(super) fn is_ready(graph: &LiveGraph, workload: &LiveObject<'_>) -> bool {
    graph.row(workload.object).is_some_and(|row| row.state == State::Ready)
}

/// Finds what helm waits for in a release, each with what it lacks: workloads, Jobs, claims, addresses.
pub(super) fn unready(graph: &LiveGraph, release: &ObjectRef) -> Vec<(ObjectRef, String)> {
    let mut found = Vec::new();
    for workload in workloads(graph, release).iter().filter(|workload| !is_ready(graph, workload)) {
        let said = graph.row(workload.object).map(|row| row.message.to_string()).unwrap_or_default();
        let wanted = workload.number("/spec/replicas").or_else(|| workload.number("/status/desiredNumberScheduled"));
        let ready = workload.number("/status/readyReplicas").or_else(|| workload.number("/status/numberReady"));
        let count = wanted.map(|wanted| format!("{} of {wanted} ready", ready.unwrap_or(0)));
        found.push((workload.object.clone(), count.unwrap_or(said)));
    }
    for claim in graph.released(release, "", "PersistentVolumeClaim") {
        if claim.text("/status/phase") == "Pending" {
            found.push((claim.object.clone(), "Pending".to_owned()));
        }
    }
    for service in graph.released(release, "", "Service") {
        let waits =
            service.text("/spec/type") == "LoadBalancer" && service.items("/status/loadBalancer/ingress").is_empty();
        if waits {
            found.push((service.object.clone(), "no address".to_owned()));
        }
    }
    for job in graph.released(release, "batch", "Job") {
        let is_done = job.condition("Complete").is_some_and(|condition| condition.status == "True");
        if !is_done && !job.is_true("/spec/suspend") {
            found.push((job.object.clone(), "not complete".to_owned()));
        }
    }
    found
}
