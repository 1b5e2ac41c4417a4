//! A Flux object is being deleted and does not go.

use super::failure::{after, flux_objects};
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};
use crate::kinds;
use crate::model::clock::age;

pub(super) const CAUSE: Cause = Cause { id: "deletion-stuck", title: "A Flux object does not go", find };

const MINUTES: i64 = 10;
const MINUTES_OF_A_FAILURE: i64 = 2;

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let found = flux_objects(graph).filter_map(|(live, ..)| {
        let object = live.object;
        let since = live.time("/metadata/deletionTimestamp")?;
        let finalizers: Vec<&str> = live.items("/metadata/finalizers").iter().filter_map(serde_json::Value::as_str).collect();
        let failed = live.condition("Ready").filter(|ready| ready.status == "False");
        // One that says that it failed to remove what it made needs no patience.
        let is_said = failed.as_ref().is_some_and(|ready| ready.reason == "UninstallFailed");
        let patience = if is_said { MINUTES_OF_A_FAILURE } else { MINUTES };
        if graph.now.duration_since(since).as_mins() < patience || finalizers.is_empty() {
            return None;
        }
        let why = failed.as_ref().map(|ready| format!("; {}", after(&kinds::in_source(&ready.message), "1 error occurred:"))).unwrap_or_default();
        let message = format!("{} has been in deletion for {} and does not go: {} holds it{why}", object.told(), age(graph.now, since), finalizers.join(", "));
        let mut seen = live.field_evidence("metadata.finalizers", &finalizers.join(", "));
        seen.at = Some(since);
        let line = graph.shell("kubectl get events -n {} --field-selector involvedObject.name={}", &[&object.namespace, &object.name]);
        Some(
            Diagnosis::new(CAUSE.id, object, message)
                .warning()
                .unless_deeper()
                .seen_all([seen])
                .seen_all(failed.map(|ready| live.condition_evidence(&ready)))
                .look_at(graph.describe(object))
                .mended_by(Remedy::new(line, "Its controller removes the finalizer once what it made is removed; the events say what refuses to go.", "the object is gone"))
                .documented("https://fluxcd.io/flux/components/kustomize/kustomizations/#deletion-policy"),
        )
    });
    found.collect()
}
