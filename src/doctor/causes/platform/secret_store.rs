//! A store of external secrets is not ready.

use super::{external_secret, for_long};
use crate::doctor::message::short;
use crate::doctor::{Cause, Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::model::Condition;

pub(super) const CAUSE: Cause =
    Cause { id: "secret-store-not-ready", title: "A store of external secrets is not ready", find };

pub(super) const GROUP: &str = "external-secrets.io";

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let stores = ["ClusterSecretStore", "SecretStore"].into_iter().flat_map(|kind| graph.all(GROUP, kind));
    let found = stores.filter(|store| !store.is_deleting()).filter_map(|store| {
        let condition = fault(graph, &store)?;
        Some(diagnosis(graph, &store, &condition))
    });
    found.collect()
}

/// Returns the condition of a store that is not ready.
pub(super) fn fault(graph: &LiveGraph, store: &LiveObject<'_>) -> Option<Condition> {
    let condition = store.condition("Ready").filter(|one| one.status == "False")?;
    graph.is_past(condition.last_transition_time, 60).then_some(condition)
}

fn diagnosis(graph: &LiveGraph, store: &LiveObject<'_>, condition: &Condition) -> Diagnosis {
    let object = store.object;
    let users: Vec<_> = graph
        .all(GROUP, "ExternalSecret")
        .filter(|one| external_secret::store_of(one) == *object)
        .filter(|one| one.condition("Ready").is_some_and(|ready| ready.status != "True"))
        .map(|one| one.object.clone())
        .collect();
    let event = graph.event(object, &["ValidationFailed", "InvalidProviderConfig", "InvalidStoreConfiguration"]);
    let says = event.map_or(condition.message.as_str(), |event| event.message.as_str());
    let waits = match users.len() {
        0 => String::new(),
        1 => "; an ExternalSecret waits for it".to_owned(),
        count => format!("; {count} ExternalSecrets wait for it"),
    };
    let message = format!(
        "{} {}: {}{waits}",
        object.told(),
        for_long(graph.now, condition.last_transition_time, ["is not ready", "has not been ready for"]),
        short(says)
    );
    let mut found = Diagnosis::new(CAUSE.id, object, message)
        .seen_all([store.condition_evidence(condition)])
        .explaining(users)
        .look_at(graph.describe(object))
        .mended_by(Remedy::change(
            "Mend what the condition names: the provider's address, the Secret with its credentials (of a ClusterSecretStore with its namespace), or their rights.",
            "Ready True, reason Valid",
        ))
        .documented("https://external-secrets.io/latest/api/secretstore/");
    if let Some(event) = event {
        found = found.seen(event.message.clone(), event.at, format!("events of {}", object.told()));
    }
    found
}
