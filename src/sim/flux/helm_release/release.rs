//! The actions on a release, as far as its storage, its history and its conditions show them.

use serde_json::{Value, json};

use super::super::conditions;
use super::super::report::event;
use super::strategy::{self, Act};
use crate::model::ObjectRef;
use crate::sim::apply::apply_one;
use crate::sim::helm_storage::{self, StoredRelease};
use crate::sim::json::{self, list, number, part, set, sha256, stamp, text};
use crate::sim::script;
use crate::sim::world::SimulatedCluster;

/// The length of the history without an earlier successful release.
const HISTORY: usize = 5;

/// Performs an action, and reports the event; it succeeds unless the scenario lets the chart's version fail.
pub(super) fn perform(world: &mut SimulatedCluster, object: &mut Value, act: Act) {
    let told = match act {
        Act::Install | Act::Upgrade => deploy(world, object, act),
        Act::Rollback => rollback(world, object),
        Act::Uninstall => uninstall(world, object),
    };
    let (kind, message) = match told.error {
        None => ("Normal", told.message),
        Some(log) => ("Warning", format!("{}\n\nLast Helm logs:\n\n{log}", told.message)),
    };
    event(world, object, kind, told.reason, &message);
}

/// The result of an action.
struct ReleaseOutcome {
    reason: &'static str,
    message: String,
    /// Helm's log of the failure.
    error: Option<String>,
}

/// Creates a new revision: storage, history, conditions, and the counters of failures.
fn deploy(world: &mut SimulatedCluster, object: &mut Value, act: Act) -> ReleaseOutcome {
    let now = world.now();
    let own = json::reference(object);
    let chart = text(object, "/spec/chart/spec/chart").to_owned();
    let version = text(object, "/spec/chart/spec/version").to_owned();
    let failure = world.script.troubles.failing_chart(&chart, &version);
    let values = part(object, "/spec/values");
    let status = if failure.is_some() { "failed" } else { "deployed" };
    let what = if act == Act::Install { "Install" } else { "Upgrade" };
    let description = failure
        .as_ref()
        .map_or_else(|| format!("{what} complete"), |error| format!("{what} \"{}\" failed: {error}", own.name));
    let made = revise(world, object, &chart, &version, &values, status, description);
    conditions::remove(object, "Remediated");
    if failure.is_none() {
        install(world, &own, &chart, &version);
    }
    let verb = act.word();
    let Some(error) = failure else {
        clear_failures(object);
        let reason = if act == Act::Install { "InstallSucceeded" } else { "UpgradeSucceeded" };
        let message = format!(
            "Helm {verb} succeeded for release {}/{}.v{made} with chart {chart}@{version}",
            own.namespace, own.name
        );
        conditions::mark(object, "Released", "True", reason, &message, now);
        return ReleaseOutcome { reason, message, error: None };
    };
    for counter in ["failures".to_owned(), format!("{verb}Failures")] {
        let count = number(object, &format!("/status/{counter}")) + 1;
        set(object, &["status", &counter], count);
    }
    let reason = if act == Act::Install { "InstallFailed" } else { "UpgradeFailed" };
    let message =
        format!("Helm {verb} failed for release {}/{} with chart {chart}@{version}: {error}", own.namespace, own.name);
    conditions::mark(object, "Released", "False", reason, &message, now);
    conditions::mark(object, "Ready", "False", reason, &message, now);
    let at = json::log_stamp(now);
    let log = format!(
        "{at}: beginning wait for resources\n{at}: wait for resources failed: {error}\n{at}: warning: {what} \"{}\" failed: {error}",
        own.name
    );
    ReleaseOutcome { reason, message, error: Some(log) }
}

/// Rolls back to the chart and the values of the last successful release, as a new revision.
fn rollback(world: &mut SimulatedCluster, object: &mut Value) -> ReleaseOutcome {
    let now = world.now();
    let own = json::reference(object);
    let history = list(object, "/status/history").to_vec();
    let target = strategy::target(&history).cloned().unwrap_or_default();
    let (chart, version) = (text(&target, "/chartName").to_owned(), text(&target, "/chartVersion").to_owned());
    let number_of = number(&target, "/version");
    let values = helm_storage::values(world, &own.namespace, &own.name, number_of);
    revise(world, object, &chart, &version, &values, "deployed", format!("Rollback to {number_of}"));
    install(world, &own, &chart, &version);
    let digest = part(&target, "/configDigest");
    if let Some(latest) = object.pointer_mut("/status/history/0") {
        set(latest, &["configDigest"], digest);
    }
    let message = format!(
        "Helm rollback to previous release {}/{}.v{number_of} with chart {chart}@{version} succeeded",
        own.namespace, own.name
    );
    let reason = "RollbackSucceeded";
    conditions::mark(object, "Remediated", "True", reason, &message, now);
    conditions::mark(object, "Ready", "False", reason, &message, now);
    ReleaseOutcome { reason, message, error: None }
}

/// Applies the objects of a chart.
fn install(world: &mut SimulatedCluster, release: &ObjectRef, chart: &str, version: &str) {
    for manifest in script::installed(&world.script.chart(chart).manifest, version, release) {
        apply_one(world, &json::reference(&manifest), manifest, "helm-controller");
    }
}

/// Uninstalls a release whose installation failed.
fn uninstall(world: &mut SimulatedCluster, object: &mut Value) -> ReleaseOutcome {
    let now = world.now();
    let own = json::reference(object);
    let latest = list(object, "/status/history").first().cloned().unwrap_or_default();
    helm_storage::forget(world, &own.namespace, &own.name, number(&latest, "/version"));
    set(object, &["status", "history"], json!([]));
    let message = format!(
        "Helm uninstall remediation for release {}/{}.v{} with chart {}@{} succeeded",
        own.namespace,
        own.name,
        number(&latest, "/version"),
        text(&latest, "/chartName"),
        text(&latest, "/chartVersion"),
    );
    let reason = "UninstallSucceeded";
    conditions::mark(object, "Remediated", "True", reason, &message, now);
    conditions::mark(object, "Ready", "False", reason, &message, now);
    ReleaseOutcome { reason, message, error: None }
}

/// Adds a revision to storage and history, and forgets those before the last successful release. Returns its number.
fn revise(
    world: &mut SimulatedCluster,
    object: &mut Value,
    chart: &str,
    version: &str,
    values: &Value,
    status: &'static str,
    description: String,
) -> i64 {
    let now = world.now();
    let own = json::reference(object);
    let mut history: Vec<Value> = list(object, "/status/history").to_vec();
    let made = history.first().map_or(0, |latest| number(latest, "/version")) + 1;
    let first = history.last().map_or_else(|| stamp(now), |oldest| text(oldest, "/firstDeployed").to_owned());
    if status == "deployed" {
        for older in history.iter_mut().filter(|older| text(older, "/status") == "deployed") {
            set(older, &["status"], "superseded");
        }
    }
    let release = StoredRelease {
        namespace: own.namespace.clone(),
        name: own.name.clone(),
        version: made,
        chart: chart.to_owned(),
        chart_version: version.to_owned(),
        values: values.clone(),
        first_deployed: first.clone(),
        last_deployed: stamp(now),
        status,
        description,
    };
    helm_storage::store(world, &release);
    history.insert(
        0,
        json!({
            "appVersion": version,
            "chartName": chart,
            "chartVersion": version,
            "configDigest": config_digest(object),
            "digest": format!("sha256:{}", sha256(&format!("{own} {made}"))),
            "firstDeployed": first,
            "lastDeployed": stamp(now),
            "name": own.name,
            "namespace": own.namespace,
            "status": status,
            "version": made,
        }),
    );
    let kept = history.iter().skip(1).position(|one| text(one, "/status") == "superseded").map_or(HISTORY, |at| at + 2);
    history.truncate(kept);
    set(object, &["status", "history"], history);
    made
}

/// Records the next attempt. Another generation, version or configuration, or a reset, restarts the count of failures.
pub(super) fn attempt(object: &mut Value, reset: bool) {
    let generation = number(object, "/metadata/generation");
    let version = text(object, "/spec/chart/spec/version").to_owned();
    let digest = config_digest(object);
    let namespace = text(object, "/metadata/namespace").to_owned();
    let is_new = number(object, "/status/lastAttemptedGeneration") != generation
        || text(object, "/status/lastAttemptedRevision") != version
        || text(object, "/status/lastAttemptedConfigDigest") != digest;
    if reset || is_new {
        clear_failures(object);
    }
    set(object, &["status", "storageNamespace"], namespace);
    set(object, &["status", "lastAttemptedGeneration"], generation);
    set(object, &["status", "lastAttemptedRevision"], version);
    set(object, &["status", "lastAttemptedConfigDigest"], digest);
}

fn clear_failures(object: &mut Value) {
    for counter in ["failures", "installFailures", "upgradeFailures"] {
        json::remove(object, &["status", counter]);
    }
}

fn config_digest(object: &Value) -> String {
    format!("sha256:{}", sha256(&part(object, "/spec/values").to_string()))
}
