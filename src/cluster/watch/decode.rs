//! Objects as they come over the wire, to rows: one that cannot be decoded is a row that says so, and never breaks a list.

use jiff::Timestamp;
use serde::Deserialize;

use crate::model::{Kind, Row, RowKey, State};

#[derive(Deserialize)]
struct Nameable {
    metadata: Metadata,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    name: Box<str>,
    #[serde(default)]
    namespace: Box<str>,
    #[serde(default)]
    creation_timestamp: Option<Timestamp>,
}

/// Decodes an object; `None` when it has not even a name.
pub(super) fn row(kind: &Kind, object: &str) -> Option<Row> {
    let error = match (kind.decode)(object.as_bytes()) {
        Ok(row) => return Some(row),
        Err(error) => error,
    };
    let Nameable { metadata } = serde_json::from_str(object).ok()?;
    Some(Row {
        key: RowKey { namespace: metadata.namespace, name: metadata.name },
        state: State::Unknown,
        message: format!("this {} cannot be read: {error}", kind.kind).into(),
        created: metadata.creation_timestamp,
        cells: kind.columns.iter().map(|_| Box::default()).collect(),
        flux: None,
    })
}

/// Reads the key of an object that is gone.
pub(super) fn key(object: &str) -> Option<RowKey> {
    let Nameable { metadata } = serde_json::from_str(object).ok()?;
    Some(RowKey { namespace: metadata.namespace, name: metadata.name })
}
