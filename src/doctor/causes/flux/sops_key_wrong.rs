//! The age key in the cluster is none of a file's recipients.

use super::failure::{Failure, failed_for, then_push, then_reconcile};
use crate::doctor::Cause;
use crate::doctor::message::between;
use crate::doctor::{Diagnosis, LiveGraph, Lookup, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "sops-key-wrong", title: "The age key in the cluster does not open a sealed file", find };

/// sops 3.11 writes `age: no identity matched any of the recipients` below each recipient.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    failed_for(graph, "BuildFailed")
        .filter(|failure| {
            failure.says("no identity matched any of the recipients") && has_entry(graph, failure) != Some(false)
        })
        .map(|failure| diagnosis(graph, &failure))
        .collect()
}

/// Tells whether the Secret of the key has an entry that is taken for an age key; `None` if it was not read.
pub(super) fn has_entry(graph: &LiveGraph, failure: &Failure<'_>) -> Option<bool> {
    let name = failure.live.text("/spec/decryption/secretRef/name");
    if name.is_empty() {
        return None;
    }
    let Lookup::Found(secret) = graph.get(&failure.live.beside("Secret", "", name)) else { return None };
    let entries = secret.value.get("data").and_then(serde_json::Value::as_object);
    Some(entries.into_iter().flatten().any(|(entry, _)| entry.ends_with(".agekey")))
}

/// Names the sealed object that could not be opened: `Secret.v1.[noGrp]/env` of a build, or a file.
pub(super) fn sealed(failure: &Failure<'_>) -> String {
    match between(failure.message(), "decryption failed for '", "'") {
        Some(id) => match id.split_once('/') {
            Some((kind, name)) => format!("{} {name}", kind.split('.').next().unwrap_or(kind)),
            None => id.to_owned(),
        },
        None => "a generator's file".to_owned(),
    }
}

fn diagnosis(graph: &LiveGraph, failure: &Failure<'_>) -> Diagnosis {
    let object = failure.object();
    let name = failure.live.text("/spec/decryption/secretRef/name");
    let secret = if name.is_empty() {
        "the controller's Secret".to_owned()
    } else {
        format!("Secret {}/{name}", object.namespace)
    };
    let to =
        failure.message().lines().map(str::trim).find(|line| line.starts_with("age1") && line.ends_with(": FAILED"));
    let to = to
        .map(|line| format!(" (it is sealed to {})", crate::doctor::message::short(line.trim_end_matches(": FAILED"))));
    let message = format!(
        "{} cannot decrypt {}: the age key in {secret} is none of its recipients{}",
        object.told(),
        sealed(failure),
        to.unwrap_or_default()
    );
    let keys = graph.shell("fluxdeck secret age-key --env {}", &[&graph.env]);
    let found = failure
        .found(CAUSE.id, message)
        .look_at(graph.shell("kubectl describe secret {} -n {}", &[name, &object.namespace]))
        .mended_by(
            Remedy::new(keys, "Where the cluster has an old key, it gets the environment's key.", "Ready True")
                .by("age-keys", object),
        )
        .documented("https://fluxcd.io/flux/components/kustomize/kustomizations/#age-secret-entry");
    let found = then_reconcile(graph, found, object);
    then_push(
        graph,
        found,
        object,
        "Where the file is sealed to a wrong key, seal it to the environment's recipients (fluxdeck secret updatekeys, or sops updatekeys FILE), and push.",
    )
}
