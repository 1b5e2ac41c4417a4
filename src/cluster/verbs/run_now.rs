//! Run now: creates a Job from a CronJob, as `kubectl create job --from` does, and waits for its end.

use std::time::Duration;

use futures::future::BoxFuture;
use serde_json::{Map, Value, json};

use super::observe::{self, Seen};
use super::{Target, Verb, VerbCall};
use crate::cluster::request;
use crate::model::{Fault, FaultKind, ObjectRef, Outcome, StepState};

/// The longest name of a CronJob that leaves room for a suffix in a Job's name, which becomes a label of at most 63
/// characters.
const LONGEST_STEM: usize = 50;

/// Runs a CronJob now, as a Job created from it, and waits for its end.
#[derive(Debug, Clone)]
pub struct RunNow {
    /// The longest wait for the Job's end.
    pub timeout: Duration,
}

impl Verb for RunNow {
    fn run<'a, 'c: 'a>(
        &'a self,
        call: &'a mut VerbCall<'c>,
        object: &'a ObjectRef,
    ) -> BoxFuture<'a, Result<Outcome, Fault>> {
        Box::pin(run(call, object, self.timeout))
    }
}

async fn run(call: &mut VerbCall<'_>, object: &ObjectRef, timeout: Duration) -> Result<Outcome, Fault> {
    let target = call.any(object).await?;
    let cron = call.whole(&target, "run").await?;
    refuse_second(call, object, &cron)?;
    let job = job(object, &cron, call.clock.now().as_second());
    let name = job.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default().to_owned();
    call.step("request", StepState::Running, format!("making Job {name} from {object}"));
    let made = ObjectRef::new("Job", "batch", &object.namespace, &name);
    let Target { resource, address, .. } = call.any(&made).await?;
    request::create::<Value>(call.cluster, &resource.list(&object.namespace), &job, call.permit)
        .await
        .map_err(|error| error.fault_of_write(&call.cluster.name, &format!("run {object}")))?;
    call.step("request", StepState::Done, format!("made Job {name}"));
    let target = Target { object: made, resource, address };
    Ok(observe::until(call, &target, "job", timeout, |seen| judge(&name, seen)).await)
}

/// Refuses a second run beside an active one where the CronJob forbids it: its policy does not apply to manual Jobs.
fn refuse_second(call: &VerbCall<'_>, object: &ObjectRef, cron: &Value) -> Result<(), Fault> {
    let policy = cron.pointer("/spec/concurrencyPolicy").and_then(Value::as_str).unwrap_or("Allow");
    let active = cron.pointer("/status/active").and_then(Value::as_array).and_then(|all| all.first());
    let Some(running) = active.filter(|_| policy != "Allow") else { return Ok(()) };
    let name = running.get("name").and_then(Value::as_str).unwrap_or("a Job");
    Err(Fault::new(
        FaultKind::Failed,
        format!("cannot run {object} in {}", call.cluster.name),
        format!("{name} still runs, and concurrencyPolicy {policy} wants one at a time"),
        "follow its log; run it again once it has ended",
    ))
}

/// Builds the Job: the template's labels, annotations and spec, and the CronJob as its owner, so that history limits
/// apply.
fn job(object: &ObjectRef, cron: &Value, suffix: i64) -> Value {
    let part = |path: &str| cron.pointer(path).cloned().unwrap_or_else(|| Value::Object(Map::new()));
    let mut annotations = part("/spec/jobTemplate/metadata/annotations");
    if let Some(all) = annotations.as_object_mut() {
        all.insert("cronjob.kubernetes.io/instantiate".to_owned(), "manual".into());
    }
    let stem: String = object.name.chars().take(LONGEST_STEM).collect();
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": format!("{stem}-{suffix}"),
            "namespace": object.namespace,
            "annotations": annotations,
            "labels": part("/spec/jobTemplate/metadata/labels"),
            "ownerReferences": [{
                "apiVersion": "batch/v1", "kind": "CronJob", "name": object.name, "controller": true,
                "uid": cron.pointer("/metadata/uid").cloned().unwrap_or_default(),
            }],
        },
        "spec": part("/spec/jobTemplate/spec"),
    })
}

fn judge(name: &str, job: Option<&Value>) -> Seen {
    let failed = |why: &str| {
        let todo = "‹key:logs|fluxdeck logs› on the Job or its pod shows what it said";
        Seen::Over(Outcome::Failed(Fault::failed(format!("Job {name} failed"), why, todo)))
    };
    let Some(job) = job else { return failed("it was deleted while we waited") };
    let conditions = job.pointer("/status/conditions").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let is = |kind: &str| {
        conditions.iter().find(|one| {
            let text = |field: &str| one.get(field).and_then(Value::as_str);
            text("type") == Some(kind) && text("status") == Some("True")
        })
    };
    if is("Complete").is_some() {
        return Seen::Over(Outcome::Done(format!("Job {name} has succeeded")));
    }
    if let Some(condition) = is("Failed") {
        return failed(condition.get("message").and_then(Value::as_str).unwrap_or("its pods failed"));
    }
    let count = |field: &str| job.pointer(&format!("/status/{field}")).and_then(Value::as_u64).unwrap_or(0);
    Seen::Pending(format!("{} running, {} failed so far", count("active"), count("failed")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn the_job_is_the_cron_jobs_own_and_says_that_somebody_asked_for_it() {
        let cron = json!({"metadata": {"uid": "u"}, "spec": {"jobTemplate": {
            "metadata": {"labels": {"app": "renovate"}, "annotations": {"a": "b"}}, "spec": {"backoffLimit": 1}}}});
        let job = super::job(&"CronJob/renovate/renovate".parse().unwrap(), &cron, 7);
        assert_eq!(job["metadata"]["name"], "renovate-7");
        assert_eq!(job["metadata"]["annotations"], json!({"a": "b", "cronjob.kubernetes.io/instantiate": "manual"}));
        assert_eq!(job["metadata"]["labels"], json!({"app": "renovate"}));
        assert_eq!(job["spec"], json!({"backoffLimit": 1}));
        let owner = &job["metadata"]["ownerReferences"][0];
        assert_eq!((&owner["uid"], &owner["controller"]), (&json!("u"), &json!(true)));
        assert!(owner.get("blockOwnerDeletion").is_none());
    }
}
