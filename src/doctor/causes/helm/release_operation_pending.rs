//! Helm's records say that an operation on a release is under way, and it holds all others up.

use super::failure::{WhyFailed, failures};
use super::{MANUAL, again, failing, helm, unwell, with};
use crate::doctor::Cause;
use crate::doctor::live::text;
use crate::doctor::message::short;
use crate::doctor::{Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::model::Condition;
use crate::model::clock::{age, go_duration};

pub(super) const CAUSE: Cause =
    Cause { id: "release-operation-pending", title: "A pending operation holds a release up", find };

/// helm: `another operation (install/upgrade/rollback) is in progress`; helm-controller, which unlocks what it left itself:
/// `Unlock of Helm release apps/web.v2 with chart web@1.2.0 in pending-upgrade state failed: …`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let refused =
        failures(graph, WhyFailed::Pending).map(|failure| diagnosis(graph, &failure.live, &failure.condition));
    let locked = failing(graph, "PendingRelease")
        .filter(|(_, ready)| ready.message.contains("state failed: "))
        .map(|(live, ready)| diagnosis(graph, &live, &ready));
    let old = unwell(graph).filter_map(|live| left_behind(graph, &live));
    let mut found: Vec<Diagnosis> = refused.chain(locked).collect();
    found.extend(old);
    found
}

fn diagnosis(graph: &LiveGraph, live: &LiveObject<'_>, condition: &Condition) -> Diagnosis {
    let object = live.object;
    let release = text(live.items("/status/history").first().unwrap_or(&serde_json::Value::Null), "/name");
    let release = if release.is_empty() { &object.name } else { release };
    let namespace = match live.text("/status/storageNamespace") {
        "" => &object.namespace,
        namespace => namespace,
    };
    let labels = format!("owner=helm,name={release},status in (pending-install,pending-upgrade,pending-rollback)");
    let pending = graph.labelled("", "Secret", namespace, &labels).max_by_key(LiveObject::created);
    let which = match &pending {
        Some(record) => {
            let since = record.created().map(|at| format!(" since {}", age(graph.now, at))).unwrap_or_default();
            format!("revision {} of {release} is {}{since}", record.label("version"), record.label("status"))
        }
        None => short(condition.message.rsplit(": ").next().unwrap_or_default()),
    };
    let message = format!("{} is held up by another operation on its release: {which}", object.told());
    let diagnosis = Diagnosis::new(CAUSE.id, object, message)
        .seen_all([live.condition_evidence(condition)])
        .seen_all(pending.map(|record| record.field_evidence("metadata.labels.status", record.label("status"))))
        .look_at(helm(graph, "helm history {} -n {}", &[release, namespace]));
    let diagnosis = with(diagnosis, again(graph, object).map(|again| Remedy {
        why: "Wait until whoever runs helm beside Flux is done; helm-controller marks a pending revision that nobody works on as failed at its next run, and goes on.".to_owned(),
        ..again
    }));
    diagnosis.documented(&format!("{MANUAL}#history"))
}

/// Finds a revision that has been pending for longer than any action may last, though helm-controller runs none.
fn left_behind(graph: &LiveGraph, live: &LiveObject<'_>) -> Option<Diagnosis> {
    let ready = live.condition("Ready").filter(|ready| ready.status == "False" && ready.reason != "PendingRelease")?;
    let newest = live.items("/status/history").first().filter(|past| text(past, "/status").starts_with("pending-"))?;
    let at: jiff::Timestamp = text(newest, "/lastDeployed").parse().ok()?;
    let limit = go_duration(live.text("/spec/timeout")).map_or(300, |limit| limit.as_secs());
    let limit = i64::try_from(limit).unwrap_or(i64::MAX).saturating_mul(2).saturating_add(60);
    (graph.now.duration_since(at).as_secs() > limit).then(|| diagnosis(graph, live, &ready))
}
