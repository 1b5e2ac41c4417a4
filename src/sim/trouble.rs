//! The faults in a simulated cluster, or around it, as data: scenarios set them, tests change them while it runs.

use serde::Deserialize;
use serde_json::Value;

use super::json;
use crate::model::{ObjectRef, quantity};

/// Describes the faults; by default there are none.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct Troubles {
    /// Objects of the platform that are missing.
    pub(crate) absent: Vec<String>,
    /// The newest commit's changes to the template.
    pub(crate) edits: Vec<Edit>,
    /// The same in the repository's files, for a demonstration that shows them.
    pub(crate) files: Vec<TextEdit>,
    /// Paths that the repository lacks.
    pub(crate) missing_paths: Vec<String>,
    /// Kustomizations with files that they name and that are missing.
    pub(crate) missing_resources: Vec<(String, String)>,
    /// Charts and versions that their repositories lack.
    pub(crate) missing_charts: Vec<(String, String)>,
    /// Charts whose installation or upgrade fails.
    pub(crate) failing_charts: Vec<FailingChart>,
    /// Images that cannot be pulled.
    pub(crate) images: Vec<BadImage>,
    /// Images whose containers end repeatedly.
    pub(crate) crashes: Vec<CrashingImage>,
    /// Nodes that do not respond.
    pub(crate) nodes: Vec<LostNode>,
    /// Manual changes in the cluster, outside of Git.
    pub(crate) by_hand: Vec<Edit>,
    /// Objects of controllers that are not simulated, one document of YAML each, with their status.
    pub(crate) objects: String,
    /// The events of such controllers.
    pub(crate) events: Vec<EventScript>,
    /// The reason that the Git repository cannot be fetched.
    pub(crate) git: Option<String>,
}

/// A changed value of an object.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edit {
    pub(crate) object: String,
    /// The place, as a JSON pointer.
    pub(crate) at: String,
    pub(crate) value: Value,
    /// The field manager, for a change in the cluster.
    #[serde(default)]
    pub(crate) manager: String,
    /// The age of the change.
    #[serde(default)]
    pub(crate) since: String,
}

/// Describes a change of a repository's file against the template.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextEdit {
    /// The file, from the repository's root.
    pub path: String,
    /// The text of the template.
    pub from: String,
    /// The text in its place.
    pub to: String,
}

/// A chart whose version cannot be deployed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FailingChart {
    pub(crate) chart: String,
    pub(crate) version: String,
    pub(crate) error: String,
}

/// An image that cannot be pulled.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BadImage {
    pub(crate) image: String,
    pub(crate) error: String,
}

/// An image whose containers end repeatedly, and how.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct CrashingImage {
    pub(crate) image: String,
    /// The limit of memory from which on they run; without it they always end.
    #[serde(default)]
    pub(crate) memory_below: Option<String>,
    pub(crate) exit_code: i32,
    pub(crate) reason: String,
}

/// A node that does not respond.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LostNode {
    pub(crate) name: String,
    pub(crate) since: String,
}

/// An event from a controller that is not simulated.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventScript {
    pub(crate) object: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) reason: String,
    pub(crate) message: String,
    pub(crate) from: String,
    pub(crate) since: String,
}

impl Edit {
    /// Makes the change in an object; a missing last key is added.
    pub(crate) fn make(&self, object: &mut Value) {
        if let Some(place) = object.pointer_mut(&self.at) {
            place.clone_from(&self.value);
            return;
        }
        let keys: Vec<&str> = self.at.trim_start_matches('/').split('/').collect();
        json::set(object, &keys, self.value.clone());
    }

    /// Tells whether it is about an object.
    pub(crate) fn is_about(&self, key: &ObjectRef) -> bool {
        self.object.parse::<ObjectRef>().is_ok_and(|named| named == *key)
    }
}

impl Troubles {
    /// Makes the changes of the newest commit in a manifest.
    pub(crate) fn edit(&self, manifest: &mut Value) {
        let key = json::reference(manifest);
        for edit in self.edits.iter().filter(|edit| edit.is_about(&key)) {
            edit.make(manifest);
        }
    }

    /// Returns the reason that a version of a chart cannot be deployed, if there is one.
    pub(crate) fn failing_chart(&self, chart: &str, version: &str) -> Option<String> {
        self.failing_charts.iter().find(|one| one.chart == chart && one.version == version).map(|one| one.error.clone())
    }

    /// Returns the reason that an image cannot be pulled, if there is one.
    pub(crate) fn bad_image(&self, image: &str) -> Option<&str> {
        self.images.iter().find(|one| one.image == image).map(|one| one.error.as_str())
    }

    /// Returns how a container ends, if it does.
    pub(crate) fn crash(&self, container: &Value) -> Option<&CrashingImage> {
        let limit = quantity(json::text(container, "/resources/limits/memory"));
        let is_enough = |crash: &CrashingImage| {
            let needed = crash.memory_below.as_deref().and_then(quantity);
            needed.is_some_and(|needed| limit.is_none_or(|limit| limit >= needed))
        };
        self.crashes.iter().find(|one| one.image == json::text(container, "/image") && !is_enough(one))
    }

    /// Returns the missing file that a Kustomization names, if there is one.
    pub(crate) fn missing_resource(&self, kustomization: &str) -> Option<&str> {
        self.missing_resources.iter().find(|(name, _)| name == kustomization).map(|(_, file)| file.as_str())
    }
}
