//! An object that no claim holds is an orphan, with the reason that is told for it.

use std::collections::HashSet;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::claims::{CLAIMS, applier, certificate, is_without_helm_release, release, release_of_flux};
use super::facts::{Facts, Place, is_by_hand, is_written_by_hand};
use crate::cluster::ObjectMetadata;
use crate::model::ObjectRef;
use crate::model::field_manager::manager_words;
use crate::model::known::KUSTOMIZE;

/// Holds the live state of a cluster, as far as it decides about orphans.
#[derive(Debug, Default)]
pub struct LiveState {
    /// The metadata of every object.
    pub objects: Vec<ObjectMetadata>,
    /// The objects of Flux, whole.
    pub flux: Vec<Value>,
    /// The persistent volumes, whole.
    pub volumes: Vec<Value>,
    /// The kinds that could not be listed, by their group: nothing follows from what is not there of them.
    pub unlisted: HashSet<(String, String)>,
}

/// Describes a live object that nothing explains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Orphan {
    /// The object.
    #[serde(serialize_with = "typed")]
    pub object: ObjectRef,
    /// The time of its creation.
    pub since: Option<Timestamp>,
    /// Who made it, in words.
    pub by: String,
    /// The reason that nothing explains it.
    pub why: String,
}

fn typed<S: serde::Serializer>(object: &ObjectRef, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(object)
}

/// Finds the orphans, by kind, namespace and name.
pub fn orphans(state: &LiveState) -> Vec<Orphan> {
    let facts = Facts::new(state);
    let is_explained = |one: &&ObjectMetadata| CLAIMS.iter().any(|claim| claim.holds(one, &facts));
    let mut found: Vec<Orphan> = state
        .objects
        .iter()
        .filter(|one| !is_explained(one))
        .map(|one| Orphan {
            object: one.object.clone(),
            since: one.created,
            by: manager_words(one.managers.first().map_or("", String::as_str)),
            why: why(one, &facts),
        })
        .collect();
    found.sort_by(|one, other| {
        let key = |orphan: &Orphan| {
            let ObjectRef { kind, group, namespace, name } = orphan.object.clone();
            (kind, group, namespace, name)
        };
        key(one).cmp(&key(other))
    });
    found
}

/// Explains why an object is left over.
fn why(one: &ObjectMetadata, facts: &Facts<'_>) -> String {
    let object = &one.object;
    let is_by_hand = is_by_hand(one);
    if is_by_hand && let Some(original) = original(one, facts) {
        return format!("copied by hand from {original}");
    }
    if let Some(place) = applier(one).filter(|_| !is_by_hand) {
        return left_by_kustomization(one, &place, facts);
    }
    if let Some((namespace, name)) = release_of_flux(one).or_else(|| release(one)).filter(|_| !is_by_hand) {
        let kept = match one.annotation("helm.sh/resource-policy") {
            "keep" => "; it is kept by its annotation helm.sh/resource-policy: keep",
            _ => "",
        };
        if !facts.has_flux() && release_of_flux(one).is_some() {
            return format!("of HelmRelease {namespace}/{name}: {}{kept}", elsewhere("HelmRelease"));
        }
        return format!("of Helm release {namespace}/{name}, which is no more{kept}");
    }
    if let Some(certificate) = certificate(one).filter(|_| !is_by_hand) {
        return format!("of {certificate}, which is no more: cert-manager keeps its Secret");
    }
    if is_without_helm_release(one, facts) {
        let name = one.label("name");
        return format!(
            "Helm release {name}, which helm-controller installed: its HelmRelease is no more; helm uninstall {name} -n {} removes it with its objects",
            object.namespace
        );
    }
    match object.kind.as_str() {
        "PersistentVolume" => match facts.bound.get(object.name.as_str()) {
            Some(claim) => return format!("its claim {claim} is no more, and its data is kept"),
            None if !is_by_hand => return "no claim uses it".to_owned(),
            None => {}
        },
        "PersistentVolumeClaim" if !is_by_hand => {
            return "of a StatefulSet that is no more: its claims stay, with their data".to_owned();
        }
        _ => {}
    }
    match one.managers.first() {
        Some(manager) if is_written_by_hand(manager) => format!("made by hand with {}", manager_words(manager)),
        Some(manager) if matches!(manager.as_str(), "helm" | "helm-controller") => {
            "made by Helm, and no release in the cluster names it".to_owned()
        }
        Some(manager) if manager == "kustomize-controller" => {
            "applied by a Kustomization once: no inventory has it, and its labels are gone".to_owned()
        }
        Some(manager) => format!("made by {manager}: no workload of that name runs here"),
        None => "nobody is named as its maker, and nothing here refers to it".to_owned(),
    }
}

/// Says what follows where a cluster has nothing of Flux: that of another cluster may apply to it, and keeps its own objects
/// there.
fn elsewhere(kind: &str) -> String {
    format!(
        "this cluster has no {kind} at all; it may live in another one, which applies to this one by spec.kubeConfig, or be no more"
    )
}

fn left_by_kustomization(one: &ObjectMetadata, place: &Place, facts: &Facts<'_>) -> String {
    let (namespace, name) = place;
    let whose = format!("left by Kustomization {namespace}/{name}");
    let key = format!("{KUSTOMIZE}/prune");
    let says_so = [one.label(&key), one.annotation(&key)].contains(&"disabled");
    match facts.appliers.get(place) {
        None if !facts.has_flux() => {
            format!("of Kustomization {namespace}/{name}: {}", elsewhere("Kustomization"))
        }
        None => format!("{whose}, which is no more"),
        Some(_) if says_so => format!("{whose}: the object says {key}: disabled"),
        Some(known) if !known.prunes => format!("{whose}: prune was off"),
        Some(_) => format!("{whose}: it is not in the inventory any more"),
    }
}

/// Finds the object that a copy was made of: one of the same kind and name in another namespace that a program made. Two
/// that people made may only be called alike.
fn original(one: &ObjectMetadata, facts: &Facts<'_>) -> Option<ObjectRef> {
    let ObjectRef { kind, group, namespace, name } = &one.object;
    if !matches!(kind.as_str(), "Secret" | "ConfigMap") {
        return None;
    }
    let namesakes = facts.namesakes.get(&(group.as_str(), kind.as_str(), name.as_str()))?;
    let others = namesakes.iter().filter(|other| other.object.namespace != *namespace);
    let originals = others.filter(|other| !is_by_hand(other));
    originals.min_by_key(|other| !facts.inventory.contains(&other.object)).map(|other| other.object.clone())
}
