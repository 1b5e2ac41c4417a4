//! Lists what is live, side by side: metadata alone, and whole where the content decides.

use futures::StreamExt as _;
use serde::Serialize;
use serde_json::Value;

use super::claims::PASSING;
use super::judge::{LiveState, Orphan, orphans};
use crate::cluster::{Cluster, ObjectMetadata, Resource};
use crate::model::{Fault, ObjectRef};

/// The number of lists that are requested at once.
const AT_ONCE: usize = 16;

/// Holds the orphans of a cluster, and the extent of the search.
#[derive(Debug, Default)]
pub struct FoundOrphans {
    /// The orphans, by kind, namespace and name.
    pub orphans: Vec<Orphan>,
    /// The number of objects that were looked at.
    pub looked_at: usize,
    /// The kinds that could not be listed.
    pub unlisted: Vec<Unlisted>,
}

/// Names a kind that could not be listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unlisted {
    /// The kind, with its group.
    pub kind: String,
    /// The reason.
    pub why: String,
}

/// The groups whose objects are read whole: what they apply and name is in their content.
fn is_whole(resource: &Resource) -> bool {
    let group = resource.group.as_str();
    group.ends_with(".toolkit.fluxcd.io") || group == crate::model::known::OPERATOR
}

/// Finds the orphans of a cluster.
///
/// # Errors
/// Fails when the server cannot be queried, or what Flux applied may not be read: without it everything is an orphan.
pub async fn find(cluster: &Cluster) -> Result<FoundOrphans, Fault> {
    let served = cluster.served().await?;
    let resources = served
        .into_iter()
        .map(|one| one.resource)
        .filter(|resource| !PASSING.contains(&(resource.group.as_str(), resource.kind.as_str())));
    let listed = futures::stream::iter(resources.map(|resource| list(cluster, resource)));
    let mut listed: Vec<(Resource, Result<Listed, Fault>)> = listed.buffer_unordered(AT_ONCE).collect().await;
    listed.sort_by(|(one, _), (other, _)| (&one.group, &one.kind).cmp(&(&other.group, &other.kind)));
    let mut state = LiveState::default();
    let mut found = FoundOrphans::default();
    for (resource, answer) in listed {
        match answer {
            Ok(list) => {
                state.objects.extend(list.objects);
                let whole = if is_whole(&resource) { &mut state.flux } else { &mut state.volumes };
                whole.extend(list.whole);
            }
            Err(fault) if is_whole(&resource) && matters(&resource) => return Err(fault),
            Err(fault) => {
                state.unlisted.insert((resource.group.clone(), resource.kind.clone()));
                let dot = if resource.group.is_empty() { "" } else { "." };
                found
                    .unlisted
                    .push(Unlisted { kind: format!("{}{dot}{}", resource.kind, resource.group), why: fault.why });
            }
        }
    }
    found.looked_at = state.objects.len();
    found.orphans = orphans(&state);
    Ok(found)
}

/// Tells whether nothing can be said without a kind: those that have an inventory, and releases.
fn matters(resource: &Resource) -> bool {
    matches!(resource.kind.as_str(), "Kustomization" | "HelmRelease" | "ResourceSet" | "FluxInstance")
}

/// Holds the objects of a kind.
struct Listed {
    objects: Vec<ObjectMetadata>,
    /// The whole objects, where they are needed.
    whole: Vec<Value>,
}

async fn list(cluster: &Cluster, resource: Resource) -> (Resource, Result<Listed, Fault>) {
    let is_volume = resource.group.is_empty() && resource.kind == "PersistentVolume";
    if !is_whole(&resource) && !is_volume {
        let objects = cluster.metadata(&resource).await;
        return (resource, objects.map(|objects| Listed { objects, whole: Vec::new() }));
    }
    let whole = cluster.listed(&resource.group, &resource.kind, "", "", "").await.map(Option::unwrap_or_default);
    let listed = whole.map(|mut whole| {
        for value in &mut whole {
            // Items of a list of the server's own kinds lack both.
            let version = if resource.group.is_empty() {
                resource.version.clone()
            } else {
                format!("{}/{}", resource.group, resource.version)
            };
            if let Some(fields) = value.as_object_mut() {
                fields.entry("apiVersion").or_insert(version.into());
                fields.entry("kind").or_insert(resource.kind.clone().into());
            }
        }
        let objects =
            whole.iter().filter_map(|value| ObjectMetadata::of_value(ObjectRef::of_body(value), value)).collect();
        Listed { objects, whole }
    });
    (resource, listed)
}
