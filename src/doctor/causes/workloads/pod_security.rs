//! The Pod Security Standard of a namespace refuses pods.

use super::refusals::{self, Admission};
use crate::doctor::message::{between, short};
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "pod-security", title: "The namespace's Pod Security Standard refuses pods", find };

/// `pods "web-" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (…), …`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = refusals::refused(graph, Admission::PodSecurity);
    let found = all.iter().map(|one| {
        let namespace = &one.workload.namespace;
        let level = between(&one.said, "violates PodSecurity \"", "\"").unwrap_or_default();
        let why = one.said.split_once("\": ").filter(|(before, _)| before.contains("PodSecurity")).map_or("", |(_, why)| why);
        let message = format!("Namespace {namespace} enforces PodSecurity {level}, and pods of {} violate it: {}", one.workload.told(), short(why));
        one.diagnosis(CAUSE.id, &one.workload, message)
            .look_at(graph.shell("kubectl get namespace {} --show-labels", &[namespace]))
            .mended_by(Remedy::change(
                "Set the fields of securityContext that are named, and push.",
                "the controller makes the pods",
            ))
            .mended_by(Remedy::change(
                "Or, where the pods need the privilege, set the label pod-security.kubernetes.io/enforce of the namespace to baseline or privileged.",
                "the controller makes the pods",
            ))
            .documented("https://kubernetes.io/docs/concepts/security/pod-security-standards/")
    });
    found.collect()
}
