//! Restart: replaces the pods of a workload step by step, by an annotation of its template.

use std::time::Duration;

use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::{Verb, VerbCall, observe, owner, rollout};
use crate::model::{Fault, FaultKind, ObjectRef, Outcome, StepState};

/// The annotation that kubectl sets; a new time changes the template, which replaces the pods.
const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";

/// Replaces the pods of a workload step by step, as `kubectl rollout restart` does, and waits until the new ones are
/// ready.
#[derive(Debug, Clone)]
pub struct Restart {
    /// The longest wait for the new pods.
    pub timeout: Duration,
}

impl Verb for Restart {
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
    let before = call.whole(&target, "restart").await?;
    if before.pointer("/spec/paused").and_then(Value::as_bool) == Some(true) {
        return Err(Fault::new(
            FaultKind::Failed,
            format!("cannot restart {object} in {}", call.cluster.name),
            "its rollout is paused",
            "kubectl rollout resume lets it go on",
        ));
    }
    call.step("request", StepState::Running, format!("restarting {object}"));
    let at = call.clock.now().to_string();
    // A merge patch and a strategic one have the same effect on a map of annotations.
    let patch = json!({"spec": {"template": {"metadata": {"annotations": {RESTARTED_AT: at}}}}});
    call.patch::<Value>(&target, "restart", &patch).await?;
    let kept = owner::flux_owner(&before).map(|by| format!("; {by} keeps the annotation unless its manifests set it"));
    call.step("request", StepState::Done, format!("asked for new pods of {object}{}", kept.unwrap_or_default()));
    let (name, kind) = (object.to_string(), object.kind.clone());
    Ok(observe::until(call, &target, "rollout", timeout, |seen| rollout::judge(&name, &kind, seen)).await)
}
