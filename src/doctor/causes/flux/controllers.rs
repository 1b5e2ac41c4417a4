//! Flux's controllers as causes look at them: their Deployments, and the objects that are theirs.

use super::failure::flux_objects;
use super::revision_behind::behind;
use crate::doctor::{LiveGraph, LiveObject};
use crate::kinds;
use crate::model::{FluxFacts, ObjectRef, Row, State};

/// Iterates over the Deployments of Flux's controllers.
pub(super) fn deployments(graph: &LiveGraph) -> impl Iterator<Item = LiveObject<'_>> {
    let is_known = |name: &str| !name.is_empty() && kinds::flux().any(|kind| kind.controller == name);
    graph
        .all(kinds::DEPLOYMENT.group, kinds::DEPLOYMENT.kind)
        .filter(move |live| is_known(&live.object.name) && live.label("app.kubernetes.io/part-of") == "flux")
}

/// Finds the Deployment of the controller that keeps an object.
pub(super) fn keeper<'a>(graph: &'a LiveGraph, object: &ObjectRef) -> Option<LiveObject<'a>> {
    let kind = kinds::kind_of(object)?;
    deployments(graph).find(|live| live.object.name == kind.controller)
}

/// Returns the namespace of the controller that keeps an object; the object's own where that is not seen.
pub(super) fn namespace_of(graph: &LiveGraph, object: &ObjectRef) -> String {
    keeper(graph, object).map_or(&object.namespace, |live| &live.object.namespace).clone()
}

/// Returns the number of ready pods of a Deployment.
pub(super) fn ready(deployment: &LiveObject<'_>) -> i64 {
    deployment.number("/status/readyReplicas").unwrap_or(0)
}

/// Tells whether a controller watches a namespace: all of them, unless it says that it watches its own alone.
fn watches(deployment: &LiveObject<'_>, namespace: &str) -> bool {
    let arguments = deployment.items("/spec/template/spec/containers").iter();
    let mut arguments = arguments.filter_map(|one| one.get("args")?.as_array()).flatten();
    let is_confined = arguments.any(|argument| argument == "--watch-all-namespaces=false");
    !is_confined || deployment.object.namespace == namespace
}

/// Finds the objects of a controller that wait for it: they progress, wait, were never looked at, or stopped midway. Of
/// several installations each has its own: what another one watches that runs does not wait for this one.
pub(super) fn unanswered(graph: &LiveGraph, deployment: &LiveObject<'_>) -> Vec<ObjectRef> {
    let controller = deployment.object.name.as_str();
    let others: Vec<LiveObject<'_>> = deployments(graph)
        .filter(|one| one.object.name == controller && one.object != deployment.object && ready(one) > 0)
        .collect();
    let is_own = |object: &ObjectRef| {
        watches(deployment, &object.namespace) && !others.iter().any(|other| watches(other, &object.namespace))
    };
    let waits = |row: &Row, flux: &FluxFacts| match row.state {
        State::Progressing | State::Waiting | State::Unknown => true,
        State::Failed => flux.is_stuck,
        State::Ready | State::Suspended => false,
    };
    let is_its = |object: &ObjectRef| kinds::kind_of(object).is_some_and(|kind| kind.controller == controller);
    let fetches = |object: &ObjectRef, row: &Row, flux: &FluxFacts| {
        let lost = ["failed to download archive", "rtifact not found"];
        controller == "source-controller"
            && kinds::KUSTOMIZATION.is(object)
            && flux.reason == "ArtifactFailed"
            && lost.iter().any(|lost| row.message.contains(lost))
    };
    let behind = if controller == kinds::KUSTOMIZATION.controller { behind(graph) } else { Vec::new() };
    flux_objects(graph)
        .filter(|(live, row, flux)| (is_its(live.object) && waits(row, flux)) || fetches(live.object, row, flux))
        .map(|(live, ..)| live.object.clone())
        .chain(behind.into_iter().map(|found| found.object))
        .filter(is_own)
        .collect()
}
