//! Suspend: nobody reconciles the object until it is resumed; why, who and until when are kept on it.

use futures::future::BoxFuture;
use jiff::Timestamp;
use serde_json::json;

use super::{BY, Live, REASON, UNTIL, Verb, VerbCall};
use crate::model::{Fault, ObjectRef, Outcome, StepState};

/// Stops its reconciliation; the reason and the end are kept as annotations.
#[derive(Debug, Clone)]
pub struct Suspend {
    /// Why.
    pub reason: String,
    /// Who: the login, and the cluster's own word where it has one.
    pub by: String,
    /// Until when; for people to read, nothing resumes by itself.
    pub until: Option<Timestamp>,
}

impl Verb for Suspend {
    fn run<'a, 'c: 'a>(
        &'a self,
        call: &'a mut VerbCall<'c>,
        object: &'a ObjectRef,
    ) -> BoxFuture<'a, Result<Outcome, Fault>> {
        Box::pin(run(call, object, self))
    }
}

async fn run(call: &mut VerbCall<'_>, object: &ObjectRef, asked: &Suspend) -> Result<Outcome, Fault> {
    let target = call.target(object).await?;
    let before = call.read(&target, "suspend").await?;
    call.step("request", StepState::Running, format!("suspending {object}"));
    let patch = json!({
        "metadata": {"annotations": {
            REASON: text_or_null(&asked.reason),
            BY: text_or_null(&asked.by),
            UNTIL: asked.until.map(|at| at.to_string()),
        }},
        "spec": {"suspend": true},
    });
    call.patch::<Live>(&target, "suspend", &patch).await?;
    let message = if before.spec.suspend {
        format!("{object} was suspended already; the reason is noted")
    } else if before.is_running() {
        format!("{object} is suspended; the run under way still ends")
    } else {
        format!("{object} is suspended")
    };
    call.step("request", StepState::Done, &message);
    Ok(Outcome::Done(message))
}

fn text_or_null(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}
