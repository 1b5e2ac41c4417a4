//! The state of a Kustomization that is weeks old.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::report::{ReportLevel, event, go_string, log, run_id};
use super::super::{DEPENDENCY_RETRY, conditions, interval, observe_generation};
use super::checks::{refusal, unhealthy, unmet, verdict};
use super::outcome::{self, finalize, succeed};
use super::{failed, finished, retry_interval, timeout, waits};
use crate::model::ObjectRef;
use crate::sim::apply;
use crate::sim::json::{is_true, reference, set, text};
use crate::sim::world::SimulatedCluster;

/// The time to notice a final failure.
const LOOKED: Duration = Duration::from_millis(245);

/// Gives a Kustomization the state after its last reconciliation, at an age, and schedules the next: applied, failed on
/// unhealthy objects, or waiting for a dependency in such a state.
pub(crate) fn settled(world: &mut SimulatedCluster, key: &ObjectRef, since: Duration) {
    let Some(mut object) = world.store.get(key).map(|object| Value::clone(object)) else { return };
    let earlier = world.script.previous().revision();
    let revision = world.script.head().revision();
    let took = Duration::from_millis(1240 + u64::from(u8::try_from(key.name.len()).unwrap_or(0)) * 37);
    let suspended = is_true(&object, "/spec/suspend");
    let reached = if suspended { &earlier } else { &revision };
    // The state before the newest commit comes first: every state below builds on it.
    let changes = apply::apply(world, &object);
    set(&mut object, &["status", "inventory"], json!({"entries": changes.inventory}));
    succeed(world, &mut object, &earlier, took);
    observe_generation(&mut object);
    let waits_for = unmet(world, &object, &revision);
    let unhealthy = unhealthy(world, &object);
    let limit = timeout(&object);
    let now = world.now();
    let wait = if suspended {
        None
    } else if let Some(message) = waits_for {
        conditions::mark(&mut object, "Ready", "False", "DependencyNotReady", &message, now);
        Some(DEPENDENCY_RETRY)
    } else if let Some(refusal) = refusal(world, &object) {
        let phase = if refusal.fetched {
            set(&mut object, &["status", "lastAttemptedRevision"], revision.as_str());
            "Building manifests"
        } else {
            "Fetching manifests"
        };
        let message = format!("{phase} for revision {revision} with a timeout of {}", go_string(limit));
        conditions::mark(&mut object, "Reconciling", "True", "Progressing", &message, now);
        outcome::refuse(world, &mut object, refusal.reason, &refusal.message);
        Some(retry_interval(&object))
    } else if waits(&object) && !unhealthy.is_empty() {
        let failed = unhealthy.iter().any(|(_, status)| *status == "Failed");
        let error = verdict(&unhealthy, failed);
        let waited = if failed { LOOKED } else { limit };
        set(&mut object, &["status", "lastAttemptedRevision"], revision.as_str());
        let message = format!("Running health checks for revision {revision} with a timeout of {}", go_string(limit));
        conditions::mark(&mut object, "Reconciling", "True", "Progressing", &message, now);
        outcome::unhealthy(world, &mut object, &revision, waited, &error, waited);
        Some(retry_interval(&object))
    } else {
        if waits(&object) {
            conditions::mark(&mut object, "Healthy", "True", "Succeeded", "Health check passed in 87.4ms", now);
        }
        succeed(world, &mut object, reached, took);
        Some(interval(&object))
    };
    finalize(world, &mut object);
    tell_of(world, &object, took);
    if let Some(wait) = wait {
        super::super::again(world, key, wait.saturating_sub(since.min(wait.mul_f32(0.8))));
    }
}

/// Records the event and the log line of the reconciliation behind a settled state.
fn tell_of(world: &mut SimulatedCluster, object: &Value, took: Duration) {
    let id = run_id(world, &reference(object));
    let revision = text(object, "/status/lastAttemptedRevision").to_owned();
    let reason = conditions::get(object, "Ready").map_or("", |ready| text(ready, "/reason")).to_owned();
    let message = conditions::get(object, "Ready").map_or("", |ready| text(ready, "/message")).to_owned();
    match reason.as_str() {
        "DependencyNotReady" => {
            let said = "Dependencies do not meet ready condition, retrying in 30s";
            event(world, object, "Normal", &reason, said);
            log(world, object, &id, ReportLevel::Info, said, &json!({}));
        }
        "HealthCheckFailed" | "ArtifactFailed" | "BuildFailed" => {
            let took = if message.contains("timeout waiting for") { timeout(object) } else { took };
            event(world, object, "Warning", &reason, &message);
            let said = failed(took, retry_interval(object));
            log(world, object, &id, ReportLevel::Error, &said, &json!({"revision": revision, "error": message}));
        }
        _ => {
            let said = finished(took, interval(object));
            event(world, object, "Normal", &reason, &said);
            log(world, object, &id, ReportLevel::Info, &said, &json!({"revision": revision}));
        }
    }
}
