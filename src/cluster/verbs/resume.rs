//! Resume: reconciliation runs again; waits for the first run to end.

use std::time::Duration;

use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::{BY, Live, REASON, REQUESTED_AT, UNTIL, Verb, VerbCall, reconcile, wait};
use crate::model::{Fault, ObjectRef, Outcome, StepState};

/// Resumes an object, removes the annotations, and waits as after a reconcile.
#[derive(Debug, Clone)]
pub struct Resume {
    /// The longest wait for the outcome.
    pub timeout: Duration,
}

impl Verb for Resume {
    fn run<'a, 'c: 'a>(
        &'a self,
        call: &'a mut VerbCall<'c>,
        object: &'a ObjectRef,
    ) -> BoxFuture<'a, Result<Outcome, Fault>> {
        Box::pin(run(call, object, self.timeout))
    }
}

/// Resumes an object. Flux itself only clears `spec.suspend`; here the same patch also requests a reconciliation, whose
/// token is the only sign that the ended run is the one that the resume started.
async fn run(call: &mut VerbCall<'_>, object: &ObjectRef, timeout: Duration) -> Result<Outcome, Fault> {
    let target = call.target(object).await?;
    let before = call.read(&target, "resume").await?;
    let token = reconcile::token(call.clock, &before);
    call.step("request", StepState::Running, format!("resuming {object}"));
    let patch = json!({
        "metadata": {"annotations": {REASON: Value::Null, BY: Value::Null, UNTIL: Value::Null, REQUESTED_AT: token}},
        "spec": {"suspend": null},
    });
    let live: Live = call.patch(&target, "resume", &patch).await?;
    let said = if before.spec.suspend { "is resumed" } else { "was not suspended; asked to reconcile" };
    call.step("request", StepState::Done, format!("{object} {said}"));
    if let Some(done) = reconcile::without_a_run(object, &live) {
        return Ok(done);
    }
    Ok(wait::until_handled(call, &target, &live, &token, "reconcile", timeout).await)
}
