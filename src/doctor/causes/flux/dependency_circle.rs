//! Objects that wait for each other.

use std::collections::BTreeMap;

use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};
use crate::kinds;
use crate::model::{ObjectRef, State, circles};

pub(super) const CAUSE: Cause =
    Cause { id: "dependency-circle", title: "Objects depend on each other in a circle", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let mut waiting: Vec<(&ObjectRef, &[ObjectRef])> = Vec::new();
    for kind in [kinds::KUSTOMIZATION, kinds::HELM_RELEASE] {
        for live in graph.all(kind.group, kind.kind) {
            let Some(row) = graph.row(live.object).filter(|row| row.state != State::Ready) else { continue };
            waiting.push((live.object, row.flux.as_ref().map(|flux| flux.depends_on.as_slice()).unwrap_or_default()));
        }
    }
    let index: BTreeMap<&ObjectRef, usize> =
        waiting.iter().enumerate().map(|(index, (object, _))| (*object, index)).collect();
    let waits: Vec<Vec<usize>> =
        waiting.iter().map(|(_, on)| on.iter().filter_map(|one| index.get(one).copied()).collect()).collect();
    let named = |circle: &Vec<usize>| -> Vec<ObjectRef> {
        circle.iter().filter_map(|index| waiting.get(*index)).map(|(object, _)| (*object).clone()).collect()
    };
    circles(&waits).iter().filter_map(|circle| diagnosis(graph, &named(circle))).collect()
}

fn diagnosis(graph: &LiveGraph, circle: &[ObjectRef]) -> Option<Diagnosis> {
    let first = circle.first()?;
    let is_one_namespace = circle.iter().all(|object| object.namespace == first.namespace);
    let name = |object: &ObjectRef| {
        if is_one_namespace { object.name.clone() } else { format!("{}/{}", object.namespace, object.name) }
    };
    let names: Vec<String> = circle.iter().chain([first]).map(name).collect();
    let message = if circle.len() == 1 {
        format!("{} depends on itself, and waits for ever", first.told())
    } else {
        format!("{} wait for each other for ever: {}", first.kind.clone() + "s", names.join(" -> "))
    };
    let mut found = Diagnosis::new(CAUSE.id, first, message).explaining(circle.iter().skip(1).cloned());
    for object in circle {
        if let Some(live) = graph.get(object).found() {
            let on: Vec<&str> =
                live.items("/spec/dependsOn").iter().filter_map(|one| one.get("name")?.as_str()).collect();
            found = found.seen_all([live.field_evidence("spec.dependsOn", &on.join(", "))]);
        }
    }
    Some(
        found
            .mended_by(Remedy::change(
                "Remove the dependsOn that is not needed from one of them, and push.",
                "each becomes Ready in turn",
            ))
            .documented("https://fluxcd.io/flux/components/kustomize/kustomizations/#dependencies"),
    )
}
