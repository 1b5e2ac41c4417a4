//! A container used more memory than its limit.

use super::containers;
use super::pods::{self, PodFault};
use crate::doctor::live::text;
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "out-of-memory", title: "A container is killed for its use of memory", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = pods::with(graph, PodFault::OutOfMemory);
    let found = all.iter().map(|ill| {
        let limit = text(ill.container.spec, "/resources/limits/memory");
        let request = text(ill.container.spec, "/resources/requests/memory");
        let mut what = ill.of();
        if let Some(first) = what.get(..1).map(str::to_uppercase) {
            what = format!("{first}{}", what.get(1..).unwrap_or_default());
        }
        let node = ill.pod.text("/spec/nodeName");
        let message = match limit {
            "" => format!("{what} is killed (OOMKilled): it has no limit, so memory on node {node} ran out"),
            limit => format!("{what} is killed (OOMKilled): it uses more than its memory limit {limit}"),
        };
        let (name, namespace) = (&ill.pod.object.name, &ill.pod.object.namespace);
        let from = format!("{} container {}", ill.pod.object.told(), ill.container.name());
        let resources = match limit {
            "" => format!("resources.requests.memory: {}", if request.is_empty() { "none" } else { request }),
            limit => format!("resources.limits.memory: {limit}"),
        };
        ill.diagnosis(CAUSE.id, message)
            .seen(resources, None, &from)
            .seen(format!("restartCount: {}", ill.container.restarts()), None, from)
            .seen_all(containers::log_evidence(graph, ill.pod.object, &ill.container))
            .look_at(graph.shell("kubectl top pod {} -n {} --containers", &[name, namespace]))
            .look_at(graph.describe(ill.pod.object))
            .mended_by(Remedy::change(
                match limit {
                    "" => "Give it requests and a limit of memory that fit the node, and push.".to_owned(),
                    limit => format!("Raise resources.limits.memory above {limit} (and the request with it), or make it use less, and push."),
                },
                "no OOMKilled in the last state of the new pods",
            ))
            .documented("https://kubernetes.io/docs/tasks/configure-pod-container/assign-memory-resource/")
    });
    found.collect()
}
