//! A policy refuses an object of a chart.

use super::failure::{WhyFailed, failures};
use crate::doctor::Cause;
use crate::doctor::message::{between, short};
use crate::doctor::{Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "release-denied-by-policy", title: "A policy refuses an object of a chart", find };

/// The API server: `admission webhook "NAME" denied the request: WHY`, `ValidatingAdmissionPolicy 'NAME' with binding
/// 'BINDING' denied request: WHY`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let found = failures(graph, WhyFailed::Policy).map(|failure| {
        let said = &failure.said;
        let webhook = between(said, "admission webhook \"", "\"").map(|name| format!("admission webhook {name}"));
        let policy =
            between(said, "ValidatingAdmissionPolicy '", "'").map(|name| format!("ValidatingAdmissionPolicy {name}"));
        let who = webhook.or(policy).unwrap_or_else(|| "admission".to_owned());
        let why = said.split_once("denied the request: ").or_else(|| said.split_once("denied request: "));
        let why = why.map_or_else(|| failure.words(), |(_, why)| short(why));
        let object = failure.refused().map(|(kind, name)| format!(" {kind} {name}")).unwrap_or_default();
        failure
            .diagnosis(graph, CAUSE.id, &format!("{who} refuses{object}: {why}"))
            .look_at(graph.shell(
                "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations,validatingadmissionpolicies",
                &[],
            ))
            .mended_by(Remedy::change(
                "Change the values so that the object keeps the policy; or the policy, if it is wrong about this one.",
                "Ready True",
            ))
            .documented("https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/")
    });
    found.collect()
}
