//! The common parts of all sources: their address, and the artifact of it.

use jiff::Timestamp;
use serde::Deserialize;

use super::flux::{Facts, Metadata, Reference, row};
use crate::model::{Condition, Row};

/// Holds a source of any kind.
#[derive(Deserialize)]
pub(super) struct Source<'a> {
    #[serde(borrow)]
    pub(super) metadata: Metadata<'a>,
    #[serde(borrow)]
    pub(super) spec: Spec<'a>,
    #[serde(default)]
    pub(super) status: Status,
}

/// Holds the fields of a source's spec that some row shows; each kind has some of them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Spec<'a> {
    #[serde(default)]
    suspend: bool,
    #[serde(default)]
    interval: Option<&'a str>,
    #[serde(default)]
    pub(super) url: String,
    #[serde(default, rename = "ref")]
    pub(super) reference: Pin,
    #[serde(default, rename = "type")]
    pub(super) kind: Option<String>,
    #[serde(default)]
    pub(super) chart: String,
    #[serde(default)]
    pub(super) version: String,
    #[serde(default)]
    pub(super) source_ref: Option<Reference>,
    #[serde(default)]
    pub(super) bucket_name: String,
    #[serde(default)]
    pub(super) endpoint: String,
}

/// Selects a version of the source.
#[derive(Deserialize, Default)]
pub(super) struct Pin {
    branch: Option<String>,
    tag: Option<String>,
    semver: Option<String>,
    name: Option<String>,
    commit: Option<String>,
    digest: Option<String>,
}

impl Pin {
    /// Writes the selected version, by Flux' order of precedence.
    pub(super) fn text(&self) -> String {
        let said = [&self.commit, &self.digest, &self.name, &self.semver, &self.tag, &self.branch];
        said.into_iter().flatten().next().cloned().unwrap_or_default()
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Status {
    #[serde(default)]
    observed_generation: Option<i64>,
    #[serde(default)]
    pub(super) conditions: Vec<Condition>,
    #[serde(default)]
    artifact: Option<Artifact>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Artifact {
    #[serde(default)]
    revision: String,
    #[serde(default, deserialize_with = "crate::model::clock::lenient")]
    last_update_time: Option<Timestamp>,
}

impl Source<'_> {
    /// Returns the revision of the artifact; empty while there is none.
    pub(super) fn revision(&self) -> String {
        self.status.artifact.as_ref().map(|artifact| artifact.revision.clone()).unwrap_or_default()
    }

    /// Completes the row.
    pub(super) fn row(self, cells: Vec<String>) -> Row {
        let revision = self.revision();
        let namespace = &self.metadata.namespace;
        let facts = Facts {
            suspend: self.spec.suspend,
            observed: self.status.observed_generation,
            conditions: self.status.conditions,
            revision,
            fetched: self.status.artifact.as_ref().and_then(|artifact| artifact.last_update_time),
            interval: self.spec.interval,
            source: self.spec.source_ref.map(|source| source.object("HelmRepository", super::flux::SOURCE, namespace)),
            metadata: self.metadata,
            ..Facts::default()
        };
        row(facts, cells)
    }
}
