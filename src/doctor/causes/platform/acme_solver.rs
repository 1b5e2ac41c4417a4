//! cert-manager cannot present a challenge: the credentials of its DNS provider, or their zone.

use super::certificates::{self, Chain, Stop};
use super::{is_there, secret};
use crate::doctor::message::short;
use crate::doctor::{Cause, Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::model::ObjectRef;

pub(super) const CAUSE: Cause =
    Cause { id: "acme-solver-credentials", title: "An issuer cannot answer a challenge with its credentials", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    certificates::of_each(graph, diagnosis)
}

/// Says what is wrong, and what mends it.
struct Verdict {
    why: String,
    fix: String,
    /// Whether the words are known, so that nothing has to be waited for.
    is_sure: bool,
    secret: Option<ObjectRef>,
}

pub(super) fn diagnosis(graph: &LiveGraph, chain: &Chain<'_>) -> Option<Diagnosis> {
    let Stop::Challenge(challenge) = &chain.stop else { return None };
    let reason = challenge.text("/status/reason");
    let is_over = certificates::is_failed(challenge.text("/status/state"));
    if reason.is_empty() || is_over || challenge.is_true("/status/presented") || is_mended(graph, chain) {
        return None;
    }
    let issuer = certificates::issuer_of(challenge)?;
    let domain = challenge.text("/spec/dnsName");
    let verdict = verdict(graph, challenge, &issuer, reason);
    if !verdict.is_sure && !graph.is_past(challenge.created(), chain.patience(graph, 5) * 60) {
        return None;
    }
    let message = format!("{} cannot prove {domain}: {}", issuer.told(), verdict.why);
    let mut found = Diagnosis::new(CAUSE.id, &issuer, message)
        .seen(reason, challenge.created(), format!("{} status.reason", challenge.object.told()))
        .look_at(graph.describe(challenge.object));
    if let Some(secret) = &verdict.secret {
        found = found.look_at(graph.shell("kubectl get secret {} -n {}", &[&secret.name, &secret.namespace]));
    }
    let found = found
        .mended_by(Remedy::change(verdict.fix, "the Challenge is gone and the Order is valid"))
        .documented(if reason.to_lowercase().contains("cloudflare") || reason.contains("Found no Zones") {
            "https://cert-manager.io/docs/configuration/acme/dns01/cloudflare/"
        } else {
            "https://cert-manager.io/docs/configuration/acme/dns01/"
        });
    Some(chain.add_to(graph, found))
}

/// Tells whether a challenge complains of a Secret that is whole meanwhile: it is tried again by itself.
pub(super) fn is_mended(graph: &LiveGraph, chain: &Chain<'_>) -> bool {
    let Stop::Challenge(challenge) = &chain.stop else { return false };
    let reason = challenge.text("/status/reason");
    is_about_secret(reason)
        && secrets(graph, challenge).iter().all(|(secret, key)| {
            let found = graph.get(secret).found();
            found.is_some_and(|secret| key.is_empty() || has_key(&secret, key))
        })
}

/// Tells whether a reason is about a Secret (cert-manager 1.21, `pkg/issuer/acme/dns/dns.go`).
fn is_about_secret(reason: &str) -> bool {
    let is_missing = reason.contains("not found") && reason.to_lowercase().contains("secret");
    is_missing || reason.contains("no data found in Secret") || reason.contains("failed to load secret")
}

fn has_key(secret: &LiveObject<'_>, key: &str) -> bool {
    secret.value.get("data").is_some_and(|data| data.get(key).is_some())
}

/// Names the Secrets of a challenge's solver, each with its key.
fn secrets<'a>(graph: &LiveGraph, challenge: &LiveObject<'a>) -> Vec<(ObjectRef, &'a str)> {
    let namespace = match challenge.text("/spec/issuerRef/kind") {
        "ClusterIssuer" => certificates::cluster_namespace(graph),
        _ => challenge.object.namespace.clone(),
    };
    let refs = challenge.value.pointer("/spec/solver").map(certificates::secret_refs).unwrap_or_default();
    refs.into_iter().map(|(name, key)| (secret(&namespace, name), key)).collect()
}

fn verdict(graph: &LiveGraph, challenge: &LiveObject<'_>, issuer: &ObjectRef, reason: &str) -> Verdict {
    let named = secrets(graph, challenge);
    let first = named.first().map(|(secret, _)| secret.clone());
    let which = first.as_ref().map(|secret| format!(" of {}", secret.told())).unwrap_or_default();
    let missing = named.iter().find(|(secret, _)| is_there(&graph.get(secret)) == Some(false));
    let incomplete = named
        .iter()
        .find(|(secret, key)| !key.is_empty() && graph.get(secret).found().is_some_and(|found| !has_key(&found, key)));
    let sure = |why: String, fix: String| Verdict { why, fix, is_sure: true, secret: first.clone() };
    if let Some((secret, key)) = missing {
        let why = format!("{} with its credentials is missing", secret.told());
        let fix = format!(
            "Add Secret {} with the key {key} in namespace {}: for a ClusterIssuer cert-manager looks there alone.",
            secret.name, secret.namespace
        );
        return Verdict { secret: Some(secret.clone()), ..sure(why, fix) };
    }
    if let Some((secret, key)) = incomplete {
        let why = format!("{} has no key {key}", secret.told());
        let fix = format!("Give the Secret the key {key}, or name the right key in the solver of {}.", issuer.told());
        return Verdict { secret: Some(secret.clone()), ..sure(why, fix) };
    }
    if reason.contains("Found no Zones for domain") {
        return sure(
            format!("the token{which} sees no zone of it"),
            "Give the Cloudflare API token Zone:Read and DNS:Edit for this zone, or correct the domain: its zone must be in that account.".to_owned(),
        );
    }
    if reason.contains("is invalid (does the API") {
        return sure(
            format!("the token{which} is no valid token; it may end in a newline"),
            "Write the token without a newline: `echo -n`, or `stringData` with a plain value.".to_owned(),
        );
    }
    if ["Invalid request headers", "Authentication error", "Invalid access token", "Unable to authenticate", "10000"]
        .iter()
        .any(|words| reason.contains(words))
    {
        return sure(
            format!("its DNS provider refuses the credentials{which} ({})", short(reason)),
            "Make a new token with Zone:Read and DNS:Edit, and put it into the Secret.".to_owned(),
        );
    }
    Verdict {
        why: short(reason),
        fix: "Mend what the reason names; cert-manager presents the challenge again by itself.".to_owned(),
        is_sure: false,
        secret: first,
    }
}
