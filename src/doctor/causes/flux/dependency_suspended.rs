//! A suspended object holds up what waits for it.

use std::collections::BTreeMap;

use super::failure::{Failure, appliers};
use super::suspension::declared_evidence;
use crate::doctor::Cause;
use crate::doctor::message::objects;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};
use crate::model::ObjectRef;
use crate::model::clock::age;

pub(super) const CAUSE: Cause = Cause { id: "dependency-suspended", title: "A suspended object holds up others", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let mut held: BTreeMap<ObjectRef, Vec<Failure<'_>>> = BTreeMap::new();
    for failure in appliers(graph) {
        for object in holding(graph, &failure) {
            held.entry(object).or_default().push(failure_again(&failure));
        }
    }
    held.iter().filter_map(|(object, waiting)| diagnosis(graph, object, waiting)).collect()
}

fn failure_again<'a>(failure: &Failure<'a>) -> Failure<'a> {
    Failure { live: failure.live, said: failure.said.clone() }
}

/// Finds the suspended objects that a failed one waits for: a dependency, what its health check names, its source.
pub(super) fn holding(graph: &LiveGraph, failure: &Failure<'_>) -> Vec<ObjectRef> {
    let Some(flux) = graph.row(failure.object()).and_then(|row| row.flux.as_deref()) else { return Vec::new() };
    let is_suspended =
        |object: &&ObjectRef| graph.row(object).and_then(|row| row.flux.as_ref()?.suspended.as_ref()).is_some();
    match failure.said.reason.as_str() {
        "DependencyNotReady" => {
            let named = |one: &&ObjectRef| failure.says(&format!("'{}/{}'", one.namespace, one.name));
            flux.depends_on.iter().filter(named).filter(is_suspended).cloned().collect()
        }
        "HealthCheckFailed" => objects(failure.message()).iter().filter(is_suspended).cloned().collect(),
        "ArtifactFailed" | "SourceNotReady" => {
            let is_empty = |one: &&ObjectRef| {
                graph.row(one).and_then(|row| row.flux.as_deref()).is_some_and(|flux| flux.revision.is_empty())
            };
            flux.source.iter().filter(is_suspended).filter(is_empty).cloned().collect()
        }
        _ => Vec::new(),
    }
}

fn diagnosis(graph: &LiveGraph, object: &ObjectRef, waiting: &[Failure<'_>]) -> Option<Diagnosis> {
    let suspension = graph.row(object)?.flux.as_ref()?.suspended.clone()?;
    let by = suspension.by.map(|by| format!(" by {by}")).unwrap_or_default();
    let since = suspension.since.map(|since| format!(", {} ago", age(graph.now, since))).unwrap_or_default();
    let reason = suspension.reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
    let names: Vec<String> = waiting.iter().map(|failure| failure.object().told()).collect();
    // What several are is told below the cause, and on their own lines.
    let wait = match names.as_slice() {
        [one] => format!("{one} waits"),
        several => format!("{} others wait", several.len()),
    };
    let message = format!("{} is suspended{by}{since}{reason}, and {wait} for it", object.told());
    let mut found =
        Diagnosis::new(CAUSE.id, object, message).explaining(waiting.iter().map(|one| one.object().clone()));
    if let Some(live) = graph.peek(object) {
        let mut field = live.field_evidence("spec.suspend", "true");
        field.at = suspension.since;
        found = found.seen_all([field]).seen_all(declared_evidence(graph, &live));
    }
    found = found.seen_all(waiting.iter().take(3).map(|one| one.live.condition_evidence(&one.said)));
    let why = "Its controller works on it again; where Git says suspend: true, remove it there and push.";
    if let Some(line) = graph.resume(object) {
        found = found
            .mended_by(Remedy::new(line, why, "Ready True, and what waits becomes Ready in turn").by("resume", object));
    }
    Some(
        found
            .look_at(graph.describe(object))
            .documented("https://fluxcd.io/flux/components/kustomize/kustomizations/#suspend"),
    )
}
