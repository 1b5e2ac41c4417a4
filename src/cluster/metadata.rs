//! Lists of metadata alone: who made an object, when, and what claims it, without its content.
//!
//! Format: `PartialObjectMetadataList` of `meta.k8s.io/v1` (Kubernetes API concepts, "Metadata-only fetches"). A Secret's
//! values do not travel, and the annotations that hold a copy of a whole object are dropped as they are read.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::failure::Failure;
use super::turning::Turning;
use super::{Cluster, Resource, request};
use crate::model::field_manager::ManagerKind;
use crate::model::{Fault, ObjectRef};
use crate::yaml::manifest::COPIES;

const ACCEPT: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

/// The objects of a page.
const PAGE: usize = 500;

/// The longest value of an annotation that is kept.
const LONGEST: usize = 300;

/// Holds the metadata of a live object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectMetadata {
    /// The object.
    pub object: ObjectRef,
    /// Whether it is stored; computed ones, such as metrics, are not.
    pub is_stored: bool,
    /// The time of its creation.
    pub created: Option<Timestamp>,
    /// Whether it is being deleted.
    pub is_going: bool,
    /// The labels.
    pub labels: BTreeMap<String, String>,
    /// The annotations, without those that hold a whole object or a long text.
    pub annotations: BTreeMap<String, String>,
    /// Whether it has an owner, with which it goes.
    pub is_owned: bool,
    /// The writers of its fields, the first one first; those of its status alone are left out.
    pub managers: Vec<String>,
}

#[derive(Deserialize)]
struct List {
    #[serde(default)]
    metadata: ListMetadata,
    /// `null` where there is none: the API server makes this list without items.
    #[serde(default)]
    items: Option<Vec<Item>>,
}

#[derive(Deserialize, Default)]
struct ListMetadata {
    #[serde(default, rename = "continue")]
    next: String,
}

#[derive(Deserialize)]
struct Item {
    #[serde(default)]
    metadata: Wire,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Wire {
    name: String,
    namespace: String,
    uid: String,
    creation_timestamp: Option<Timestamp>,
    deletion_timestamp: Option<Timestamp>,
    labels: Option<BTreeMap<String, String>>,
    annotations: Option<BTreeMap<String, String>>,
    owner_references: Vec<Owner>,
    managed_fields: Vec<Writer>,
}

#[derive(Deserialize)]
struct Owner {}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Writer {
    manager: String,
    time: Option<Timestamp>,
    subresource: String,
}

impl ObjectMetadata {
    /// Reads the metadata of a whole object.
    pub fn of_value(object: ObjectRef, value: &Value) -> Option<Self> {
        let item: Item =
            serde_json::from_value(value.get("metadata").map(|it| serde_json::json!({"metadata": it}))?).ok()?;
        Some(Self::new(object, item.metadata))
    }

    fn new(object: ObjectRef, mut wire: Wire) -> Self {
        let mut annotations = wire.annotations.unwrap_or_default();
        annotations.retain(|key, value| value.len() <= LONGEST && !COPIES.contains(&key.as_str()));
        wire.managed_fields.retain(|writer| writer.subresource.is_empty());
        // The server sorts them by operation first; a writer without a time wrote before times were kept. Times are whole
        // seconds: within one, a person made what a controller then took up.
        wire.managed_fields
            .sort_by_key(|writer| (writer.time, ManagerKind::of(&writer.manager) != ManagerKind::Person));
        Self {
            object,
            is_stored: !wire.uid.is_empty(),
            created: wire.creation_timestamp,
            is_going: wire.deletion_timestamp.is_some(),
            labels: wire.labels.unwrap_or_default(),
            annotations,
            is_owned: !wire.owner_references.is_empty(),
            managers: wire.managed_fields.into_iter().map(|writer| writer.manager).collect(),
        }
    }

    /// Returns a label; empty if it is missing.
    pub fn label(&self, key: &str) -> &str {
        self.labels.get(key).map_or("", String::as_str)
    }

    /// Returns an annotation; empty if it is missing.
    pub fn annotation(&self, key: &str) -> &str {
        self.annotations.get(key).map_or("", String::as_str)
    }
}

impl Cluster {
    /// Lists the metadata of all objects of a resource.
    ///
    /// # Errors
    /// Fails when the server cannot be queried, or refuses.
    pub async fn metadata(&self, resource: &Resource) -> Result<Vec<ObjectMetadata>, Fault> {
        let fault = |failure: Failure| failure.fault(&self.name, &format!("list {}", resource.plural));
        let list = resource.list("").with("limit", PAGE);
        let (mut objects, mut next) = (Vec::new(), String::new());
        let mut turning = Turning::default();
        loop {
            let address = list.clone().with_some("continue", &next);
            let bytes = request::read_as(self, &address, ACCEPT).await.map_err(fault)?;
            let page: List = request::parse(&bytes).map_err(fault)?;
            let items = page.items.unwrap_or_default();
            turning.took(items.len(), bytes.len()).map_err(fault)?;
            objects.extend(items.into_iter().map(|item| {
                let (namespace, name) = (&item.metadata.namespace, &item.metadata.name);
                let object = ObjectRef::new(&resource.kind, &resource.group, namespace, name);
                ObjectMetadata::new(object, item.metadata)
            }));
            next = page.metadata.next;
            if !turning.turn(&next).map_err(fault)? {
                return Ok(objects);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::ObjectMetadata;

    #[test]
    fn the_first_writer_is_the_one_that_made_it_and_no_copy_of_an_object_is_kept() {
        let value = json!({
            "metadata": {
                "name": "a", "namespace": "b", "uid": "1", "creationTimestamp": "2026-01-15T12:00:00Z", "labels": null,
                "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{\"data\":{\"a\":\"aHVudGVyMg==\"}}", "kept": "yes"},
                "managedFields": [
                    {"manager": "helm", "operation": "Apply", "time": "2026-01-16T12:00:00Z", "fieldsV1": {}},
                    {"manager": "controller", "operation": "Update", "time": "2026-01-14T12:00:00Z", "subresource": "status"},
                    {"manager": "kubectl-create", "operation": "Update", "time": "2026-01-15T12:00:00Z"},
                ],
            },
            "data": {"a": "aHVudGVyMg=="},
        });
        let found = ObjectMetadata::of_value("Secret/b/a".parse().unwrap(), &value).unwrap();
        assert_eq!(found.managers, ["kubectl-create", "helm"]);
        assert_eq!((found.annotation("kept"), found.annotations.len()), ("yes", 1));
        let same = |manager: &str| json!({"manager": manager, "operation": "Update", "time": "2026-01-15T12:00:00Z"});
        let value = json!({"metadata": {"name": "a", "managedFields": [same("gotk-kustomize-controller"), same("kubectl-client-side-apply")]}});
        let made = ObjectMetadata::of_value("Secret/b/a".parse().unwrap(), &value).unwrap();
        assert_eq!(made.managers, ["kubectl-client-side-apply", "gotk-kustomize-controller"]);
        assert!(found.is_stored && !found.is_owned && !found.is_going);
        assert!(!format!("{found:?}").contains("aHVudGVyMg"));
    }
}
