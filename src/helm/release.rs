//! The release of a HelmRelease, as declared: its name, storage, chart and values.

use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::model::known;
use crate::model::{Condition, ObjectRef};

/// The longest name of a release in Helm.
const LONGEST_NAME: usize = 53;
/// The number of characters of a longer name that are kept, before a hyphen and the start of its hash.
const KEPT_OF_NAME: usize = 40;
const SOURCES: &str = known::SOURCE;

/// Mirrors the fields of a HelmRelease that the inspector needs.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct HelmRelease {
    metadata: Metadata,
    spec: Spec,
    /// The status.
    pub status: HelmReleaseStatus,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Metadata {
    name: String,
    namespace: String,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    suspend: bool,
    release_name: String,
    target_namespace: String,
    storage_namespace: String,
    chart: Option<Chart>,
    chart_ref: Option<Reference>,
    values_from: Vec<ValuesReference>,
    values: Value,
}

/// Inline values may contain secrets, so they are not printed.
impl std::fmt::Debug for Spec {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Spec").field("release_name", &self.release_name).finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Chart {
    spec: ChartSpec,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ChartSpec {
    chart: String,
    version: String,
    source_ref: Reference,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Reference {
    kind: String,
    name: String,
    namespace: String,
}

/// Names a key of a ConfigMap or Secret with values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ValuesReference {
    /// `ConfigMap` or `Secret`.
    pub kind: String,
    /// The name, in the HelmRelease's namespace.
    pub name: String,
    values_key: String,
    /// The path of the value; empty when the key holds a document of values.
    pub target_path: String,
    /// Whether the object or the key may be missing.
    pub optional: bool,
}

impl ValuesReference {
    /// Returns the key, by default `values.yaml`.
    pub fn key(&self) -> &str {
        if self.values_key.is_empty() { "values.yaml" } else { &self.values_key }
    }
}

/// Mirrors the status of a HelmRelease.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HelmReleaseStatus {
    /// The conditions.
    pub conditions: Vec<Condition>,
    /// The HelmChart of the HelmRelease, `namespace/name`.
    pub helm_chart: String,
    /// The releases, newest first; at most `maxHistory`.
    pub history: Vec<ReleaseSnapshot>,
    storage_namespace: String,
}

/// Mirrors a HelmRelease's record of a release.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ReleaseSnapshot {
    /// The release's name.
    pub name: String,
    /// The revision.
    pub version: u32,
    /// The status, in Helm's words.
    pub status: String,
    /// The chart's name.
    pub chart_name: String,
    /// The chart's version.
    pub chart_version: String,
    /// The application's version.
    pub app_version: String,
    /// The time of deployment.
    pub last_deployed: Option<jiff::Timestamp>,
}

impl HelmRelease {
    /// Returns the release's name, derived as in helm-controller.
    pub fn release_name(&self) -> String {
        let spec = &self.spec;
        if !spec.release_name.is_empty() {
            return shortened(&spec.release_name);
        }
        if spec.target_namespace.is_empty() {
            return shortened(&self.metadata.name);
        }
        shortened(&format!("{}-{}", spec.target_namespace, self.metadata.name))
    }

    /// Returns the namespace of the release's objects.
    pub fn release_namespace(&self) -> &str {
        first([&self.spec.target_namespace, &self.metadata.namespace])
    }

    /// Returns the namespace where its releases are stored: the one in use, then the requested one, then its own.
    pub fn storage_namespace(&self) -> &str {
        first([&self.status.storage_namespace, &self.spec.storage_namespace, &self.metadata.namespace])
    }

    /// Returns its own namespace.
    pub fn namespace(&self) -> &str {
        &self.metadata.namespace
    }

    /// Tells whether it is suspended.
    pub fn is_suspended(&self) -> bool {
        self.spec.suspend
    }

    /// Returns the requested chart: its name or path, and the version or range; empty with `chartRef`.
    pub fn chart(&self) -> (&str, &str) {
        self.spec.chart.as_ref().map_or(("", ""), |chart| (&chart.spec.chart, &chart.spec.version))
    }

    /// Returns the source of the chart.
    pub fn source(&self) -> Option<ObjectRef> {
        let found = self.spec.chart.as_ref().map(|chart| &chart.spec.source_ref).or(self.spec.chart_ref.as_ref())?;
        let namespace = first([&found.namespace, &self.metadata.namespace]);
        Some(ObjectRef::new(&found.kind, SOURCES, namespace, &found.name))
    }

    /// Returns the HelmChart between it and its source.
    pub fn helm_chart(&self) -> Option<ObjectRef> {
        let (namespace, name) = self.status.helm_chart.split_once('/')?;
        Some(ObjectRef::new("HelmChart", SOURCES, namespace, name))
    }

    /// Returns the sources of values, in order: a later one wins.
    pub fn values_from(&self) -> &[ValuesReference] {
        &self.spec.values_from
    }

    /// Returns the inline values.
    pub fn values(&self) -> &Value {
        &self.spec.values
    }
}

fn first<const N: usize>(texts: [&String; N]) -> &str {
    texts.into_iter().find(|text| !text.is_empty()).map(String::as_str).unwrap_or_default()
}

fn shortened(name: &str) -> String {
    if name.len() <= LONGEST_NAME {
        return name.to_owned();
    }
    let kept: String = name.chars().take(KEPT_OF_NAME).collect();
    let hash: String = hex(&Sha256::digest(name.as_bytes())).chars().take(LONGEST_NAME - KEPT_OF_NAME - 1).collect();
    format!("{kept}-{hash}")
}

/// Writes bytes as hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect()
}

#[cfg(test)]
mod tests {
    use super::HelmRelease;
    use serde_json::json;

    fn release(spec: &serde_json::Value) -> HelmRelease {
        serde_json::from_value(json!({"metadata": {"name": "web", "namespace": "apps"}, "spec": spec})).unwrap()
    }

    #[test]
    fn names_and_namespaces_follow_the_controller() {
        let plain = release(&json!({}));
        assert_eq!((plain.release_name().as_str(), plain.storage_namespace()), ("web", "apps"));
        let elsewhere = release(&json!({"targetNamespace": "shop", "storageNamespace": "store"}));
        assert_eq!(elsewhere.release_name(), "shop-web");
        assert_eq!((elsewhere.release_namespace(), elsewhere.storage_namespace()), ("shop", "store"));
        let long = release(&json!({"releaseName": "a-name-of-more-than-fifty-three-characters-is-cut-and-hashed"}));
        // printf … | sha256sum
        assert_eq!(long.release_name(), "a-name-of-more-than-fifty-three-characte-4bfca24c990a");
        assert_eq!(long.release_name().len(), 53);
    }

    #[test]
    fn a_real_one_names_its_sources() {
        let web: HelmRelease = serde_json::from_str(include_str!("fixtures/helmrelease-web.json")).unwrap();
        assert_eq!(web.source().unwrap().to_string(), "GitRepository/flux-system/home");
        assert_eq!(web.helm_chart().unwrap().to_string(), "HelmChart/flux-system/default-web");
        assert_eq!(web.status.history[0].chart_version, "1.3.0+d5164ba28319");
        assert_eq!(web.values_from()[2].target_path, "nested.token");
        assert!(!format!("{web:?}").contains("inline"), "values are not printed");
    }
}
