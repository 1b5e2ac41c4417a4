//! Judges the progress of a workload's rollout, as `kubectl rollout status` does.
//!
//! The rules are those of the API:
//! <https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#deployment-status>.

use serde_json::Value;

use super::observe::Seen;
use crate::model::{Fault, Outcome};

/// Judges a workload by its kind; `None` is a deleted one.
pub(super) fn judge(name: &str, kind: &str, object: Option<&Value>) -> Seen {
    let Some(object) = object else {
        let why = "it was deleted while we waited";
        return Seen::Over(Outcome::Failed(Fault::failed(
            format!("{name} is not rolled out"),
            why,
            "look at its owner",
        )));
    };
    let spec = |field: &str| object.pointer(&format!("/spec/{field}"));
    let status = |field: &str| object.pointer(&format!("/status/{field}")).and_then(Value::as_u64).unwrap_or(0);
    let generation = object.pointer("/metadata/generation").and_then(Value::as_u64).unwrap_or(0);
    if status("observedGeneration") < generation {
        return Seen::Pending("its controller has not seen the change yet".to_owned());
    }
    let strategy = object.pointer("/spec/updateStrategy/type").and_then(Value::as_str);
    if strategy == Some("OnDelete") {
        return Seen::Over(Outcome::Done("its pods are replaced when they are deleted (OnDelete)".to_owned()));
    }
    let wanted = if kind == "DaemonSet" {
        status("desiredNumberScheduled")
    } else {
        spec("replicas").and_then(Value::as_u64).unwrap_or(1)
    };
    let (updated, ready) = match kind {
        "DaemonSet" => (status("updatedNumberScheduled"), status("numberAvailable")),
        "StatefulSet" => (status("updatedReplicas"), status("readyReplicas")),
        _ => (status("updatedReplicas"), status("availableReplicas")),
    };
    if let Some(why) = deadline(object) {
        let todo = "look at its newest pods and their events; the old ones still run";
        return Seen::Over(Outcome::Failed(Fault::failed(format!("{name} is not rolled out"), why, todo)));
    }
    if updated < wanted {
        return Seen::Pending(format!("{updated} of {wanted} pods are new"));
    }
    let old = if kind == "Deployment" { status("replicas").saturating_sub(updated) } else { 0 };
    if old > 0 {
        return Seen::Pending(format!("{old} old pods are still to end"));
    }
    if ready < wanted {
        return Seen::Pending(format!("{ready} of {wanted} new pods are ready"));
    }
    Seen::Over(Outcome::Done(format!("rolled out, {ready}/{wanted} pods ready")))
}

/// Returns why a Deployment's controller gave up the rollout.
fn deadline(object: &Value) -> Option<String> {
    let conditions = object.pointer("/status/conditions")?.as_array()?;
    let gave_up =
        conditions.iter().find(|one| one.get("reason").and_then(Value::as_str) == Some("ProgressDeadlineExceeded"))?;
    Some(gave_up.get("message").and_then(Value::as_str).unwrap_or("its progress deadline is over").to_owned())
}

#[cfg(test)]
mod tests {
    use super::judge;
    use crate::cluster::verbs::observe::Seen;
    use crate::model::Outcome;
    use serde_json::{Value, json};

    fn word(kind: &str, object: &Value) -> String {
        match judge("x", kind, Some(object)) {
            Seen::Pending(word) | Seen::Over(Outcome::Done(word)) => word,
            Seen::Over(other) => format!("{other:?}"),
        }
    }

    #[test]
    fn a_deployment_is_rolled_out_when_its_new_pods_alone_are_there_and_available() {
        let with = |status: Value| json!({"metadata": {"generation": 2}, "spec": {"replicas": 2}, "status": status});
        let unseen = with(json!({"observedGeneration": 1, "updatedReplicas": 2, "availableReplicas": 2}));
        assert_eq!(word("Deployment", &unseen), "its controller has not seen the change yet");
        let first = with(json!({"observedGeneration": 2, "replicas": 3, "updatedReplicas": 1, "availableReplicas": 2}));
        assert_eq!(word("Deployment", &first), "1 of 2 pods are new");
        let old = with(json!({"observedGeneration": 2, "replicas": 3, "updatedReplicas": 2, "availableReplicas": 2}));
        assert_eq!(word("Deployment", &old), "1 old pods are still to end");
        let done = with(json!({"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}));
        assert_eq!(word("Deployment", &done), "rolled out, 2/2 pods ready");
        let stuck = with(json!({"observedGeneration": 2, "conditions": [
            {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "timed out"}]}));
        assert!(word("Deployment", &stuck).contains("timed out"));
    }

    #[test]
    fn daemon_sets_and_stateful_sets_count_their_own_way() {
        let set = json!({"status": {"desiredNumberScheduled": 3, "updatedNumberScheduled": 3, "numberAvailable": 2}});
        assert_eq!(word("DaemonSet", &set), "2 of 3 new pods are ready");
        let stateful = json!({"spec": {"replicas": 1}, "status": {"updatedReplicas": 1, "readyReplicas": 1}});
        assert_eq!(word("StatefulSet", &stateful), "rolled out, 1/1 pods ready");
        let manual = json!({"spec": {"updateStrategy": {"type": "OnDelete"}}});
        assert!(word("StatefulSet", &manual).contains("OnDelete"));
    }
}
