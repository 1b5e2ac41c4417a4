//! The ACME server refuses an order, or no solver fits it.

use super::certificates::{self, Chain, Stop};
use crate::doctor::message::short;
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause = Cause { id: "acme-order-failed", title: "An ACME order failed", find };

/// What ACME servers say (RFC 8555, section 6.7, and Let's Encrypt's words), and what mends it.
const REASONS: &[(&[&str], &str, &str)] = &[
    (
        &["rateLimited", "too many certificates", "too many new orders", "too many failed authorizations"],
        "the ACME server's rate limit is reached",
        "Wait until the time that the message names, and try with the staging server of the authority meanwhile; do not delete the Certificate, which asks for a new one.",
    ),
    (
        &["CAA record", "urn:ietf:params:acme:error:caa"],
        "the domain's CAA record does not allow this authority",
        "Add the authority to the CAA record of the domain, or remove the record.",
    ),
    (
        &["NXDOMAIN", "SERVFAIL", "urn:ietf:params:acme:error:dns", "DNS problem"],
        "the ACME server does not find the domain's record",
        "Look whether the zone is delegated to the name servers that the issuer writes to.",
    ),
    (
        &["rejectedIdentifier", "forbidden by policy"],
        "the authority issues no certificate for this name",
        "Ask for a public domain name that the authority accepts.",
    ),
    (
        &["Incorrect TXT record", "unauthorized", "Invalid response from"],
        "the ACME server saw another answer than the expected one",
        "Look who answers for the domain: an old record, another Ingress, a proxy in front of it.",
    ),
    (
        &["Timeout during connect", "Connection refused", "urn:ietf:params:acme:error:connection"],
        "the ACME server does not reach the domain",
        "Let the domain's address be reached from the internet on port 80, or use DNS-01.",
    ),
];

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    certificates::of_each(graph, diagnosis)
}

pub(super) fn diagnosis(graph: &LiveGraph, chain: &Chain<'_>) -> Option<Diagnosis> {
    let (live, reason) = match &chain.stop {
        Stop::Challenge(challenge) if certificates::is_failed(challenge.text("/status/state")) => {
            (challenge, challenge.text("/status/reason").to_owned())
        }
        Stop::Order(order) if certificates::is_failed(order.text("/status/state")) => {
            (order, order.text("/status/reason").to_owned())
        }
        Stop::Order(order) => {
            // An order that no solver fits stays pending and has no challenge: only an event says why.
            let is_settled = graph.is_past(order.created(), 120);
            let event = graph.event(order.object, &["Solver"]).filter(|_| is_settled)?;
            return Some(no_solver(graph, chain, &event.message));
        }
        _ => return None,
    };
    let names = chain.names().join(", ");
    let known = REASONS.iter().find(|(words, ..)| words.iter().any(|word| reason.contains(word)));
    let why = match known {
        Some((_, why, _)) => format!("{why} ({})", short(&reason)),
        None if reason.is_empty() => "it names no reason".to_owned(),
        None => short(&reason),
    };
    let state = live.text("/status/state");
    let message = format!("{} for {names} is {state}: {why}", live.object.told());
    let fix = known.map_or(
        "Mend what the reason names; a failed order is not tried again, but a new one is made after an hour or more.",
        |(_, _, fix)| fix,
    );
    let at = live.time("/status/failureTime").or(live.created());
    let text = format!("status.state: {state} {reason}");
    let found = Diagnosis::new(CAUSE.id, live.object, message)
        .seen(text.trim_end(), at, live.object.told())
        .look_at(graph.describe(live.object))
        .mended_by(Remedy::change(fix, "a new CertificateRequest becomes Ready"));
    Some(
        chain
            .add_to(graph, again(graph, chain, found))
            .documented("https://cert-manager.io/docs/troubleshooting/acme/"),
    )
}

fn no_solver(graph: &LiveGraph, chain: &Chain<'_>, said: &str) -> Diagnosis {
    let names = chain.names().join(", ");
    let object = chain.order.unwrap_or(chain.certificate).object;
    let issuer = certificates::issuer_of(&chain.certificate).map(|issuer| issuer.told()).unwrap_or_default();
    let found = Diagnosis::new(CAUSE.id, object, format!("No solver of {issuer} fits {names}: {}", short(said)))
        .seen(said, chain.begun(), format!("events of {}", object.told()))
        .look_at(graph.describe(object))
        .mended_by(Remedy::change(
            "Give the issuer a solver whose selector (dnsZones, dnsNames, matchLabels) fits the names; a wildcard needs DNS-01.",
            "the Order has Challenges",
        ));
    chain.add_to(graph, found)
}

/// Adds what makes cert-manager try at once.
fn again(graph: &LiveGraph, chain: &Chain<'_>, found: Diagnosis) -> Diagnosis {
    let Some(request) = chain.request else { return found };
    found.mended_by(Remedy::new(
        graph.shell("kubectl delete certificaterequest {} -n {}", &[&request.object.name, &request.object.namespace]),
        "Only once the cause is mended, and never at a rate limit: without the failed request cert-manager asks anew at once.",
        "a new CertificateRequest and Order, and Ready True",
    ))
}
