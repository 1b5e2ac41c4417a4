//! The end of a reconciliation of a Kustomization: conditions and history.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::report::go_string;
use super::super::{conditions, handle_request, observe_generation};
use crate::sim::json::{list, number, set, sha256, stamp, text};
use crate::sim::world::SimulatedCluster;

/// The length of the history.
const HISTORY: usize = 5;

/// Adds a snapshot to the history, or raises the count of the one with the same digest and outcome.
fn remember(world: &SimulatedCluster, object: &mut Value, revision: &str, took: Duration, status: &str) {
    let now = stamp(world.now());
    // The digest is that of the built objects: a commit without changes here counts for the present snapshot.
    let built = Value::from(world.script.manifests(text(object, "/metadata/name")));
    let digest = format!("sha256:{}", sha256(&built.to_string()));
    let mut history: Vec<Value> = list(object, "/status/history").to_vec();
    let same =
        history.iter().position(|one| text(one, "/digest") == digest && text(one, "/lastReconciledStatus") == status);
    let earlier = same.map(|place| history.remove(place));
    let first = earlier.as_ref().map_or(now.as_str(), |one| text(one, "/firstReconciled")).to_owned();
    let total = earlier.as_ref().map_or(0, |one| number(one, "/totalReconciliations")) + 1;
    history.insert(
        0,
        json!({
            "digest": digest,
            "firstReconciled": first,
            "lastReconciled": now,
            "lastReconciledDuration": go_string(took),
            "lastReconciledStatus": status,
            "metadata": {"revision": revision},
            "totalReconciliations": total,
        }),
    );
    history.truncate(HISTORY);
    set(object, &["status", "history"], history);
}

/// Reports the success.
pub(super) fn succeed(world: &SimulatedCluster, object: &mut Value, revision: &str, took: Duration) {
    set(object, &["status", "lastAppliedRevision"], revision);
    set(object, &["status", "lastAttemptedRevision"], revision);
    let message = format!("Applied revision: {revision}");
    conditions::mark(object, "Ready", "True", "ReconciliationSucceeded", &message, world.now());
    remember(world, object, revision, took, "ReconciliationSucceeded");
}

/// Reports that nothing could be applied; the history keeps only earlier results.
pub(super) fn refuse(world: &SimulatedCluster, object: &mut Value, reason: &str, message: &str) {
    conditions::mark(object, "Ready", "False", reason, message, world.now());
}

/// Reports failed health checks: Healthy names the awaited objects, Ready also the time.
pub(super) fn unhealthy(
    world: &SimulatedCluster,
    object: &mut Value,
    revision: &str,
    took: Duration,
    error: &str,
    waited: Duration,
) {
    let (now, reason) = (world.now(), "HealthCheckFailed");
    let message = format!("health check failed after {}: {error}", go_string(waited));
    conditions::mark(object, "Ready", "False", reason, &message, now);
    conditions::mark(object, "Healthy", "False", reason, error, now);
    remember(world, object, revision, took, reason);
}

/// Ends a reconciliation: the request is handled, and a success is observed.
pub(super) fn finalize(world: &mut SimulatedCluster, object: &mut Value) {
    handle_request(object);
    if conditions::is(object, "Ready", "True") {
        conditions::remove(object, "Reconciling");
        observe_generation(object);
    }
    if conditions::is(object, "Ready", "False")
        && let Some(message) =
            conditions::get(object, "Reconciling").map(|condition| text(condition, "/message").to_owned())
    {
        conditions::mark(object, "Reconciling", "True", "ProgressingWithRetry", &message, world.now());
    }
    save(world, object);
}

/// Stores the status.
pub(super) fn save(world: &mut SimulatedCluster, object: &Value) {
    world.save_status(object, "kustomize-controller");
}
