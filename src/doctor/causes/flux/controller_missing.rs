//! Objects of a kind whose controller is not installed.

use std::collections::BTreeMap;

use serde_json::Value;

use super::controllers::deployments;
use super::failure::flux_objects;
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::kinds;
use crate::model::State;
use crate::model::text::some_of;

pub(super) const CAUSE: Cause =
    Cause { id: "controller-missing", title: "A controller of Flux is not installed", find };

/// The label that gives an object to one of several controllers.
const SHARD: &str = "sharding.fluxcd.io/key";

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    // Where no controller is found at all they run elsewhere, or may not be seen.
    if !graph.is_listed(kinds::DEPLOYMENT.group, kinds::DEPLOYMENT.kind) || deployments(graph).next().is_none() {
        return Vec::new();
    }
    let sharded = flux_objects(graph).filter(|(live, row, _)| {
        row.state == State::Unknown
            && row.created.is_some_and(|created| graph.now.duration_since(created).as_mins() >= 5)
            && !live.label(SHARD).is_empty()
            && !is_watched(graph, live.label(SHARD))
    });
    let sharded: Vec<LiveObject<'_>> = sharded.map(|(live, ..)| live).collect();
    let mut unseen: BTreeMap<&str, Vec<LiveObject<'_>>> = BTreeMap::new();
    for (live, row, _) in flux_objects(graph) {
        let Some(kind) = kinds::kind_of(live.object).filter(|kind| !kind.controller.is_empty()) else { continue };
        let is_old = row.created.is_some_and(|created| graph.now.duration_since(created).as_mins() >= 5);
        let is_installed = || deployments(graph).any(|one| one.object.name == kind.controller);
        let is_sharded = || sharded.iter().any(|one| one.object == live.object);
        if row.state == State::Unknown && is_old && !is_installed() && !is_sharded() {
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
    found.chain(sharded.iter().map(|live| without_shard(graph, live))).collect()
}

/// Tells whether a controller is told to watch a shard: `--watch-label-selector=sharding.fluxcd.io/key=KEY`, or `key in (A,
/// B)`. Its Deployment may have any name.
fn is_watched(graph: &LiveGraph, key: &str) -> bool {
    let containers = graph
        .all(kinds::DEPLOYMENT.group, kinds::DEPLOYMENT.kind)
        .flat_map(|live| live.items("/spec/template/spec/containers"));
    let arguments = ["args", "command"].map(|field| {
        containers.clone().filter_map(move |one| one.get(field)?.as_array()).flatten().filter_map(Value::as_str)
    });
    let is_word = |text: &str| text.split([' ', '=', ',', '(', ')', '"', '\'']).any(|word| word == key);
    arguments.into_iter().flatten().any(|argument| {
        argument.split_once(SHARD).is_some_and(|(before, rest)| !before.ends_with('!') && is_word(rest))
    })
}

fn without_shard(graph: &LiveGraph, live: &LiveObject<'_>) -> Diagnosis {
    let (object, key) = (live.object, live.label(SHARD));
    let controller = kinds::kind_of(object).map_or("a controller", |kind| kind.controller);
    let message = format!(
        "Nothing works on {}: its label {SHARD} asks for the shard {key}, and no {controller} watches that",
        object.told()
    );
    Diagnosis::new(CAUSE.id, object, message)
        .seen_all([live.field_evidence(&format!("metadata.labels.{SHARD}"), key), live.field_evidence("status", "empty")])
        .look_at(graph.shell("kubectl get deployments -A -l app.kubernetes.io/part-of=flux", &[]))
        .mended_by(Remedy::change(
            format!("Take the label away or name a shard that there is, or install a {controller} with --watch-label-selector={SHARD}={key}; then push."),
            "the object gets a status",
        ))
        .documented("https://fluxcd.io/flux/installation/configuration/sharding/")
}
