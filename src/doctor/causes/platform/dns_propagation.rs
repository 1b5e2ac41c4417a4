//! The DNS record of a challenge is not seen.

use super::certificates::{Chain, WaitingChallenge, of_each, waiting_challenge};
use super::for_long;
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "dns-propagation", title: "The DNS record of a challenge is not seen", find };

/// The record of a slow provider takes so long.
const PATIENCE_MINUTES: i64 = 10;

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    of_each(graph, diagnosis)
}

/// cert-manager 1.21 says `Waiting for DNS-01 challenge propagation: DNS record for "…" not yet propagated`.
pub(super) fn diagnosis(graph: &LiveGraph, chain: &Chain<'_>) -> Option<Diagnosis> {
    let waiting = waiting_challenge(graph, chain, "DNS-01", PATIENCE_MINUTES)?;
    let WaitingChallenge { challenge, reason, since } = waiting;
    let domain = challenge.text("/spec/dnsName");
    let message = format!(
        "{} {} for the TXT record _acme-challenge.{domain}, which cert-manager does not see",
        challenge.object.told(),
        for_long(graph.now, since, ["waits", "has waited"])
    );
    let record = format!("_acme-challenge.{domain}");
    let found = Diagnosis::new(CAUSE.id, challenge.object, message)
        .seen(reason, since, format!("{} status.reason", challenge.object.told()))
        .look_at(crate::model::ShellLine::new("dig +short TXT {} @1.1.1.1", &[&record]))
        .look_at(graph.describe(challenge.object))
        .mended_by(Remedy::change(
            "Where the record is there from outside, the cluster's resolver answers otherwise (split horizon): give cert-manager --dns01-recursive-nameservers=1.1.1.1:53 and --dns01-recursive-nameservers-only.",
            "the Challenge is valid within a minute",
        ))
        .mended_by(Remedy::change(
            "Where it is not there, look whether the zone's name servers are those of the provider that the issuer writes to.",
            "dig shows the record",
        ))
        .documented("https://cert-manager.io/docs/configuration/acme/dns01/#setting-nameservers-for-dns01-self-check");
    Some(chain.add_to(graph, found))
}
