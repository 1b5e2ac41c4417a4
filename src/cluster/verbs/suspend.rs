//! Suspend: nobody reconciles the object until it is resumed; why, who and until when are kept on it.

use jiff::Timestamp;
use serde_json::json;

use super::{BY, Call, Live, REASON, UNTIL};
use crate::model::{Fault, ObjectRef, Outcome, StepState};

pub(super) async fn run(
    call: &mut Call<'_>,
    object: &ObjectRef,
    reason: &str,
    by: &str,
    until: Option<Timestamp>,
) -> Result<Outcome, Fault> {
    let target = call.target(object).await?;
    let before = call.read(&target, "suspend").await?;
    call.step("request", StepState::Running, format!("suspending {object}"));
    let patch = json!({
        "metadata": {"annotations": {
            REASON: text_or_null(reason),
            BY: text_or_null(by),
            UNTIL: until.map(|at| at.to_string()),
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
