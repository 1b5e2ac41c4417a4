//! The Secret with a source's credentials is not there, or lacks an entry.

use super::failure::{is_there, then_push};
use super::retry_pending;
use super::transport::{FETCHED, Trouble, reason, troubled};
use crate::doctor::Cause;
use crate::doctor::message::between;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "source-secret-missing", title: "The Secret of a source is missing or not complete", find };

/// source-controller 1.7 says `failed to get secret 'ns/n': secrets "n" not found`, and of an entry `invalid 'ssh' auth option: 'known_hosts' is required`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let found = troubled(graph, FETCHED, Trouble::Secret).map(|failure| {
        let object = failure.object();
        let name = between(failure.message(), "secrets \"", "\" not found").or_else(|| Some(failure.live.text("/spec/secretRef/name")).filter(|name| !name.is_empty()));
        let secret = failure.live.beside("Secret", "", name.unwrap_or("its Secret"));
        let is_absent = failure.says("not found");
        if is_absent && name.is_some() && is_there(graph, &secret) {
            return retry_pending::of(graph, &failure, &format!("{} is there now", secret.told()));
        }
        let message = if is_absent {
            format!("{} has no credentials: {} does not exist", object.told(), secret.told())
        } else {
            format!("{} cannot use {}: {}", object.told(), secret.told(), reason(failure.message()))
        };
        // Several sources may have one Secret: where it is missing, that is the root.
        let begun = if is_absent && name.is_some() {
            failure.found_at(CAUSE.id, &secret, message)
        } else {
            failure.found(CAUSE.id, message)
        };
        let found = begun
            .look_at(graph.shell("kubectl describe secret {} -n {}", &[&secret.name, &secret.namespace]))
            .mended_by(Remedy::change("Make the Secret in the source's own namespace, sealed in Git or by flux create secret git (HTTPS: username and password; SSH: identity and known_hosts), or correct spec.secretRef.", "the source is Ready"))
            .documented("https://fluxcd.io/flux/components/source/gitrepositories/#secret-reference");
        let found = then_push(graph, found, object, "Push, where the Secret comes from Git.");
        super::failure::then_reconcile(graph, found, object)
    });
    found.collect()
}
