//! An issuer of certificates is not ready.

use super::certificates::{self, GROUP, Stop, condition_is};
use super::{for_long, is_there, secret};
use crate::doctor::message::short;
use crate::doctor::{Cause, Diagnosis, LiveGraph, LiveObject, Remedy};

pub(super) const CAUSE: Cause = Cause { id: "issuer-not-ready", title: "An issuer of certificates is not ready", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let chains = certificates::chains(graph);
    let issuers = ["ClusterIssuer", "Issuer"].into_iter().flat_map(|kind| graph.all(GROUP, kind));
    let at_fault = issuers.filter(|issuer| !issuer.is_deleting() && certificates::is_not_ready(issuer));
    let found = at_fault.filter_map(|issuer| {
        let mut found = diagnosis(graph, &issuer)?;
        for chain in &chains {
            if matches!(&chain.stop, Stop::IssuerNotReady(one) if one.object == issuer.object) {
                found = found.explaining(chain.links());
            }
        }
        Some(found)
    });
    found.collect()
}

fn diagnosis(graph: &LiveGraph, issuer: &LiveObject<'_>) -> Option<Diagnosis> {
    let ready = condition_is(issuer, "Ready", "False").or_else(|| condition_is(issuer, "Ready", "Unknown"))?;
    let since = ready.at.or(issuer.created());
    if !graph.is_past(since, 60) {
        return None;
    }
    let object = issuer.object;
    let namespace = match object.namespace.as_str() {
        "" => certificates::cluster_namespace(graph),
        namespace => namespace.to_owned(),
    };
    let name = issuer.text("/spec/ca/secretName");
    let own = (!name.is_empty()).then_some((name, "")).into_iter();
    let refs = issuer.value.get("spec").map(certificates::secret_refs).unwrap_or_default();
    let says = ready.says();
    // A solver's Secret is asked for only when a challenge is: it does not hold up the issuer.
    let named = own.chain(refs).filter(|(name, _)| says.contains(name));
    let missing = named.map(|(name, _)| secret(&namespace, name)).find(|one| is_there(&graph.get(one)) == Some(false));
    let (why, fix) = match (&missing, says) {
        (Some(secret), _) => (
            format!("{} is missing", secret.told()),
            "Add the Secret, in the namespace of a namespaced issuer and in that of cert-manager for a ClusterIssuer."
                .to_owned(),
        ),
        (None, says) => (short(says), fix_of(says, issuer.text("/spec/acme/server"))),
    };
    let message =
        format!("{} {}: {why}", object.told(), for_long(graph.now, since, ["is not ready", "has not been ready for"]));
    let text = format!("{}: {}", ready.reason, ready.message);
    let mut found = Diagnosis::new(CAUSE.id, object, message).look_at(graph.describe(object)).seen(
        text,
        ready.at,
        format!("{} condition Ready={}", object.told(), ready.status),
    );
    if let Some(secret) = missing {
        found = found
            .seen(format!("{} is not there", secret.told()), None, "the API server")
            .look_at(graph.shell("kubectl get secret {} -n {}", &[&secret.name, &secret.namespace]));
    }
    Some(found.mended_by(Remedy::change(fix, "Ready True")).documented(
        if issuer.value.pointer("/spec/acme").is_some() {
            "https://cert-manager.io/docs/troubleshooting/acme/"
        } else {
            "https://cert-manager.io/docs/configuration/"
        },
    ))
}

/// Says what mends an issuer (cert-manager 1.21, `pkg/issuer/acme/setup.go`).
fn fix_of(says: &str, server: &str) -> String {
    let any = |words: &[&str]| words.iter().any(|word| says.contains(word));
    if any(&["no such host", "connection refused", "i/o timeout", "deadline exceeded", "network is unreachable"]) {
        return format!(
            "cert-manager cannot reach {server}: mend spec.acme.server, the cluster's DNS, or the way out of its pods."
        );
    }
    if any(&["x509"]) {
        return format!("Give the authority of {server} in spec.acme.caBundle.");
    }
    if any(&["invalidContact", "invalid contact", "contact email"]) {
        return "Give an address in spec.acme.email that the ACME server takes.".to_owned();
    }
    if any(&["External Account Binding", "externalAccountRequired"]) {
        return "Give the account's key id and Secret in spec.acme.externalAccountBinding.".to_owned();
    }
    if any(&["rateLimited"]) {
        return "Wait: the ACME server refuses more accounts for now; keep the Secret of the account's key.".to_owned();
    }
    "Mend what the message names; cert-manager tries again by itself.".to_owned()
}
