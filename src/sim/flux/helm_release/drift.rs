//! Manual changes to the objects of a release.

use serde_json::{Value, json};

use super::super::report::{ReportLevel, event, go_string, log, run_id};
use super::timeout;
use crate::model::ObjectRef;
use crate::sim::apply::{apply_one, subject};
use crate::sim::json::{self, number, text};
use crate::sim::script;
use crate::sim::world::SimulatedCluster;

/// Checks an old release again.
pub(crate) fn look_again(world: &mut SimulatedCluster, key: &ObjectRef) {
    if let Some(object) = world.store.get(key).cloned() {
        let id = run_id(world, key);
        detect(world, &object, &id);
    }
}

/// Reports manual changes, and corrects them if that is enabled.
pub(super) fn detect(world: &mut SimulatedCluster, object: &Value, id: &str) {
    let mode = text(object, "/spec/driftDetection/mode").to_owned();
    if !["warn", "enabled"].contains(&mode.as_str()) {
        return;
    }
    let drift = drift(world, object);
    if drift.is_empty() {
        return;
    }
    let own = json::reference(object);
    let name = format!("{}/{}.v{}", own.namespace, own.name, number(object, "/status/history/0/version"));
    let lines: Vec<&str> = drift.iter().map(|(_, _, line)| line.as_str()).collect();
    let message = format!("Cluster state of release {name} has drifted from the desired state:\n{}", lines.join("\n"));
    event(world, object, "Warning", "DriftDetected", &message);
    let count = drift.len();
    let said = format!("detected changes in cluster state: removed: 0, changed: {count}, excluded: 0");
    log(world, object, id, ReportLevel::Info, &said, &json!({}));
    if mode == "enabled" {
        let limit = go_string(timeout(object));
        let said = format!("running 'correct cluster drift' action with timeout of {limit}");
        log(world, object, id, ReportLevel::Info, &said, &json!({}));
        let put: Vec<String> = drift.iter().map(|(key, ..)| format!("{} configured", subject(key))).collect();
        for (key, manifest, _) in drift {
            apply_one(world, &key, manifest, "helm-controller");
        }
        let message = format!("Cluster state of release {name} has been corrected:\n{}", put.join("\n"));
        event(world, object, "Normal", "DriftCorrected", &message);
    }
}

/// Lists the manual changes to a release's objects, a line each: the object and the size of the difference.
fn drift(world: &SimulatedCluster, object: &Value) -> Vec<(ObjectRef, Value, String)> {
    let own = json::reference(object);
    let chart = text(object, "/spec/chart/spec/chart");
    let version = text(object, "/spec/chart/spec/version");
    script::installed(world.script.chart(chart).manifest.as_str(), version, &own)
        .into_iter()
        .filter_map(|manifest| {
            let key = json::reference(&manifest);
            let live = world.store.get(&key)?;
            let changes = changed(&manifest, live);
            (changes > 0).then(|| {
                let said = format!("{} changed (0 additions, {changes} changes, 0 removals)", subject(&key));
                (key, manifest, said)
            })
        })
        .collect()
}

/// Counts the values of a manifest that differ in the live object.
fn changed(wanted: &Value, live: &Value) -> usize {
    match wanted {
        Value::Object(map) => {
            map.iter().map(|(key, value)| changed(value, live.get(key).unwrap_or(&Value::Null))).sum()
        }
        other => usize::from(other != live),
    }
}
