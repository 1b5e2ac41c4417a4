//! Delete: removes an object with its dependents, and waits until it is gone.

use std::time::Duration;

use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::observe::{self, Seen};
use super::{Verb, VerbCall, owner};
use crate::cluster::request;
use crate::model::known::KUSTOMIZE;
use crate::model::{Fault, FaultKind, ObjectRef, Outcome, StepState};

/// Deletes an object, and waits until it is gone.
#[derive(Debug, Clone)]
pub struct Delete {
    /// The longest wait until it is gone.
    pub timeout: Duration,
}

impl Verb for Delete {
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
    let before = call.whole(&target, "delete").await?;
    let uid = before.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default().to_owned();
    refuse_root(call, object, &before)?;
    call.step("request", StepState::Running, format!("deleting {object}"));
    // An object that was recreated under the same name meanwhile is not the one that the user saw.
    let options = json!({
        "kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background", "preconditions": {"uid": uid},
    });
    request::delete(call.cluster, &target.address, &options, call.permit)
        .await
        .map_err(|error| error.fault_of_write(&call.cluster.name, &format!("delete {object}")))?;
    call.step("request", StepState::Done, format!("asked to delete {object}"));
    let back =
        owner::flux_owner(&before).map(|by| format!("; the next reconcile of {by} makes it anew")).unwrap_or_default();
    let name = object.to_string();
    let outcome = observe::until(call, &target, "gone", timeout, |seen| judge(&name, &uid, &back, seen)).await;
    Ok(outcome)
}

/// Refuses a Kustomization that applies itself and would prune: it would delete all that Flux manages, and nothing
/// would recreate it.
fn refuse_root(call: &VerbCall<'_>, object: &ObjectRef, before: &Value) -> Result<(), Fault> {
    if object.kind != "Kustomization" || object.group != KUSTOMIZE || !prunes(before) {
        return Ok(());
    }
    let entries = before.pointer("/status/inventory/entries").and_then(Value::as_array).into_iter().flatten();
    let applied: Vec<ObjectRef> =
        entries.filter_map(|entry| ObjectRef::from_inventory(entry.get("id")?.as_str()?)).collect();
    if !applied.contains(object) {
        return Ok(());
    }
    let others = applied.iter().filter(|one| one.kind == "Kustomization" && one.group == KUSTOMIZE).count() - 1;
    Err(Fault::new(
        FaultKind::Refused,
        format!("cannot delete {object} in {}", call.cluster.name),
        format!(
            "it applies itself: {} objects would go with it (other Kustomizations: {others}, with all that they applied), and nothing would make them anew",
            applied.len()
        ),
        "`flux uninstall` takes Flux away and leaves the rest; one that is suspended first leaves what it applied",
    ))
}

/// Tells whether kustomize-controller deletes the objects of a Kustomization once it is deleted itself: its `finalize`
/// keeps them where the Kustomization is suspended, and otherwise follows `deletionPolicy`, which defaults to `prune`.
fn prunes(kustomization: &Value) -> bool {
    let spec = |field: &str| kustomization.pointer(&format!("/spec/{field}"));
    let is = |field: &str| spec(field).and_then(Value::as_bool) == Some(true);
    !is("suspend")
        && match spec("deletionPolicy").and_then(Value::as_str) {
            None | Some("" | "MirrorPrune") => is("prune"),
            Some("Orphan") => false,
            // Delete, WaitForTermination, and unknown values.
            Some(_) => true,
        }
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::cluster::testing::{cluster, ok};
    use crate::cluster::verbs::perform;
    use crate::model::permit::grant;
    use crate::model::{Clock, FaultKind, Outcome};

    /// Deletes a Kustomization; returns the outcome, and whether the server got the request.
    async fn delete(spec: Value, inventory: &[&str]) -> (Outcome, bool) {
        let entries: Vec<Value> = inventory.iter().map(|id| json!({"id": id, "v": "v1"})).collect();
        let object = json!({
            "metadata": {"name": "apps", "namespace": "flux-system", "uid": "u1", "resourceVersion": "7"},
            "spec": spec, "status": {"inventory": {"entries": entries}},
        });
        let deleted = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let seen = deleted.clone();
        let cluster = cluster(move |request| {
            if request.method == "DELETE" {
                seen.store(true, std::sync::atomic::Ordering::Relaxed);
                return crate::cluster::testing::error(403, "enough");
            }
            ok(object.clone())
        });
        let verb = super::Delete { timeout: std::time::Duration::from_secs(1) };
        let object = "Kustomization/flux-system/apps".parse().unwrap();
        let outcome = perform(&cluster, &verb, &object, &Clock::system(), &mut |_| {}, &grant()).await;
        (outcome, deleted.load(std::sync::atomic::Ordering::Relaxed))
    }

    #[tokio::test]
    async fn a_kustomization_that_applies_itself_is_deleted_only_where_it_leaves_what_it_applied() {
        let own = "flux-system_apps_kustomize.toolkit.fluxcd.io_Kustomization";
        let other = "flux-system_other_kustomize.toolkit.fluxcd.io_Kustomization";
        for spec in [
            json!({"prune": true}),
            json!({"prune": true, "deletionPolicy": "MirrorPrune"}),
            json!({"prune": false, "deletionPolicy": "Delete"}),
            json!({"deletionPolicy": "WaitForTermination"}),
        ] {
            let (outcome, deleted) = delete(spec.clone(), &[own, other, "web_web_apps_Deployment"]).await;
            let Outcome::Failed(fault) = outcome else { panic!("{spec}: {outcome:?}") };
            assert_eq!((fault.kind, deleted), (FaultKind::Refused, false), "{spec}: {fault}");
            assert!(fault.why.contains("3 objects") && fault.why.contains("other Kustomizations: 1"), "{fault}");
        }
        for spec in [
            json!({"prune": false}),
            json!({}),
            json!({"prune": true, "suspend": true}),
            json!({"prune": true, "deletionPolicy": "Orphan"}),
        ] {
            assert!(delete(spec.clone(), &[own]).await.1, "{spec}");
        }
        let foreign = "flux-system_apps_kustomize.example.com_Kustomization";
        assert!(delete(json!({"prune": true}), &[other, foreign]).await.1, "it does not apply itself");
    }
}
