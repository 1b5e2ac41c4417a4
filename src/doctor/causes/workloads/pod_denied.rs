//! A policy denies pods.

use super::refusals::{self, Admission};
use crate::doctor::message::{between, short};
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause = Cause { id: "pod-denied", title: "A policy denies pods", find };

/// `admission webhook "validate.kyverno.svc-fail" denied the request: …`, or `ValidatingAdmissionPolicy 'x' with binding
/// 'y' denied request: …`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = refusals::refused(graph, Admission::Policy);
    let found = all.iter().map(|one| {
        let said = one.said.as_str();
        let who = match (between(said, "admission webhook \"", "\""), between(said, "ValidatingAdmissionPolicy '", "'"))
        {
            (Some(name), _) => format!("Admission webhook {name}"),
            (None, Some(name)) => format!("ValidatingAdmissionPolicy {name}"),
            (None, None) => "A policy".to_owned(),
        };
        let why = said
            .split_once("denied the request: ")
            .or_else(|| said.split_once("denied request: "))
            .map_or("", |(_, why)| why);
        let message = format!("{who} denies the pods of {}: {}", one.workload.told(), short(why));
        one.diagnosis(CAUSE.id, &one.workload, message)
            .look_at(graph.describe(&one.workload))
            .mended_by(Remedy::change(
                "Change the workload as the policy wants it, or except it in the policy, and push.",
                "the controller makes the pods",
            ))
            .documented("https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/")
    });
    found.collect()
}
