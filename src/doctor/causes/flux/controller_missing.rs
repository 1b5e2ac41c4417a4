//! Objects of a kind whose controller is not installed.

use std::collections::BTreeMap;

use super::controllers::deployments;
use super::failure::flux_objects;
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::kinds;
use crate::model::State;
use crate::model::text::some_of;

pub(super) const CAUSE: Cause =
    Cause { id: "controller-missing", title: "A controller of Flux is not installed", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    // Where no controller is found at all they run elsewhere, or may not be seen.
    if !graph.is_listed(kinds::DEPLOYMENT.group, kinds::DEPLOYMENT.kind) || deployments(graph).next().is_none() {
        return Vec::new();
    }
    let mut unseen: BTreeMap<&str, Vec<LiveObject<'_>>> = BTreeMap::new();
    for (live, row, _) in flux_objects(graph) {
        let Some(kind) = kinds::kind_of(live.object).filter(|kind| !kind.controller.is_empty()) else { continue };
        let is_old = row.created.is_some_and(|created| graph.now.duration_since(created).as_mins() >= 5);
        let is_installed = || deployments(graph).any(|one| one.object.name == kind.controller);
        if row.state == State::Unknown && is_old && !is_installed() {
            unseen.entry(kind.controller).or_default().push(live);
        }
    }
    let found = unseen.iter().filter_map(|(controller, objects)| {
        let first = objects.first()?;
        let told: Vec<String> = objects.iter().map(|live| live.object.told()).collect();
        let message = format!("{controller} is not installed, so nothing works on {}", some_of(&told, ", "));
        Some(
            Diagnosis::new(CAUSE.id, first.object, message)
                .seen(format!("no Deployment {controller} among those with app.kubernetes.io/part-of=flux"), None, "Deployments of all namespaces")
                .seen_all([first.field_evidence("status", "empty")])
                .explaining(objects.iter().map(|live| live.object.clone()))
                .look_at(graph.shell("flux check", &[]))
                .mended_by(Remedy::change(
                    format!("Add {controller} to the installation (flux install --components-extra, spec.components of a FluxInstance), or remove the objects; then push."),
                    "the objects get a status",
                ))
                .documented("https://fluxcd.io/flux/installation/configuration/optional-components/"),
        )
    });
    found.collect()
}
