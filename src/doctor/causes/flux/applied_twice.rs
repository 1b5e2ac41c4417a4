//! Two Kustomizations apply one object, and take it from each other at every run.

use std::collections::BTreeMap;

use super::failure::{flux_objects, then_push};
use crate::doctor::{Cause, Diagnosis, LiveGraph};
use crate::kinds;
use crate::model::ObjectRef;
use crate::model::text::some_of;

pub(super) const CAUSE: Cause = Cause { id: "applied-twice", title: "Two Kustomizations apply one object", find };

/// The most objects that are named.
const NAMED: usize = 3;

/// Each Kustomization lists in `status.inventory` what it applied last (kustomize-controller 1.7), and owns what has its
/// labels: what one takes out of Git it deletes, if it was the last to apply it.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let mut appliers: BTreeMap<&str, Vec<&ObjectRef>> = BTreeMap::new();
    for (live, _, flux) in flux_objects(graph).filter(|(live, ..)| kinds::KUSTOMIZATION.is(live.object)) {
        // Another cluster has objects of its own.
        if live.value.pointer("/spec/kubeConfig").is_some() || live.is_deleting() || live.is_true("/spec/suspend") {
            continue;
        }
        // A namespace is in the folder of each who needs it, as a rule.
        for id in flux.inventory.iter().filter(|id| !id.ends_with("__Namespace")) {
            appliers.entry(id).or_default().push(live.object);
        }
    }
    let mut shared: BTreeMap<Vec<&ObjectRef>, Vec<ObjectRef>> = BTreeMap::new();
    for (id, mut by) in appliers.into_iter().filter(|(_, by)| by.len() > 1) {
        by.sort_unstable();
        shared.entry(by).or_default().extend(ObjectRef::from_inventory(id));
    }
    shared.iter().filter_map(|(by, objects)| diagnosis(graph, by, objects)).collect()
}

fn diagnosis(graph: &LiveGraph, by: &[&ObjectRef], objects: &[ObjectRef]) -> Option<Diagnosis> {
    let (first, last) = (objects.first()?, by.last()?);
    let names: Vec<String> = objects.iter().map(ObjectRef::told).collect();
    let who: Vec<String> = by.iter().map(|one| one.told()).collect();
    let message = format!(
        "{} apply {}: each run takes it from the other, and deletes it where one of them no longer has it",
        who.join(" and "),
        some_of(&names, ", ")
    );
    let mut found = Diagnosis::new(CAUSE.id, last, message).warning();
    for one in by {
        let listed = objects.iter().take(NAMED).map(ObjectRef::told).collect::<Vec<_>>().join(", ");
        found = found.seen(format!("status.inventory: {listed}"), None, one.told());
    }
    let found = found
        .look_at(graph.yaml(first))
        .documented("https://fluxcd.io/flux/faq/#what-is-the-behavior-of-kustomize-used-by-flux");
    Some(then_push(
        graph,
        found,
        last,
        "Let one Kustomization apply it: take it out of the path of the other, and push.",
    ))
}
