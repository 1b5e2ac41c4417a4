//! Objects that a diagnosis misses, traced to what was to bring them: where that fails itself, its fault is the deeper one;
//! where it is well, they were removed since.

use super::diagnosis::{Diagnosis, Evidence, Remedy};
use super::graph::LiveGraph;
use super::live::{LiveObject, text};
use crate::kinds;
use crate::model::{ObjectRef, State};

/// What helm says where the objects were made and did not get ready: they are there then.
const WAITED: &[&str] = &["timeout waiting", "timed out waiting", "context deadline exceeded", "not ready. status"];

/// Lets a diagnosis rest on what was to bring the objects that it misses.
pub(super) fn traced(graph: &LiveGraph, mut diagnosis: Diagnosis) -> Diagnosis {
    for missing in std::mem::take(&mut diagnosis.lacks) {
        if let Some(place) = graph.declared_place(&missing) {
            // A Kustomization that misses what it applies itself misses it for another reason.
            let is_own = place.applier == diagnosis.object || diagnosis.explains.contains(&place.applier);
            let state = graph.row(&place.applier).map(|row| row.state);
            let text = format!("Git declares {}, and {} applies it", missing.told(), place.applier.told());
            diagnosis.evidence.push(Evidence { text, at: None, from: place.file.clone() });
            match state {
                _ if is_own => {}
                Some(State::Failed | State::Waiting) => rest_on(&mut diagnosis, place.applier.clone()),
                Some(State::Ready) => {
                    // Its file is right.
                    diagnosis.fix.retain(|fix| !fix.shell.as_str().is_empty());
                    diagnosis.fix.insert(0, brought_back(graph, &missing, &place.applier));
                }
                Some(_) | None => {}
            }
        } else if let Some(release) = releasing(graph, &missing) {
            rest_on(&mut diagnosis, release);
        }
    }
    diagnosis
}

fn rest_on(diagnosis: &mut Diagnosis, bringer: ObjectRef) {
    diagnosis.rests_on.push(bringer);
    diagnosis.gives_way = true;
}

/// What Git declares and a Kustomization that is Ready applies was removed since, and comes with its next run.
fn brought_back(graph: &LiveGraph, missing: &ObjectRef, applier: &ObjectRef) -> Remedy {
    let line = graph.shell("flux reconcile kustomization {} -n {} --with-source", &[&applier.name, &applier.namespace]);
    let why = "Git declares it, so that it was removed since, or its commit is not applied yet: the next run makes it.";
    Remedy::new(line, why, format!("{} is there", missing.told())).by("reconcile-with-source", applier)
}

/// Finds the release that was to make an object by its name, where it never got so far: `web` makes `web` and `web-…`.
fn releasing(graph: &LiveGraph, missing: &ObjectRef) -> Option<ObjectRef> {
    let is_never_made = |live: &LiveObject<'_>| {
        let has_been =
            live.items("/status/history").iter().any(|past| matches!(text(past, "/status"), "deployed" | "superseded"));
        let said = ["Released", "Ready"].into_iter().filter_map(|kind| live.condition(kind));
        !has_been && !said.into_iter().any(|one| WAITED.iter().any(|words| one.message.contains(words)))
    };
    let makes = |live: &LiveObject<'_>| {
        let target = match live.text("/spec/targetNamespace") {
            "" => &live.object.namespace,
            namespace => namespace,
        };
        let release = match (live.text("/spec/releaseName"), live.text("/spec/targetNamespace")) {
            ("", "") => live.object.name.clone(),
            ("", namespace) => format!("{namespace}-{}", live.object.name),
            (name, _) => name.to_owned(),
        };
        let rest = missing.name.strip_prefix(release.as_str());
        target == missing.namespace && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    let (group, kind) = (kinds::HELM_RELEASE.group, kinds::HELM_RELEASE.kind);
    let failed = graph
        .not_ready(group, kind)
        .filter(|live| graph.row(live.object).is_some_and(|row| matches!(row.state, State::Failed | State::Waiting)));
    failed.filter(|live| makes(live) && is_never_made(live)).map(|live| live.object.clone()).next()
}
