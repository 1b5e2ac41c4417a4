//! A certificate is not issued, and what is below it says why or nothing.

use super::certificates::{self, ACME, Chain, GROUP, Stop, condition_is};
use super::{acme_order, acme_solver, certificate_denied, dns_propagation, for_long, http_self_check};
use crate::doctor::message::short;
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause = Cause { id: "certificate-not-issued", title: "A certificate is not issued", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let chains = certificates::chains(graph);
    chains
        .iter()
        .filter(|chain| !certificates::is_late(graph.now, &chain.certificate))
        .filter_map(|chain| diagnosis(graph, chain))
        .collect()
}

/// Tells whether a cause of its own explains a certificate, or nothing has to.
pub(super) fn is_explained(graph: &LiveGraph, chain: &Chain<'_>) -> bool {
    let judges = [
        acme_solver::diagnosis,
        dns_propagation::diagnosis,
        http_self_check::diagnosis,
        acme_order::diagnosis,
        certificate_denied::diagnosis,
    ];
    matches!(chain.stop, Stop::IssuerMissing(_) | Stop::IssuerNotReady(_))
        || acme_solver::is_mended(graph, chain)
        || judges.iter().any(|judge| judge(graph, chain).is_some())
}

fn diagnosis(graph: &LiveGraph, chain: &Chain<'_>) -> Option<Diagnosis> {
    let certificate = &chain.certificate;
    if is_explained(graph, chain) {
        return None;
    }
    let (object, said) = match &chain.stop {
        Stop::Request(request) => {
            let ready = condition_is(request, "Ready", "False");
            (request.object, ready.map(|ready| ready.says()).unwrap_or_default())
        }
        Stop::Order(order) => (order.object, order.text("/status/reason")),
        Stop::Challenge(challenge) => (challenge.object, challenge.text("/status/reason")),
        _ => (
            certificate.object,
            condition_is(certificate, "Ready", "False").map(|ready| ready.says()).unwrap_or_default(),
        ),
    };
    let has_failed = chain
        .request
        .is_some_and(|request| condition_is(&request, "Ready", "False").is_some_and(|ready| ready.reason == "Failed"));
    // What failed says so at once; what only waits may come by itself.
    let is_ready = condition_is(certificate, "Ready", "True").is_some();
    if is_ready || (!has_failed && !graph.is_past(chain.begun(), chain.patience(graph, 15) * 60)) {
        return None;
    }
    let below = [(GROUP, "CertificateRequest"), (ACME, "Order"), (ACME, "Challenge")];
    let is_seen = below.iter().all(|(group, kind)| graph.is_served(group, kind).is_some());
    let why = match (said, is_seen) {
        ("", true) => "nothing below it says why".to_owned(),
        ("", false) => "what is below it may not be read".to_owned(),
        (said, _) => short(said),
    };
    let message = format!(
        "{} {}: {why}",
        certificate.object.told(),
        for_long(graph.now, chain.begun(), ["is not issued", "has not been issued for"])
    );
    let found = Diagnosis::new(CAUSE.id, object, message)
        .seen(if said.is_empty() { "no condition says why" } else { said }, chain.begun(), object.told())
        .look_at(graph.describe(object))
        .mended_by(Remedy::new(
            graph.shell(
                "kubectl logs -n {} deployment/cert-manager --tail=50",
                &[&certificates::cluster_namespace(graph)],
            ),
            "The controller of cert-manager says what it waits for.",
            "Ready True",
        ));
    Some(chain.add_to(graph, found).unless_deeper())
}
