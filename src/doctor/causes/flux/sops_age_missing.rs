//! The Secret with the age key is not there.

use super::failure::{failed_for, then_reconcile};
use super::retry_pending;
use crate::doctor::Cause;
use crate::doctor::message::between;
use crate::doctor::{Diagnosis, LiveGraph, Lookup, Remedy};

pub(super) const CAUSE: Cause = Cause { id: "sops-age-missing", title: "The Secret with the age key is missing", find };

/// kustomize-controller says `secrets "sops-age" not found`; the Secret is looked for in the Kustomization's own namespace.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let found = failed_for(graph, "BuildFailed").filter_map(|failure| {
        let (live, object) = (failure.live, failure.object());
        live.value.pointer("/spec/decryption")?;
        if failure.says("substitute from") {
            return None;
        }
        let name = match live.text("/spec/decryption/secretRef/name") {
            // Without a secretRef it is the controller's own, by its flag --sops-age-secret.
            "" => between(failure.message(), "secrets \"", "\" not found")?,
            name => name,
        };
        if !failure.says(&format!("secrets \"{name}\" not found")) {
            return None;
        }
        let is_own = !live.text("/spec/decryption/secretRef/name").is_empty();
        let secret = live.beside("Secret", "", name);
        if is_own && let Lookup::Found(_) = graph.get(&secret) {
            return Some(retry_pending::of(graph, &failure, &format!("{} is there now", secret.told())));
        }
        // One missing Secret is one fault, however many Kustomizations decrypt with it.
        let message = if is_own {
            format!("{} is missing: no Kustomization that decrypts with its age key is applied", secret.told())
        } else {
            let told = object.told();
            format!("{told} cannot decrypt: Secret {name} with the controller's own age key is missing")
        };
        let make = graph.shell("fluxdeck secret age-key --create --env {}", &[&graph.env]);
        let why = "It puts the environment's age key into the cluster.";
        let found = failure
            .found(CAUSE.id, message)
            .look_at(graph.shell("kubectl get secret {} -n {}", &[name, &secret.namespace]))
            .mended_by(Remedy::new(make, why, "the Secret has an entry that ends in .agekey").by("age-keys", object))
            .documented("https://fluxcd.io/flux/components/kustomize/kustomizations/#age-secret-entry");
        let found = then_reconcile(graph, found, object);
        Some(if is_own { found.explaining([object.clone()]).at(&secret) } else { found })
    });
    found.collect()
}
