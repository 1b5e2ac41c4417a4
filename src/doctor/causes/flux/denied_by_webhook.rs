//! An admission policy refuses an object.

use super::failure::{Failure, after, kustomizations, then_push};
use crate::doctor::Cause;
use crate::doctor::message::between;
use crate::doctor::{Diagnosis, LiveGraph};
use crate::model::ObjectRef;

pub(super) const CAUSE: Cause = Cause { id: "denied-by-webhook", title: "An admission policy refuses an object", find };

/// The API server says `admission webhook "W" denied the request: …`, and of its own policies
/// `ValidatingAdmissionPolicy 'P' with binding 'B' denied request: …`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let found = kustomizations(graph).filter_map(|failure| {
        let webhook = between(failure.message(), "admission webhook \"", "\" denied the request")
            .map(|name| (name, "webhook", "denied the request"));
        let policy = between(failure.message(), "ValidatingAdmissionPolicy '", "' with binding")
            .map(|name| (name, "policy", "denied request"));
        let standard = between(failure.message(), "violates PodSecurity \"", "\"")
            .map(|name| (name, "standard", "violates PodSecurity"));
        let (name, what, mark) = webhook.or(policy).or(standard)?;
        let at = failure.named();
        let reason = after(failure.message(), mark);
        let message = format!("{} is refused by the admission {what} {name}: {reason}", at.told());
        if what == "standard" {
            return Some(against_standard(graph, &failure, &at, name));
        }
        let look = if what == "webhook" {
            "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations"
        } else {
            "kubectl get validatingadmissionpolicies"
        };
        let found = failure
            .found_at(CAUSE.id, &at, message)
            .look_at(graph.shell(look, &[]))
            .documented("https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/");
        Some(then_push(
            graph,
            found,
            failure.object(),
            "Change the manifest so that the policy allows it, or make an exception in the policy, and push.",
        ))
    });
    found.collect()
}

/// A bare pod is refused as it is applied; those of a workload are refused to its controller (`pod-security`).
fn against_standard(graph: &LiveGraph, failure: &Failure<'_>, at: &ObjectRef, level: &str) -> Diagnosis {
    let why = after(failure.message(), &format!("violates PodSecurity \"{level}\""));
    let message =
        format!("{} is refused, because namespace {} enforces PodSecurity {level}: {why}", at.told(), at.namespace);
    let found = failure
        .found_at(CAUSE.id, at, message)
        .look_at(graph.shell("kubectl get namespace {} --show-labels", &[&at.namespace]))
        .documented("https://kubernetes.io/docs/concepts/security/pod-security-standards/");
    then_push(
        graph,
        found,
        failure.object(),
        "Set the fields of securityContext that are named; or, where the pod needs the privilege, set the label pod-security.kubernetes.io/enforce of the namespace to baseline or privileged. Then push.",
    )
}
