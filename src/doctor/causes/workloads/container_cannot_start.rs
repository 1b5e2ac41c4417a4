//! The runtime cannot start a container.

use super::pods::{self, PodFault};
use crate::doctor::message::{between, short};
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "container-cannot-start", title: "The runtime cannot start a container", find };

/// runc says `exec: "/app": stat /app: no such file or directory: unknown` and `executable file not found in $PATH`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = pods::with(graph, PodFault::CannotStart);
    let found = all.iter().map(|ill| {
        let said = ill.said.as_str();
        let program = between(said, "exec: \"", "\"").unwrap_or("the command");
        let why = if said.contains("executable file not found") || said.contains("no such file or directory") && said.contains("exec: ") {
            format!("{program} is not in the image")
        } else if said.contains("permission denied") && said.contains("exec: ") {
            format!("{program} may not be executed")
        } else {
            let (_, last) = said.rsplit_once("failed to create containerd task: ").unwrap_or(("", said));
            short(last)
        };
        let message = format!("The runtime cannot start {}: {why}", ill.of());
        ill.diagnosis(CAUSE.id, message)
            .look_at(graph.describe(ill.pod.object))
            .mended_by(Remedy::change(
                "Correct command, args, workingDir, subPath or securityContext of the container, or its image, and push.",
                "the pod is Running",
            ))
            .documented("https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/")
    });
    found.collect()
}
