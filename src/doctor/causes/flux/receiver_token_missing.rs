//! A Receiver has no token, so that no webhook reaches Flux.

use super::failure::{failed_kind, is_there, then_reconcile};
use super::retry_pending;
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause = Cause { id: "receiver-token-missing", title: "A Receiver has no token", find };

/// notification-controller 1.7 says `unable to read token from secret 'ns/n' error: …`, or `invalid 'ns/n' secret data: required fields 'token'`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let failed = failed_kind(graph, "Receiver").filter(|failure| failure.said.reason == "TokenNotFound");
    let found = failed.map(|failure| {
        let object = failure.object();
        let name = failure.live.text("/spec/secretRef/name");
        let secret = failure.live.beside("Secret", "", name);
        let lacks = failure.says("required fields");
        if !lacks && is_there(graph, &secret) {
            return retry_pending::of(graph, &failure, &format!("{} is there now", secret.told()));
        }
        let what = if lacks { "has no entry token" } else { "does not exist" };
        let message = format!("{} takes no webhook: {} {what}", object.told(), secret.told());
        let found = failure
            .found(CAUSE.id, message)
            .look_at(graph.shell("kubectl describe secret {} -n {}", &[name, &secret.namespace]))
            .mended_by(Remedy::change(
                "Make the Secret with an entry token that the sender knows too, sealed in Git, and push.",
                "Ready True with the webhook's path",
            ))
            .documented("https://fluxcd.io/flux/components/notification/receivers/#secret-reference");
        then_reconcile(graph, found, object)
    });
    found.collect()
}
