//! An `ExternalSecret` is not synced.

use super::{for_long, is_there, secret_store};
use crate::doctor::message::short;
use crate::doctor::{Cause, Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::model::ObjectRef;

pub(super) const CAUSE: Cause =
    Cause { id: "external-secret-not-synced", title: "An ExternalSecret is not synced", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = graph.all(secret_store::GROUP, "ExternalSecret").filter(|one| !one.is_deleting());
    all.filter_map(|live| diagnosis(graph, &live)).collect()
}

/// Names the store that an `ExternalSecret` reads.
pub(super) fn store_of(live: &LiveObject<'_>) -> ObjectRef {
    let kind = match live.text("/spec/secretStoreRef/kind") {
        "" => "SecretStore",
        kind => kind,
    };
    let namespace = if kind == "ClusterSecretStore" { "" } else { &live.object.namespace };
    ObjectRef::new(kind, secret_store::GROUP, namespace, live.text("/spec/secretStoreRef/name"))
}

/// external-secrets 0.10 to 2 writes Ready=False, reason `SecretSyncedError`, and the error itself in an event `UpdateFailed`.
fn diagnosis(graph: &LiveGraph, live: &LiveObject<'_>) -> Option<Diagnosis> {
    let condition = live.condition("Ready").filter(|one| one.status == "False")?;
    if !graph.is_past(condition.last_transition_time, 60) || condition.reason == "SecretDeleted" {
        return None;
    }
    let store = store_of(live);
    let found = graph.get(&store);
    if found.found().is_some_and(|store| secret_store::fault(graph, &store).is_some()) {
        return None;
    }
    let is_missing = !store.name.is_empty() && is_there(&found) == Some(false);
    let event = graph.event(live.object, &["UpdateFailed"]);
    let why = match event {
        _ if is_missing => format!("{} is missing", store.told()),
        Some(event) => short(&event.message),
        None => short(&condition.message),
    };
    let object = live.object;
    let message = format!(
        "{} {}: {why}",
        object.told(),
        for_long(graph.now, condition.last_transition_time, ["is not synced", "has not been synced for"])
    );
    let target = match live.text("/spec/target/name") {
        "" => &object.name,
        name => name,
    };
    let mut diagnosis = Diagnosis::new(CAUSE.id, object, message)
        .seen_all([live.condition_evidence(&condition)])
        .look_at(graph.describe(object))
        .mended_by(Remedy::change(
            if is_missing {
                "Name a store that is there in secretStoreRef (a ClusterSecretStore by its kind), or add it."
            } else {
                "Mend what the error names: the key or property in the store, or the right to read it."
            },
            "Ready True, reason SecretSynced",
        ))
        .mended_by(Remedy::new(
            graph.shell(
                "kubectl annotate externalsecret {} -n {} force-sync=1 --overwrite",
                &[&object.name, &object.namespace],
            ),
            format!("It reads the store at once instead of at the next refreshInterval, and writes Secret {target}."),
            "Ready True",
        ))
        .documented("https://external-secrets.io/latest/introduction/faq/");
    if let Some(event) = event {
        diagnosis = diagnosis.seen(event.message.clone(), event.at, format!("events of {}", object.told()));
    }
    Some(diagnosis)
}
