//! What failed comes from a suspended Kustomization: what is pushed to mend it does not arrive.

use std::collections::BTreeMap;

use super::failure::appliers;
use super::suspension::declared_evidence;
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};
use crate::model::ObjectRef;
use crate::model::text::some_of;

pub(super) const CAUSE: Cause =
    Cause { id: "ancestor-suspended", title: "What failed comes from a suspended Kustomization", find };

/// How far up owners are followed.
const MOST: usize = 8;

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let mut below: BTreeMap<ObjectRef, Vec<ObjectRef>> = BTreeMap::new();
    // One that waits for another becomes ready by itself.
    for failure in appliers(graph).filter(|failure| failure.said.reason != "DependencyNotReady") {
        if let Some(ancestor) = suspended_above(graph, failure.object()) {
            below.entry(ancestor).or_default().push(failure.object().clone());
        }
    }
    below.iter().filter_map(|(ancestor, failed)| diagnosis(graph, ancestor, failed)).collect()
}

/// Finds the nearest suspended Kustomization that an object comes from.
fn suspended_above(graph: &LiveGraph, object: &ObjectRef) -> Option<ObjectRef> {
    let owner_of = |object: &ObjectRef| graph.row(object)?.flux.as_ref()?.owner.clone().filter(|owner| owner != object);
    let owners = std::iter::successors(owner_of(object), |owner| owner_of(owner)).take(MOST);
    let mut suspended =
        owners.filter(|owner| graph.row(owner).and_then(|row| row.flux.as_ref()?.suspended.as_ref()).is_some());
    suspended.next()
}

fn diagnosis(graph: &LiveGraph, ancestor: &ObjectRef, failed: &[ObjectRef]) -> Option<Diagnosis> {
    let told: Vec<String> = failed.iter().map(ObjectRef::told).collect();
    let message =
        format!("{} is suspended, so what is pushed to mend {} does not arrive", ancestor.told(), some_of(&told, ", "));
    let live = graph.peek(ancestor)?;
    let mut field = live.field_evidence("spec.suspend", "true");
    field.at = graph.row(ancestor).and_then(|row| row.flux.as_ref()?.suspended.as_ref()?.since);
    let resume = graph.resume(ancestor)?;
    Some(
        Diagnosis::new(CAUSE.id, ancestor, message)
            .warning()
            .seen_all([field])
            .seen_all(declared_evidence(graph, &live))
            .look_at(graph.describe(ancestor))
            .mended_by(
                Remedy::new(
                    resume,
                    "It applies what Git declares again, with the correction.",
                    "Ready True with the present revision",
                )
                .by("resume", ancestor),
            )
            .documented("https://fluxcd.io/flux/components/kustomize/kustomizations/#suspend"),
    )
}
