//! What is wrong in a simulated cluster, or around it, as data: scenarios say it, tests change it while it runs.

use serde::Deserialize;
use serde_json::Value;

use super::json;
use crate::model::ObjectRef;

/// Says what is wrong; the default is nothing.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct Troubles {
    /// Objects that are not there although the platform brings them.
    pub(crate) absent: Vec<String>,
    /// What the newest commit says otherwise than the template.
    pub(crate) edits: Vec<Edit>,
    /// The same in the repository's files, for a demonstration that shows them.
    pub(crate) files: Vec<TextEdit>,
    /// Paths that the repository does not have.
    pub(crate) missing_paths: Vec<String>,
    /// Kustomizations and files that they name and that are not there.
    pub(crate) missing_resources: Vec<(String, String)>,
    /// Charts and versions that their repositories do not have.
    pub(crate) missing_charts: Vec<(String, String)>,
    /// Charts whose installation or upgrade fails.
    pub(crate) failing_charts: Vec<FailingChart>,
    /// Images that cannot be pulled.
    pub(crate) images: Vec<BadImage>,
    /// Nodes that have fallen silent.
    pub(crate) nodes: Vec<LostNode>,
    /// What somebody changed in the cluster, past Git.
    pub(crate) by_hand: Vec<Edit>,
    /// Objects of controllers that are not simulated, one document of YAML each, with their status.
    pub(crate) objects: String,
    /// What such controllers told.
    pub(crate) events: Vec<EventScript>,
    /// Why the Git repository cannot be fetched.
    pub(crate) git: Option<String>,
}

/// A value that an object has otherwise.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edit {
    pub(crate) object: String,
    /// Where, as a JSON pointer.
    pub(crate) at: String,
    pub(crate) value: Value,
    /// Who wrote it, where it was written into the cluster.
    #[serde(default)]
    pub(crate) manager: String,
    /// How long ago.
    #[serde(default)]
    pub(crate) since: String,
}

/// Says what a file of the repository says otherwise than the template.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextEdit {
    /// The file, from the repository's root.
    pub path: String,
    /// What the template says.
    pub from: String,
    /// What stands there instead.
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

/// A node that has fallen silent.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LostNode {
    pub(crate) name: String,
    pub(crate) since: String,
}

/// An event that a controller told which is not simulated.
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
    /// Makes the change in an object; where there is nothing at the place, the last key is added.
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

    /// Returns why a version of a chart cannot be deployed, if so.
    pub(crate) fn failing_chart(&self, chart: &str, version: &str) -> Option<String> {
        self.failing_charts.iter().find(|one| one.chart == chart && one.version == version).map(|one| one.error.clone())
    }

    /// Returns why an image cannot be pulled, if so.
    pub(crate) fn bad_image(&self, image: &str) -> Option<&str> {
        self.images.iter().find(|one| one.image == image).map(|one| one.error.as_str())
    }

    /// Returns the file that a Kustomization names and that is not there, if so.
    pub(crate) fn missing_resource(&self, kustomization: &str) -> Option<&str> {
        self.missing_resources.iter().find(|(name, _)| name == kustomization).map(|(_, file)| file.as_str())
    }
}
