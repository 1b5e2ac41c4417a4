//! What all sources share: where they fetch from, and the artifact that they made of it.

use serde::Deserialize;

use super::flux::{Facts, Metadata, Reference, row};
use crate::model::{Condition, Row};

/// Holds a source, of whichever kind.
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

/// Says which version of the source is wanted.
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
    /// Writes what is pinned, by Flux' order of precedence.
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
struct Artifact {
    #[serde(default)]
    revision: String,
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
            interval: self.spec.interval,
            source: self.spec.source_ref.map(|source| source.object("HelmRepository", super::flux::SOURCE, namespace)),
            metadata: self.metadata,
            ..Facts::default()
        };
        row(facts, cells)
    }
}
