//! The Secret with a source's credentials is not there, or lacks an entry.

use super::failure::{is_there, then_push};
use super::retry_pending;
use super::transport::{FETCHED, Trouble, reason, troubled};
use crate::doctor::Cause;
use crate::doctor::causes::elsewhere::{self, elsewhere};
use crate::doctor::message::between;
use crate::doctor::{Diagnosis, LiveGraph, LiveObject, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "source-secret-missing", title: "The Secret of a source is missing or not complete", find };

/// source-controller 1.7 says `failed to get secret 'ns/n': secrets "n" not found`, and of an entry `invalid 'ssh' auth option: 'known_hosts' is required`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let found = troubled(graph, FETCHED, Trouble::Secret).map(|failure| {
        let object = failure.object();
        let proxy =
            between(failure.message(), "secret '", "' not found").map(|name| name.rsplit('/').next().unwrap_or(name));
        let name = between(failure.message(), "secrets \"", "\" not found")
            .or(proxy)
            .or_else(|| Some(failure.live.text("/spec/secretRef/name")).filter(|name| !name.is_empty()));
        let secret = failure.live.beside("Secret", "", name.unwrap_or("its Secret"));
        let is_absent = failure.says("not found");
        if is_absent && name.is_some() && is_there(graph, &secret) {
            return retry_pending::of(graph, &failure, &format!("{} is there now", secret.told()));
        }
        let message = if is_absent {
            let lacks = match field(&failure.live, &secret.name) {
                "spec.proxySecretRef" => "cannot use its proxy",
                "spec.verify.secretRef" => "cannot verify a signature",
                "spec.certSecretRef" => "lacks the certificate authority of its server",
                _ => "has no credentials",
            };
            let hint = elsewhere::told(elsewhere(graph, &secret).as_ref());
            format!("{} {lacks}: {} does not exist{hint}", object.told(), secret.told())
        } else {
            format!("{} cannot use {}: {}", object.told(), secret.told(), reason(failure.message()))
        };
        // Several sources may have one Secret: where it is missing, that is the root.
        let begun = if is_absent && name.is_some() {
            failure.found_at(CAUSE.id, &secret, message).lacking(&secret)
        } else {
            failure.found(CAUSE.id, message)
        };
        let found = begun
            .look_at(graph.shell("kubectl describe secret {} -n {}", &[&secret.name, &secret.namespace]))
            .mended_by(Remedy::change(what_to_make(field(&failure.live, &secret.name)), "the source is Ready"))
            .documented("https://fluxcd.io/flux/components/source/gitrepositories/#secret-reference");
        let found = then_push(graph, found, object, "Push, where the Secret comes from Git.");
        super::failure::then_reconcile(graph, found, object)
    });
    found.collect()
}

/// Finds the field of a source that names a Secret.
fn field(live: &LiveObject<'_>, name: &str) -> &'static str {
    let fields = ["spec.proxySecretRef", "spec.verify.secretRef", "spec.certSecretRef"];
    let names = |field: &&str| live.text(&format!("/{}/name", field.replace('.', "/"))) == name;
    fields.into_iter().find(names).unwrap_or("spec.secretRef")
}

fn what_to_make(field: &str) -> &'static str {
    match field {
        "spec.proxySecretRef" => {
            "Make the Secret in the source's own namespace, with the entry address (and username and password where the proxy asks for them), or take spec.proxySecretRef out."
        }
        "spec.verify.secretRef" => {
            "Make the Secret in the source's own namespace, with the public keys of those who may sign, or correct spec.verify.secretRef."
        }
        "spec.certSecretRef" => {
            "Make the Secret in the source's own namespace, with the entry ca.crt, or correct spec.certSecretRef."
        }
        _ => {
            "Make the Secret in the source's own namespace, sealed in Git or by flux create secret git (HTTPS: username and password; SSH: identity and known_hosts), or correct spec.secretRef."
        }
    }
}
