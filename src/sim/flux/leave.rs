//! The cleanup of the controllers for an object that is being deleted, before its finalizer is removed.

use serde_json::{Value, json};

use super::report::{ReportLevel, event, log, run_id};
use crate::model::ObjectRef;
use crate::sim::apply;
use crate::sim::fields::Writer;
use crate::sim::helm_storage;
use crate::sim::json::{is_true, list, number, set, text};
use crate::sim::kinds::SOURCE;
use crate::sim::script::installed;
use crate::sim::world::SimulatedCluster;

/// Cleans up after an object and releases it: a Kustomization prunes, a release is uninstalled; a suspended object
/// leaves everything as it is.
pub(crate) fn leave(world: &mut SimulatedCluster, key: &ObjectRef, object: &Value) {
    let id = run_id(world, key);
    if !is_true(object, "/spec/suspend") {
        match key.kind.as_str() {
            "Kustomization" if is_true(object, "/spec/prune") => prune(world, object, &id),
            "HelmRelease" => uninstall(world, key, object, &id),
            _ => {}
        }
    }
    world.update(key, Writer::update("gotk"), |live| {
        let kept: Vec<Value> =
            list(live, "/metadata/finalizers").iter().filter(|one| *one != super::FINALIZER).cloned().collect();
        set(live, &["metadata", "finalizers"], kept);
    });
}

fn prune(world: &mut SimulatedCluster, object: &Value, id: &str) {
    let gone: Vec<String> = apply::inventory(object)
        .into_iter()
        .filter(|key| remove(world, key))
        .map(|key| format!("{} deleted", apply::subject(&key)))
        .collect();
    if !gone.is_empty() {
        log(world, object, id, ReportLevel::Info, "garbage collection for deleted resource completed", &json!({}));
        event(world, object, "Normal", "ReconciliationSucceeded", &gone.join("\n"));
    }
}

/// Deletes an object, or requests that if it has a finalizer.
pub(crate) fn remove(world: &mut SimulatedCluster, key: &ObjectRef) -> bool {
    let Some(live) = world.store.get(key) else { return false };
    if list(live, "/metadata/finalizers").is_empty() {
        return world.delete(key).is_some();
    }
    let now = crate::sim::json::stamp(world.now());
    world.update(key, Writer::update("kustomize-controller"), |live| {
        set(live, &["metadata", "deletionTimestamp"], now);
        set(live, &["metadata", "deletionGracePeriodSeconds"], 0);
    });
    true
}

fn uninstall(world: &mut SimulatedCluster, key: &ObjectRef, object: &Value, id: &str) {
    let latest = list(object, "/status/history").first().cloned().unwrap_or_default();
    let last = number(&latest, "/version");
    let (chart, version) = (text(&latest, "/chartName"), text(&latest, "/chartVersion"));
    for manifest in installed(&world.script.chart(chart).manifest, version, key) {
        world.delete(&crate::sim::json::reference(&manifest));
    }
    helm_storage::forget(world, &key.namespace, &key.name, last);
    if let Some((namespace, name)) = text(object, "/status/helmChart").split_once('/') {
        remove(world, &ObjectRef::new("HelmChart", SOURCE, namespace, name));
    }
    let message = format!(
        "Helm uninstall succeeded for release {}/{}.v{last} with chart {}@{}",
        key.namespace,
        key.name,
        text(&latest, "/chartName"),
        text(&latest, "/chartVersion"),
    );
    event(world, object, "Normal", "UninstallSucceeded", &message);
    log(world, object, id, ReportLevel::Info, &message, &json!({}));
}
