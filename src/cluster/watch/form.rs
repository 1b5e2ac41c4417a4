//! The form in which a list is requested, and its conversion to rows.

use serde::Deserialize;

use super::super::failure::Failure;
use super::super::request;
use super::super::table::{self, KeptCells, TablePage};
use super::decode;
use super::page::{self, Page};
use crate::model::{Kind, Row, RowKey};

/// Names the form in which a list is requested.
#[derive(Debug)]
pub(super) enum ListForm {
    /// Whole objects, which their kind decodes.
    Objects(&'static Kind),
    /// Rows as the server prints them.
    Printed(KeptCells),
}

/// Holds the change in one line of a watch.
#[derive(Debug)]
pub(super) struct Changed {
    /// The version that the watch has reached, where it is given.
    pub(super) version: Option<String>,
    /// The changed rows.
    pub(super) what: ChangedRows,
}

/// Holds changed rows, or the keys of deleted ones.
#[derive(Debug)]
pub(super) enum ChangedRows {
    /// New or changed rows.
    Put(Vec<Row>),
    /// Deleted rows.
    Gone(Vec<RowKey>),
    /// Nothing has changed.
    Nothing,
}

#[derive(Deserialize)]
struct Versioned {
    metadata: Version,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    resource_version: String,
}

impl ListForm {
    /// Requests rows as the server prints them.
    pub(super) fn printed() -> Self {
        Self::Printed(KeptCells::default())
    }

    /// Returns the content type to request.
    pub(super) fn accept(&self) -> &'static str {
        match self {
            Self::Objects(_) => request::JSON,
            Self::Printed(_) => table::ACCEPT,
        }
    }

    /// Decodes a page of a list.
    pub(super) fn page(&mut self, kind: &str, bytes: &[u8]) -> Result<Page, Failure> {
        match self {
            Self::Objects(kind) => page::read(kind, bytes),
            Self::Printed(kept) => {
                let TablePage { columns, rows, version, next, remaining } = kept.page(kind, bytes)?;
                Ok(Page { columns, rows, version, next: Some(next).filter(|next| !next.is_empty()), remaining })
            }
        }
    }

    /// Decodes the object in one line of a watch. An undecodable one is left out: it never breaks the watch.
    pub(super) fn put(&mut self, object: &str) -> Changed {
        let (version, rows) = match self {
            Self::Objects(kind) => (version(object), decode::row(kind, object).into_iter().collect()),
            Self::Printed(kept) => printed(kept, object),
        };
        Changed { version, what: ChangedRows::Put(rows) }
    }

    /// Decodes the keys of deleted objects.
    pub(super) fn gone(&mut self, object: &str) -> Changed {
        let (version, keys) = match self {
            Self::Objects(_) => (version(object), decode::key(object).into_iter().collect()),
            Self::Printed(kept) => {
                let (version, rows) = printed(kept, object);
                (version, rows.into_iter().map(|row| row.key).collect())
            }
        };
        Changed { version, what: ChangedRows::Gone(keys) }
    }

    /// Decodes a bookmark.
    pub(super) fn bookmark(&mut self, object: &str) -> Changed {
        let version = match self {
            Self::Objects(_) => version(object),
            Self::Printed(kept) => printed(kept, object).0,
        };
        Changed { version, what: ChangedRows::Nothing }
    }
}

fn version(object: &str) -> Option<String> {
    serde_json::from_str::<Versioned>(object).ok().map(|versioned| versioned.metadata.resource_version)
}

fn printed(kept: &mut KeptCells, object: &str) -> (Option<String>, Vec<Row>) {
    let Ok(TablePage { rows, version, .. }) = kept.change(object) else { return (None, Vec::new()) };
    (Some(version).filter(|version| !version.is_empty()), rows)
}
