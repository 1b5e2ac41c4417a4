//! Delete: removes an object with what it owns, and waits until it is gone.

use std::time::Duration;

use serde_json::{Value, json};

use super::observe::{self, Seen};
use super::{Call, owner};
use crate::cluster::{fault, request};
use crate::model::{Fault, ObjectRef, Outcome, StepState};

pub(super) async fn run(call: &mut Call<'_>, object: &ObjectRef, timeout: Duration) -> Result<Outcome, Fault> {
    let target = call.any(object).await?;
    let before = call.whole(&target, "delete").await?;
    let uid = before.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default().to_owned();
    call.step("request", StepState::Running, format!("deleting {object}"));
    // What was made anew under the same name meanwhile is not what the operator saw.
    let options = json!({
        "kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background", "preconditions": {"uid": uid},
    });
    request::delete(call.cluster, &target.address, &options, call.permit)
        .await
        .map_err(|error| fault::of_write(&call.cluster.name, &format!("delete {object}"), &error))?;
    call.step("request", StepState::Done, format!("asked to delete {object}"));
    let back = owner::of(&before).map(|by| format!("; the next reconcile of {by} makes it anew")).unwrap_or_default();
    let name = object.to_string();
    let outcome = observe::until(call, &target, "gone", timeout, |seen| judge(&name, &uid, &back, seen)).await;
    Ok(outcome)
}

fn judge(name: &str, uid: &str, back: &str, object: Option<&Value>) -> Seen {
    let here = object.filter(|value| value.pointer("/metadata/uid").and_then(Value::as_str) == Some(uid));
    let Some(object) = here else {
        let anew = if object.is_some() { ", and made anew already" } else { "" };
        return Seen::Over(Outcome::Done(format!("{name} is deleted{anew}{back}")));
    };
    let finalizers: Vec<&str> = object
        .pointer("/metadata/finalizers")
        .and_then(Value::as_array)
        .map(|all| all.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    Seen::Pending(match finalizers.as_slice() {
        [] => "it is ending".to_owned(),
        held => format!("it waits for {}", held.join(", ")),
    })
}
