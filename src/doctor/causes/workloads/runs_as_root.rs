//! An image runs as root where its pod forbids that.

use super::pods::{self, PodFault};
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "runs-as-root", title: "An image runs as root, and its pod forbids that", find };

/// The kubelet says `container has runAsNonRoot and image will run as root`, or that the image's user is no number.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = pods::with(graph, PodFault::NonRoot);
    let found = all.iter().map(|ill| {
        let image = ill.container.image();
        let why = if ill.said.contains("non-numeric user") {
            format!("image {image} names its user by a word, which the kubelet cannot check")
        } else {
            format!("image {image} would run as root")
        };
        ill.diagnosis(CAUSE.id, format!("runAsNonRoot forbids the start of {}: {why}", ill.of()))
            .look_at(graph.yaml(ill.pod.object))
            .mended_by(Remedy::change(
                "Set securityContext.runAsUser to the number of a user that the image works with, and push.",
                "the pod is Running",
            ))
            .documented("https://kubernetes.io/docs/tasks/configure-pod-container/security-context/")
    });
    found.collect()
}
