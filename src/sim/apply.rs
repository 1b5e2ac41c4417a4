//! Applying manifests to a cluster as kustomize-controller does: create, merge, prune, and keep an inventory.

use serde_json::{Map, Value, json};

use super::fields::Writer;
use super::flux;
use super::json::{self, list, set, text};
use super::kinds;
use super::world::SimulatedCluster;
use crate::model::ObjectRef;

/// The result of applying.
pub(crate) struct AppliedChanges {
    /// The created, configured or deleted objects, a line each: `Deployment/linkding/linkding configured`.
    pub(crate) log: Vec<String>,
    /// The inventory's entries.
    pub(crate) inventory: Vec<Value>,
}

/// Applies the objects of a Kustomization, and deletes those that it applied before and no longer builds.
pub(crate) fn apply(world: &mut SimulatedCluster, owner: &Value) -> AppliedChanges {
    let own = json::reference(owner);
    let mut log = Vec::new();
    let mut inventory = Vec::new();
    let mut applied = Vec::new();
    for mut manifest in world.script.manifests(&own.name) {
        for (label, value) in [("name", &own.name), ("namespace", &own.namespace)] {
            let label = format!("kustomize.toolkit.fluxcd.io/{label}");
            set(&mut manifest, &["metadata", "labels", &label], value.as_str());
        }
        let key = json::reference(&manifest);
        if let Some(action) = apply_one(world, &key, manifest, "kustomize-controller") {
            log.push(format!("{} {action}", subject(&key)));
        }
        inventory.push(entry(&key));
        applied.push(key);
    }
    if json::is_true(owner, "/spec/prune") {
        for key in self::inventory(owner).into_iter().filter(|key| !applied.contains(key)) {
            if flux::leave::remove(world, &key) {
                log.push(format!("{} deleted", subject(&key)));
            }
        }
    }
    AppliedChanges { log, inventory }
}

/// Creates an object or merges a manifest into it; returns the kind of change, `None` without one.
pub(crate) fn apply_one(
    world: &mut SimulatedCluster,
    key: &ObjectRef,
    manifest: Value,
    manager: &str,
) -> Option<&'static str> {
    let writer = Writer::apply(manager);
    let Some(live) = world.store.get(key).cloned() else {
        world.create(manifest, writer);
        return Some("created");
    };
    // Fields outside of the manifest belong to others and stay: `spec.suspend` set by an operator, a status, a restart.
    let after = world.update(key, writer, |object| json::merge(object, &manifest))?;
    (after != live).then_some("configured")
}

/// Names an object as Flux' messages do: `Kind/namespace/name`, `Kind/name` for cluster scope.
pub(crate) fn subject(key: &ObjectRef) -> String {
    if key.namespace.is_empty() {
        format!("{}/{}", key.kind, key.name)
    } else {
        format!("{}/{}/{}", key.kind, key.namespace, key.name)
    }
}

fn entry(key: &ObjectRef) -> Value {
    let version = kinds::by_kind(&key.group, &key.kind).map_or("v1", |served| served.version);
    json!({"id": format!("{}_{}_{}_{}", key.namespace, key.name.replace(':', "__"), key.group, key.kind), "v": version})
}

/// Reads the inventory of a Kustomization.
pub(crate) fn inventory(owner: &Value) -> Vec<ObjectRef> {
    list(owner, "/status/inventory/entries")
        .iter()
        .filter_map(|entry| {
            let (namespace, rest) = text(entry, "/id").split_once('_')?;
            let (rest, kind) = rest.rsplit_once('_')?;
            let (name, group) = rest.rsplit_once('_')?;
            Some(ObjectRef::new(kind, group, namespace, &name.replace("__", ":")))
        })
        .collect()
}

/// Stores a Secret's plain text as its data, as the API server does.
pub(crate) fn encode_secret(manifest: &mut Value) {
    use base64::Engine as _;
    let Some(plain) = manifest.get("stringData").and_then(Value::as_object).cloned() else { return };
    let mut data = manifest.get("data").and_then(Value::as_object).cloned().unwrap_or_else(Map::new);
    for (key, value) in plain {
        let value = value.as_str().unwrap_or_default();
        data.insert(key, base64::engine::general_purpose::STANDARD.encode(value).into());
    }
    json::remove(manifest, &["stringData"]);
    set(manifest, &["data"], Value::Object(data));
}
