//! A Flux object is being deleted and does not go.

use super::failure::flux_objects;
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};
use crate::model::clock::age;

pub(super) const CAUSE: Cause = Cause { id: "deletion-stuck", title: "A Flux object does not go", find };

const MINUTES: i64 = 10;

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let found = flux_objects(graph).filter_map(|(live, ..)| {
        let object = live.object;
        let since = live.time("/metadata/deletionTimestamp")?;
        let finalizers: Vec<&str> = live.items("/metadata/finalizers").iter().filter_map(serde_json::Value::as_str).collect();
        if graph.now.duration_since(since).as_mins() < MINUTES || finalizers.is_empty() {
            return None;
        }
        let message = format!("{} has been in deletion for {} and does not go: {} holds it", object.told(), age(graph.now, since), finalizers.join(", "));
        let mut seen = live.field_evidence("metadata.finalizers", &finalizers.join(", "));
        seen.at = Some(since);
        let line = graph.shell("kubectl get events -n {} --field-selector involvedObject.name={}", &[&object.namespace, &object.name]);
        Some(
            Diagnosis::new(CAUSE.id, object, message)
                .warning()
                .unless_deeper()
                .seen_all([seen])
                .look_at(graph.describe(object))
                .mended_by(Remedy::new(line, "Its controller removes the finalizer once what it made is removed; the events say what refuses to go.", "the object is gone"))
                .documented("https://fluxcd.io/flux/components/kustomize/kustomizations/#deletion-policy"),
        )
    });
    found.collect()
}
