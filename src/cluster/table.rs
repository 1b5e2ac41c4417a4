//! Lists as the API server prints them: columns and cells, for kinds that have no file of their own.
//!
//! Format: Table of `meta.k8s.io/v1` (Kubernetes API concepts, "Receiving resources as Tables"). A row's metadata comes with it, since the
//! cells alone lack the namespace.

use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::deltas::{self, Delta, LASTS, SILENT};
use super::failure::Failure;
use super::turning::Turning;
use super::{Cluster, Resource, request};
use crate::model::{Fault, RowKey};

const ACCEPT: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

/// Rows of one page.
const PAGE: usize = 500;

/// The longest cell that is kept, in bytes.
const LONGEST_CELL: usize = 4096;

/// A watch that the server ended or that broke is opened again after this time.
const PAUSE: Duration = Duration::from_secs(2);

/// Describes a column as the server prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableColumn {
    /// The heading.
    pub name: String,
    /// Whether `kubectl get` leaves it out without `-o wide`.
    pub wide: bool,
}

/// Holds a row: which object, since when, and the cells in the order of the columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableRow {
    /// Which object.
    pub key: RowKey,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// The cells.
    pub cells: Box<[Box<str>]>,
}

/// Holds a whole list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    /// The columns, without the name and the age, which every row has.
    pub columns: Vec<TableColumn>,
    /// The rows, sorted by namespace and name as the server sends them.
    pub rows: Vec<TableRow>,
    /// From which version on changes are to be watched.
    version: String,
}

/// Tells what following a list learned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TableEvent {
    /// The whole list; what was told before no longer counts.
    List(Table),
    /// Rows that are new or have changed.
    Rows(Vec<TableRow>),
    /// An object that is no more.
    Gone(RowKey),
    /// Why it cannot be listed or followed at the moment; what was told before may be old.
    Failed(Fault),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    kind: String,
    #[serde(default)]
    metadata: ListMetadata,
    #[serde(default)]
    column_definitions: Vec<Definition>,
    #[serde(default)]
    rows: Vec<WireRow>,
    /// What a server sends that does not print tables of this kind.
    #[serde(default)]
    items: Vec<Partial>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct ListMetadata {
    #[serde(default)]
    resource_version: String,
    #[serde(default, rename = "continue")]
    next: String,
}

#[derive(Deserialize)]
struct Definition {
    name: String,
    #[serde(default)]
    priority: i32,
}

#[derive(Deserialize)]
struct WireRow {
    #[serde(default)]
    cells: Vec<Value>,
    object: Partial,
}

#[derive(Deserialize)]
struct Partial {
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    #[serde(default)]
    name: Box<str>,
    #[serde(default)]
    namespace: Box<str>,
    #[serde(default, deserialize_with = "crate::model::clock::lenient")]
    creation_timestamp: Option<Timestamp>,
    #[serde(default)]
    resource_version: String,
}

/// Remembers which cells of the wire are kept: all but the name and the age.
#[derive(Debug, Default)]
struct Kept {
    places: Vec<usize>,
}

impl Kept {
    fn of(definitions: &[Definition]) -> (Self, Vec<TableColumn>) {
        let known = |name: &str| name.eq_ignore_ascii_case("name") || name.eq_ignore_ascii_case("age");
        let kept = definitions.iter().enumerate().filter(|(_, definition)| !known(&definition.name));
        let columns = kept
            .clone()
            .map(|(_, definition)| TableColumn { name: definition.name.clone(), wide: definition.priority > 0 })
            .collect();
        (Self { places: kept.map(|(place, _)| place).collect() }, columns)
    }

    fn row(&self, row: WireRow) -> TableRow {
        let cell = |place: &usize| match row.cells.get(*place) {
            None | Some(Value::Null) => Box::default(),
            Some(Value::String(text)) => shortened(text).into(),
            Some(other) => shortened(&other.to_string()).into(),
        };
        TableRow {
            cells: self.places.iter().map(cell).collect(),
            key: RowKey { namespace: row.object.metadata.namespace, name: row.object.metadata.name },
            created: row.object.metadata.creation_timestamp,
        }
    }
}

/// Cuts a cell that is no cell any more; what was cut is counted in it.
fn shortened(text: &str) -> std::borrow::Cow<'_, str> {
    if text.len() <= LONGEST_CELL {
        return text.into();
    }
    let (kept, cut) = text.split_at(text.floor_char_boundary(LONGEST_CELL));
    format!("{kept}… ({} bytes cut)", cut.len()).into()
}

impl Wire {
    /// Refuses what is no list of a kind, printed or whole.
    fn is_of(&self, kind: &str) -> Result<(), Failure> {
        if matches!(self.kind.as_str(), "Table" | "List") || self.kind.strip_suffix("List") == Some(kind) {
            return Ok(());
        }
        Err(Failure::another_kind(&self.kind, &format!("{kind}List")))
    }
}

impl Cluster {
    /// Lists a resource as the server prints it; all namespaces when `namespace` is empty.
    ///
    /// # Errors
    /// Fails when the server cannot be asked, refuses, or does not serve the resource.
    pub async fn table(&self, resource: &Resource, namespace: &str) -> Result<Table, Fault> {
        let listed = self.list_table(resource, namespace).await;
        listed.map(|(_, table)| table).map_err(|failure| self.table_fault(resource, &failure))
    }

    fn table_fault(&self, resource: &Resource, failure: &Failure) -> Fault {
        failure.fault(&self.name, &format!("list {}", resource.plural))
    }

    async fn list_table(&self, resource: &Resource, namespace: &str) -> Result<(Kept, Table), Failure> {
        let list = resource.list(namespace).with("limit", PAGE);
        let (mut kept, mut table, mut next) = (Kept::default(), Table::default(), String::new());
        let mut turning = Turning::default();
        loop {
            let address = list.clone().with_some("continue", &next);
            let bytes = request::read_as(self, &address, ACCEPT).await?;
            let page: Wire = request::parse(&bytes)?;
            page.is_of(&resource.kind)?;
            turning.took(page.rows.len().max(page.items.len()), bytes.len())?;
            if table.rows.is_empty() {
                (kept, table.columns) = Kept::of(&page.column_definitions);
            }
            let plain = page.items.into_iter().map(|object| WireRow { cells: Vec::new(), object });
            table.rows.extend(page.rows.into_iter().chain(plain).map(|row| kept.row(row)));
            table.version = page.metadata.resource_version;
            next = page.metadata.next;
            if !turning.turn(&next)? {
                return Ok((kept, table));
            }
        }
    }

    /// Lists a resource as the server prints it and follows it, telling what it learns, until `tell` returns `false` or it is dropped.
    pub async fn follow_table<T, F>(&self, resource: &Resource, namespace: &str, mut tell: T)
    where
        T: FnMut(TableEvent) -> F,
        F: Future<Output = bool>,
    {
        loop {
            let failure = match self.list_table(resource, namespace).await {
                Ok((kept, table)) => {
                    let version = table.version.clone();
                    if !tell(TableEvent::List(table)).await {
                        return;
                    }
                    match self.watch_table(resource, namespace, version, &kept, &mut tell).await {
                        Ok(WatchEnd::Nobody) => return,
                        // Too old a version is nobody's fault: list again.
                        Ok(WatchEnd::Out) | Err(Failure::Status { code: 410, .. }) => None,
                        Err(failure) => Some(failure),
                    }
                }
                Err(failure) => Some(failure),
            };
            if let Some(failure) = failure
                && !tell(TableEvent::Failed(self.table_fault(resource, &failure))).await
            {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn watch_table<T, F>(
        &self,
        resource: &Resource,
        namespace: &str,
        mut version: String,
        kept: &Kept,
        tell: &mut T,
    ) -> Result<WatchEnd, Failure>
    where
        T: FnMut(TableEvent) -> F,
        F: Future<Output = bool>,
    {
        let list = resource.list(namespace).with("watch", 1).with("allowWatchBookmarks", true);
        loop {
            let address = list.clone().with("resourceVersion", &version).with("timeoutSeconds", LASTS);
            let mut lines = request::watch_as(self, &address, ACCEPT).await?;
            // A connection that broke is opened again below, from the version that was reached.
            while let Ok(Some(whole)) = lines.next(SILENT).await {
                for event in changes(&whole, kept, &mut version)? {
                    if !tell(event).await {
                        return Ok(WatchEnd::Nobody);
                    }
                }
            }
            tokio::time::sleep(PAUSE).await;
            if version.is_empty() {
                return Ok(WatchEnd::Out);
            }
        }
    }
}

/// Says why a watch of a table ended.
enum WatchEnd {
    /// Nobody listens any more.
    Nobody,
    /// It must be listed again.
    Out,
}

/// Reads the changes of some whole lines of a watch.
fn changes(lines: &[u8], kept: &Kept, version: &mut String) -> Result<Vec<TableEvent>, Failure> {
    let mut events = Vec::new();
    for delta in deltas::read(lines) {
        let delta = delta?;
        let (Delta::Put(object) | Delta::Gone(object) | Delta::Bookmark(object)) = delta;
        let page: Wire = request::parse(object.as_bytes())?;
        if page.kind != "Table" {
            // A server that does not print tables of this kind sends objects: the list is read again.
            version.clear();
            continue;
        }
        if let Some(row) = page.rows.last().filter(|row| !row.object.metadata.resource_version.is_empty()) {
            version.clone_from(&row.object.metadata.resource_version);
        }
        match delta {
            Delta::Put(_) => {
                events.push(TableEvent::Rows(page.rows.into_iter().map(|row| kept.row(row)).collect()));
            }
            Delta::Gone(_) => events.extend(page.rows.into_iter().map(|row| TableEvent::Gone(kept.row(row).key))),
            Delta::Bookmark(_) => {}
        }
    }
    Ok(events)
}

#[cfg(test)]
mod tests {
    use super::{Definition, Kept, TableEvent, changes};

    fn kept() -> Kept {
        let definition = |name: &str| Definition { name: name.to_owned(), priority: 0 };
        Kept::of(&["Name", "Ready", "Secret", "Age"].map(definition)).0
    }

    fn line(kind: &str, name: &str, version: &str) -> String {
        format!(
            r#"{{"type":"{kind}","object":{{"kind":"Table","rows":[{{"cells":["{name}","True",3,"2d"],"object":{{"metadata":{{"name":"{name}","namespace":"web","resourceVersion":"{version}"}}}}}}]}}}}"#
        ) + "\n"
    }

    #[test]
    fn changes_of_rows_move_the_version_on() {
        let mut version = "1".to_owned();
        let lines = line("ADDED", "tls", "7") + &line("DELETED", "old", "8");
        let events = changes(lines.as_bytes(), &kept(), &mut version).unwrap();
        let [TableEvent::Rows(rows), TableEvent::Gone(gone)] = events.as_slice() else { panic!("{events:?}") };
        assert_eq!((&*rows[0].key.namespace, &*rows[0].key.name), ("web", "tls"));
        assert_eq!(rows[0].cells.iter().map(AsRef::as_ref).collect::<Vec<&str>>(), ["True", "3"]);
        assert_eq!((&*gone.name, version.as_str()), ("old", "8"));
    }

    #[test]
    fn an_error_in_the_stream_ends_it() {
        let line = br#"{"type":"ERROR","object":{"kind":"Status","code":410,"message":"too old"}}"#;
        assert_eq!(changes(line, &kept(), &mut String::new()).unwrap_err().code(), Some(410));
    }
}
