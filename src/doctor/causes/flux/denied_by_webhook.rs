//! An admission policy refuses an object.

use super::failure::{after, kustomizations, then_push};
use crate::doctor::Cause;
use crate::doctor::message::between;
use crate::doctor::{Diagnosis, LiveGraph};

pub(super) const CAUSE: Cause = Cause { id: "denied-by-webhook", title: "An admission policy refuses an object", find };

/// The API server says `admission webhook "W" denied the request: …`, and of its own policies
/// `ValidatingAdmissionPolicy 'P' with binding 'B' denied request: …`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let found = kustomizations(graph).filter_map(|failure| {
        let webhook = between(failure.message(), "admission webhook \"", "\" denied the request")
            .map(|name| (name, "webhook", "denied the request"));
        let policy = between(failure.message(), "ValidatingAdmissionPolicy '", "' with binding")
            .map(|name| (name, "policy", "denied request"));
        let (name, what, mark) = webhook.or(policy)?;
        let at = failure.named();
        let reason = after(failure.message(), mark);
        let message = format!("{} is refused by the admission {what} {name}: {reason}", at.told());
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
