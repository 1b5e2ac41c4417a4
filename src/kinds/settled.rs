//! The common parts of notification- and image-controllers' kinds: few have a status, and a row is short.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::flux::{Facts, Metadata, row};
use crate::model::{Condition, Row, State};

/// Holds an object with its own spec and a status with some of the common fields.
pub(super) struct Settled<'a, S> {
    metadata: Metadata<'a>,
    pub(super) spec: S,
    pub(super) status: Status,
    common: Common<'a>,
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
    #[serde(default, borrow)]
    spec: Option<&'a RawValue>,
    #[serde(default)]
    status: Status,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Common<'a> {
    #[serde(default)]
    suspend: bool,
    #[serde(default)]
    interval: Option<&'a str>,
}

/// Holds the fields of a status that some row shows.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Status {
    #[serde(default)]
    observed_generation: Option<i64>,
    #[serde(default)]
    conditions: Option<Vec<Condition>>,
    #[serde(default)]
    pub(super) webhook_path: String,
    #[serde(default)]
    pub(super) latest_ref: Tag,
    #[serde(default)]
    pub(super) last_push_commit: String,
    #[serde(default)]
    pub(super) artifact: Artifact,
}

#[derive(Deserialize, Default)]
pub(super) struct Tag {
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) tag: String,
}

#[derive(Deserialize, Default)]
pub(super) struct Artifact {
    #[serde(default)]
    pub(super) revision: String,
}

impl<'a, S: Deserialize<'a> + Default> Settled<'a, S> {
    /// Decodes an object; the error is serde's.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, serde_json::Error> {
        let Wire { metadata, spec, status } = serde_json::from_slice(bytes)?;
        let (own, common) = match spec {
            Some(spec) => (serde_json::from_str(spec.get())?, serde_json::from_str(spec.get())?),
            None => (S::default(), Common::default()),
        };
        Ok(Self { metadata, spec: own, status, common })
    }

    /// Completes the row. An object of a kind without conditions is ready once it exists, because no controller writes
    /// its status.
    pub(super) fn row(self, cells: Vec<String>) -> Row {
        let written = self.status.conditions.is_some() || self.status.observed_generation.is_some();
        let mut row = row(
            Facts {
                suspend: self.common.suspend,
                observed: self.status.observed_generation,
                conditions: self.status.conditions.unwrap_or_default(),
                revision: self.status.artifact.revision,
                interval: self.common.interval,
                metadata: self.metadata,
                ..Facts::default()
            },
            cells,
        );
        if !written && row.state == State::Unknown {
            row.state = State::Ready;
            row.message = "".into();
        }
        row
    }
}
