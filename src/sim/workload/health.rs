//! The health of objects, in kstatus' words, and the initial status of those without a controller here.

use serde_json::{Value, json};

use crate::model::ObjectRef;
use crate::sim::flux::conditions;
use crate::sim::json::{is_true, number, stamp, text};
use crate::sim::world::SimulatedCluster;

/// Returns the status that a new object of a kind gets from its controller, if the simulation has no model of that.
pub(crate) fn initial_status(world: &SimulatedCluster, key: &ObjectRef, object: &Value) -> Option<Value> {
    // A claim without a class waits for a volume that is created by hand.
    if key.kind == "PersistentVolumeClaim" && text(object, "/spec/storageClassName").is_empty() {
        return None;
    }
    if let Some(status) = world.script.status(key) {
        return Some(status);
    }
    let ready = |reason: &str, message: &str| {
        json!({"conditions": [{
            "type": "Ready", "status": "True", "reason": reason, "message": message,
            "lastTransitionTime": stamp(world.now()), "observedGeneration": 1,
        }]})
    };
    match key.kind.as_str() {
        "Namespace" => Some(json!({"phase": "Active"})),
        "Certificate" => Some(ready("Ready", "Certificate is up to date and has not expired")),
        "ClusterIssuer" => Some(ready("ACMEAccountRegistered", "The ACME account was registered with the ACME server")),
        _ => None,
    }
}

/// Returns the health of an object in kstatus' words, as kustomize-controller's health checks see it.
pub(crate) fn health(object: &Value) -> &'static str {
    let generation = number(object, "/metadata/generation");
    if object.pointer("/status/observedGeneration").is_some_and(|observed| observed.as_i64() != Some(generation)) {
        return "InProgress";
    }
    match text(object, "/kind") {
        "Deployment" => {
            let wanted = number(object, "/spec/replicas");
            let fields = ["updatedReplicas", "availableReplicas", "readyReplicas"];
            let all = fields.iter().all(|field| number(object, &format!("/status/{field}")) >= wanted);
            if conditions::get(object, "Progressing")
                .is_some_and(|one| text(one, "/reason") == "ProgressDeadlineExceeded")
            {
                return "Failed";
            }
            let only = number(object, "/status/replicas") <= wanted;
            if all && only && conditions::is(object, "Available", "True") { "Current" } else { "InProgress" }
        }
        "DaemonSet" => {
            let wanted = number(object, "/status/desiredNumberScheduled");
            if number(object, "/status/numberReady") >= wanted && wanted > 0 { "Current" } else { "InProgress" }
        }
        "PersistentVolumeClaim" if text(object, "/status/phase") != "Bound" => "InProgress",
        // Only Flux' kinds count: a suspended CronJob is healthy.
        _ if text(object, "/apiVersion").contains(".fluxcd.io/")
            && is_true(object, "/spec/suspend")
            && !conditions::is(object, "Ready", "True") =>
        {
            "InProgress"
        }
        _ if conditions::is(object, "Reconciling", "True") => "InProgress",
        _ if conditions::is(object, "Stalled", "True") => "Failed",
        _ if conditions::get(object, "Ready").is_some() && !conditions::is(object, "Ready", "True") => "InProgress",
        _ => "Current",
    }
}
