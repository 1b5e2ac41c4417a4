//! The Secret of the age key has no entry that is taken for one.

use super::failure::{failed_for, then_reconcile};
use super::sops_key_wrong::{has_entry, sealed};
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph, Lookup, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "sops-entry-name", title: "No entry of the key's Secret ends in .agekey", find };

/// kustomize-controller takes only entries that end in `.agekey`; without one sops 3.11 says `failed to load age identities`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let found = failed_for(graph, "BuildFailed").filter_map(|failure| {
        let says = failure.says_any(&[
            "failed to load age identities",
            "no identities specified",
            "no identity matched any of the recipients",
        ]);
        let is_entry_missing = match has_entry(graph, &failure) {
            Some(has) => !has,
            None => !failure.says("no identity matched any of the recipients"),
        };
        if !says || !is_entry_missing {
            return None;
        }
        let object = failure.object();
        let name = failure.live.text("/spec/decryption/secretRef/name");
        let secret = failure.live.beside("Secret", "", name);
        let entries: Vec<&str> = match graph.get(&secret) {
            Lookup::Found(live) => {
                let data = live.value.get("data").and_then(serde_json::Value::as_object);
                data.into_iter().flatten().map(|(entry, _)| entry.as_str()).collect()
            }
            Lookup::Absent | Lookup::Unknown => Vec::new(),
        };
        let has = if entries.is_empty() { "it has none".to_owned() } else { format!("it has {}", entries.join(", ")) };
        let message = format!(
            "{} cannot decrypt {}: no entry of Secret {}/{name} ends in .agekey ({has})",
            object.told(),
            sealed(&failure),
            secret.namespace
        );
        let make = graph.shell("fluxdeck secret age-key --replace --env {}", &[&graph.env]);
        let why = "It writes the key under a name that kustomize-controller reads.";
        let found = failure
            .found(CAUSE.id, message)
            .look_at(graph.shell("kubectl describe secret {} -n {}", &[name, &secret.namespace]))
            .mended_by(Remedy::new(make, why, "the Secret has an entry that ends in .agekey").by("age-keys", object))
            .documented("https://fluxcd.io/flux/components/kustomize/kustomizations/#age-secret-entry");
        Some(then_reconcile(graph, found, object))
    });
    found.collect()
}
