//! The common parts of `StatefulSet` and `DaemonSet`: the counts of pods.

use serde::Deserialize;

use super::flux::Metadata;
use crate::model::{Row, RowKey, State};

/// Holds an object whose spec and status each kind decodes itself.
#[derive(Deserialize)]
#[serde(bound(deserialize = "S: Deserialize<'de> + Default, T: Deserialize<'de> + Default"))]
pub(super) struct Workload<'a, S, T> {
    #[serde(borrow)]
    pub(super) metadata: Metadata<'a>,
    #[serde(default)]
    pub(super) spec: S,
    #[serde(default)]
    pub(super) status: T,
}

/// Counts the pods of a workload.
pub(super) struct Counted {
    /// The desired number of pods.
    pub(super) wanted: u32,
    /// The number of ready pods.
    pub(super) ready: u32,
    /// Whether all pods exist, are ready, and have the newest template as far as required.
    pub(super) is_complete: bool,
    /// The generation of the counts.
    pub(super) observed: Option<i64>,
}

/// Completes the row; `cells` are those after `Ready`.
pub(super) fn row(metadata: Metadata<'_>, counted: &Counted, cells: Vec<String>) -> Row {
    let current = counted.observed.is_some() && counted.observed == metadata.generation;
    let is_ready = current && counted.is_complete && metadata.deletion_timestamp.is_none();
    let message = match (is_ready, counted.wanted) {
        (true, 0) => "scaled to 0",
        _ => "",
    };
    let ready = format!("{}/{}", counted.ready, counted.wanted);
    Row {
        state: if is_ready { State::Ready } else { State::Progressing },
        message: message.into(),
        created: metadata.creation_timestamp,
        cells: std::iter::once(ready).chain(cells).map(Into::into).collect(),
        note: None,
        labels: metadata.labels,
        since: None,
        flux: None,
        key: RowKey { namespace: metadata.namespace, name: metadata.name },
    }
}
