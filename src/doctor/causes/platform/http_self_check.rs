//! cert-manager does not reach its own answer to an HTTP challenge.

use super::certificates::{Chain, WaitingChallenge, of_each, waiting_challenge};
use super::for_long;
use crate::doctor::message::short;
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "http-self-check", title: "cert-manager does not reach its answer to an HTTP challenge", find };

/// What serves the answer takes so long to start.
const PATIENCE_MINUTES: i64 = 5;

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    of_each(graph, diagnosis)
}

/// cert-manager 1.21 says `Waiting for HTTP-01 challenge propagation: wrong status code '404', expected '200'`, or
/// `… failed to perform self check GET request 'http://…': …`.
pub(super) fn diagnosis(graph: &LiveGraph, chain: &Chain<'_>) -> Option<Diagnosis> {
    let waiting = waiting_challenge(graph, chain, "HTTP-01", PATIENCE_MINUTES)?;
    let WaitingChallenge { challenge, reason, since } = waiting;
    let domain = challenge.text("/spec/dnsName");
    let said = reason.split_once("propagation: ").map_or(reason, |(_, said)| said);
    // The address stands in the sentence already.
    let said = said.rsplit_once("\": ").filter(|_| said.starts_with("failed to perform")).map_or(said, |(_, why)| why);
    let fix = if said.contains("no such host") {
        "Make the domain's A or AAAA record: cert-manager finds no address for it."
    } else if said.contains("wrong status code") || said.contains("did not get expected response") {
        "Something else answers for the domain: look which Ingress class the solver has, and which controller has the domain's address."
    } else {
        "Let the domain's address be reached on port 80 from inside of the cluster too: the way back in (hairpin) is often closed; DNS-01 needs no such way."
    };
    let message = format!(
        "{} {}: http://{domain}/.well-known/acme-challenge/ gives {}",
        challenge.object.told(),
        for_long(graph.now, since, ["is not answered", "has not been answered for"]),
        short(said)
    );
    let found = Diagnosis::new(CAUSE.id, challenge.object, message)
        .seen(reason, since, format!("{} status.reason", challenge.object.told()))
        .look_at(graph.shell(
            "kubectl get ingress,pods,services -n {} -l {}",
            &[&challenge.object.namespace, "acme.cert-manager.io/http01-solver=true"],
        ))
        .look_at(graph.describe(challenge.object))
        .mended_by(Remedy::change(fix, "the Challenge is valid within a minute"))
        .documented("https://cert-manager.io/docs/troubleshooting/acme/#got-an-http-01-challenge-error");
    Some(chain.add_to(graph, found))
}
