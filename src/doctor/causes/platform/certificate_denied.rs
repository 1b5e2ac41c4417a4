//! A request for a certificate was denied, or nobody approves it.

use super::certificates::{self, Chain, Stop, condition_is};
use super::for_long;
use crate::doctor::message::short;
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "certificate-denied", title: "A request for a certificate is not approved", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    certificates::of_each(graph, diagnosis)
}

pub(super) fn diagnosis(graph: &LiveGraph, chain: &Chain<'_>) -> Option<Diagnosis> {
    let Stop::Request(request) = &chain.stop else { return None };
    let refused =
        ["Denied", "InvalidRequest"].into_iter().find_map(|kind| Some((kind, condition_is(request, kind, "True")?)));
    let object = request.object;
    let found = match refused {
        Some((kind, condition)) => {
            let word = if kind == "Denied" { "was denied" } else { "is invalid" };
            let message = format!("{} {word}: {}", object.told(), short(condition.says()));
            Diagnosis::new(CAUSE.id, object, message)
                .seen(condition.says(), condition.at, format!("{} condition {kind}=True", object.told()))
                .mended_by(Remedy::change(
                    "Ask for what the policy allows (names, duration, issuer), or change the policy.",
                    "a new CertificateRequest with Approved True",
                ))
        }
        None if condition_is(request, "Approved", "True").is_none() && graph.is_past(request.created(), 300) => {
            let waits = for_long(graph.now, request.created(), ["waits", "has waited"]);
            Diagnosis::new(CAUSE.id, object, format!("{} {waits} for approval, and nobody approves it", object.told()))
                .seen("it has neither Approved nor Denied", request.created(), object.told())
                .mended_by(Remedy::new(
                    graph.shell("cmctl approve {} -n {}", &[&object.name, &object.namespace]),
                    "cert-manager's own approver is switched off (approver-policy, or the right to approve is missing): a policy has to fit, or somebody approves by hand.",
                    "Approved True",
                ))
        }
        None => return None,
    };
    let found = found
        .look_at(graph.describe(object))
        .documented("https://cert-manager.io/docs/usage/certificaterequest/#approval");
    Some(chain.add_to(graph, found))
}
