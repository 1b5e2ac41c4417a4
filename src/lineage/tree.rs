//! The descendants of an object: the inventory of a Kustomization, the release of a HelmRelease, the pods of a
//! workload.

use futures::StreamExt as _;
use futures::future::BoxFuture;
use serde_json::Value;

use super::node::{LineageNode, row};
use crate::cluster::Cluster;
use crate::helm;
use crate::model::{Fault, ObjectRef};
use crate::yaml;

/// The number of objects that are read in parallel.
const SIDE_BY_SIDE: usize = 8;

/// Reads an object and its descendants.
///
/// # Errors
/// Fails when the cluster cannot be queried.
pub async fn tree(cluster: &Cluster, object: &ObjectRef) -> Result<LineageNode, Fault> {
    grow(cluster, object.clone(), Vec::new()).await
}

/// Reads a branch; `above` prevents circles: flux-system applies itself.
fn grow(cluster: &Cluster, object: ObjectRef, above: Vec<ObjectRef>) -> BoxFuture<'_, Result<LineageNode, Fault>> {
    Box::pin(async move {
        let value = cluster.detail(&object).await?.map(|detail| detail.value);
        let mut node = LineageNode::judge(&object, value.as_ref());
        let Some(value) = value else { return Ok(node) };
        let mut path = above;
        path.push(object.clone());
        node.children = match object.kind.as_str() {
            "Kustomization" => branches(cluster, inventory(&object, &value), &path).await?,
            "HelmRelease" => branches(cluster, released(cluster, &object).await, &path).await?,
            kind => match owned_kind(kind) {
                Some((group, child)) => owned(cluster, &object, &value, group, child).await?,
                None => Vec::new(),
            },
        };
        Ok(node)
    })
}

async fn branches(cluster: &Cluster, objects: Vec<ObjectRef>, path: &[ObjectRef]) -> Result<Vec<LineageNode>, Fault> {
    let wanted = objects.into_iter().filter(|object| !path.contains(object));
    let grown = futures::stream::iter(wanted.map(|object| grow(cluster, object, path.to_vec())));
    grown.buffered(SIDE_BY_SIDE).collect::<Vec<_>>().await.into_iter().collect()
}

/// Lists the inventory of a Kustomization, workloads and releases first.
fn inventory(object: &ObjectRef, value: &Value) -> Vec<ObjectRef> {
    let flux = row(object, value).and_then(|row| row.flux);
    let ids = flux.map(|flux| flux.inventory).unwrap_or_default();
    let mut objects: Vec<ObjectRef> = ids.iter().filter_map(|id| ObjectRef::from_inventory(id)).collect();
    objects.sort_by_key(|object| (owned_kind(&object.kind).is_none(), object.clone()));
    objects
}

/// Lists the objects of a release's newest revision, without hooks; none where the release cannot be read.
async fn released(cluster: &Cluster, object: &ObjectRef) -> Vec<ObjectRef> {
    let Ok(release) = helm::release(cluster, object, None).await else { return Vec::new() };
    let Ok(helm::RenderedManifest { manifest, .. }) = helm::rendered_of(cluster, object, None).await else {
        return Vec::new();
    };
    let mut objects = Vec::new();
    for document in manifest.split("\n---") {
        let Ok(value) = yaml::from_str::<Value>(document) else { continue };
        let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let (kind, name) = (text("/kind"), text("/metadata/name"));
        if kind.is_empty() || name.is_empty() {
            continue;
        }
        let group = crate::model::api_group(text("/apiVersion"));
        // Only the server knows which kinds are namespaced.
        let namespaced = cluster.resource(group, kind).await.is_ok_and(|resource| resource.namespaced);
        let namespace = match text("/metadata/namespace") {
            "" => &release.namespace,
            named => named,
        };
        objects.push(ObjectRef::new(kind, group, if namespaced { namespace } else { "" }, name));
    }
    objects.sort_by_key(|object| (owned_kind(&object.kind).is_none(), object.clone()));
    objects
}

/// Returns the kind of the objects that a workload's controller creates.
fn owned_kind(kind: &str) -> Option<(&'static str, &'static str)> {
    Some(match kind {
        "Kustomization" | "HelmRelease" => ("", ""),
        "Deployment" => ("apps", "ReplicaSet"),
        "ReplicaSet" | "StatefulSet" | "DaemonSet" | "Job" => ("", "Pod"),
        "CronJob" => ("batch", "Job"),
        _ => return None,
    })
}

/// Lists the objects of an owner, by ownerReferences; a Deployment's old `ReplicaSets` without pods are left out.
fn owned<'a>(
    cluster: &'a Cluster,
    owner: &'a ObjectRef,
    value: &'a Value,
    group: &'static str,
    kind: &'static str,
) -> BoxFuture<'a, Result<Vec<LineageNode>, Fault>> {
    Box::pin(async move {
        let uid = value.pointer("/metadata/uid");
        let owned_by = |child: &Value| {
            let owners = child.pointer("/metadata/ownerReferences").and_then(Value::as_array);
            uid.is_some() && owners.into_iter().flatten().any(|reference| reference.get("uid") == uid)
        };
        let mut nodes = Vec::new();
        for child in cluster.objects(group, kind, &owner.namespace).await?.iter().filter(|child| owned_by(child)) {
            let empty = |pointer: &str| child.pointer(pointer).and_then(Value::as_u64).unwrap_or(0) == 0;
            if kind == "ReplicaSet" && empty("/spec/replicas") && empty("/status/replicas") {
                continue;
            }
            let name = child.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
            let object = ObjectRef::new(kind, group, &owner.namespace, name);
            let mut node = LineageNode::judge(&object, Some(child));
            if let Some((group, grandchild)) = owned_kind(kind) {
                node.children = owned(cluster, &object, child, group, grandchild).await?;
            }
            nodes.push(node);
        }
        Ok(nodes)
    })
}
