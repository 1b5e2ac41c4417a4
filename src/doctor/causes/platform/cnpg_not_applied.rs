//! A Database, Publication, Subscription or role is not applied.

use super::databases::{self, GROUP, HEALTHY};
use super::is_there;
use crate::doctor::message::short;
use crate::doctor::{Cause, Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::model::ObjectRef;

pub(super) const CAUSE: Cause =
    Cause { id: "cnpg-not-applied", title: "An object of a PostgreSQL cluster is not applied", find };

const KINDS: &[&str] = &["Database", "Publication", "Subscription", "DatabaseRole"];

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = KINDS.iter().flat_map(|kind| graph.all(GROUP, kind));
    all.filter(|live| !live.is_deleting()).filter_map(|live| diagnosis(graph, &live)).collect()
}

fn diagnosis(graph: &LiveGraph, live: &LiveObject<'_>) -> Option<Diagnosis> {
    let applied = live.value.pointer("/status/applied").and_then(serde_json::Value::as_bool);
    let name = live.text("/spec/cluster/name");
    let cluster = ObjectRef::new("Cluster", GROUP, &live.object.namespace, name);
    let found = graph.get(&cluster);
    let observed = live.number("/status/observedGeneration");
    let is_old = observed.zip(live.number("/metadata/generation")).is_some_and(|(observed, now)| observed < now);
    let is_missing = is_there(&found) == Some(false) && !name.is_empty();
    let message = if applied == Some(true) || (!is_missing && (is_old || applied.is_none())) {
        return None;
    } else if is_missing {
        // Nobody looks at an object whose Cluster is not there: it has no status for ever.
        if !graph.is_past(live.created(), 120) {
            return None;
        }
        format!(
            "{} is not applied: its Cluster {name} is missing in namespace {}",
            live.object.told(),
            live.object.namespace
        )
    } else {
        // The instances apply it: where they do not run, the Cluster is what is at fault.
        if found.found().is_none_or(|cluster| databases::phase(&cluster) != HEALTHY) {
            return None;
        }
        format!("{} is not applied: {}", live.object.told(), short(live.text("/status/message")))
    };
    let diagnosis = Diagnosis::new(CAUSE.id, live.object, message)
        .look_at(graph.yaml(live.object))
        .documented("https://cloudnative-pg.io/documentation/current/declarative_database_management/");
    Some(if is_missing {
        diagnosis.seen_all([live.field_evidence("spec.cluster.name", name)]).mended_by(Remedy::change(
            "Name a Cluster of the same namespace in spec.cluster.name, or add the Cluster.",
            "status.applied: true",
        ))
    } else {
        let said = format!("false, status.message: {}", live.text("/status/message"));
        diagnosis
            .seen_all([live.field_evidence("status.applied", &said)])
            .look_at(graph.shell(
                "kubectl logs -n {} -l {} -c postgres --tail=50",
                &[&live.object.namespace, &format!("cnpg.io/cluster={name},cnpg.io/instanceRole=primary")],
            ))
            .mended_by(Remedy::change(
                "Mend what PostgreSQL says: the owner must exist, and two objects must not manage one name.",
                "status.applied: true",
            ))
    })
}
