//! Lists in pages.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::TableColumn;
use super::super::address::Address;
use super::super::failure::Failure;
use super::super::request;
use super::super::turning::Turning;
use super::{WatchScope, Watcher, decode};
use crate::model::{Kind, Row};

/// The first page: more than a screen holds, few enough to arrive at once.
const FIRST: usize = 100;

/// The later pages: 500 whole pods are 6 MB on the wire, and take the server 60 ms.
const LATER: usize = 500;

#[derive(Deserialize)]
struct List<'a> {
    #[serde(default)]
    kind: std::borrow::Cow<'a, str>,
    /// Both must be there, but may be null: an API server in Go may write an empty list so.
    #[serde(deserialize_with = "Option::deserialize")]
    metadata: Option<ListMetadata>,
    #[serde(borrow, deserialize_with = "Option::deserialize")]
    items: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct ListMetadata {
    #[serde(default)]
    resource_version: String,
    #[serde(default, rename = "continue")]
    next: String,
    #[serde(default)]
    remaining_item_count: Option<usize>,
}

/// Holds a page.
pub(super) struct Page {
    /// The columns, where the server sends them.
    pub(super) columns: Vec<TableColumn>,
    /// The rows.
    pub(super) rows: Vec<Row>,
    /// The version of the list.
    pub(super) version: String,
    /// The token of the next page.
    pub(super) next: Option<String>,
    /// The number of objects that follow, when the server reports it (not with a selector).
    pub(super) remaining: Option<usize>,
}

/// Decodes a page of a list of whole objects.
pub(super) fn read(kind: &Kind, bytes: &[u8]) -> Result<Page, Failure> {
    let list: List<'_> = request::parse(bytes)?;
    // The server states the kind of a list; a missing one is accepted.
    if !matches!(&*list.kind, "" | "List") && list.kind.strip_suffix("List") != Some(kind.kind) {
        return Err(Failure::another_kind(&list.kind, &format!("{}List", kind.kind)));
    }
    let metadata = list.metadata.unwrap_or_default();
    Ok(Page {
        columns: Vec::new(),
        rows: list.items.iter().flatten().filter_map(|item| decode::row(kind, item.get())).collect(),
        version: metadata.resource_version,
        next: Some(metadata.next).filter(|next| !next.is_empty()),
        remaining: metadata.remaining_item_count,
    })
}

/// Keeps the position in a list.
pub(super) struct Pages {
    next: Option<String>,
    turning: Turning,
}

impl Pages {
    pub(super) fn new() -> Self {
        Self { next: None, turning: Turning::default() }
    }

    /// Counts a page.
    pub(super) fn took(&mut self, page: &Page, bytes: usize) -> Result<(), Failure> {
        self.turning.took(page.rows.len(), bytes)
    }

    pub(super) fn turn(&mut self, next: String) -> Result<(), Failure> {
        self.turning.turn(&next)?;
        self.next = Some(next);
        Ok(())
    }

    pub(super) fn address(&self, watcher: &Watcher) -> Address {
        let limit = if self.next.is_some() { LATER } else { FIRST };
        let list = watcher.resource.list(&watcher.scope.namespace).with("limit", limit);
        select(list, &watcher.scope).with_some("continue", self.next.as_deref().unwrap_or_default())
    }
}

/// Adds the selectors of a scope to an address.
pub(super) fn select(address: Address, scope: &WatchScope) -> Address {
    address.with_some("labelSelector", &scope.label_selector).with_some("fieldSelector", &scope.field_selector)
}
