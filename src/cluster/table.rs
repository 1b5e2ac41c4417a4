//! Lists as the API server prints them: columns and cells, for kinds that have no file of their own.
//!
//! Format: Table of `meta.k8s.io/v1` (Kubernetes API concepts, "Receiving resources as Tables"). A row's metadata comes
//! with it, since the cells alone lack the namespace.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::failure::Failure;
use super::turning::Turning;
use super::{Cluster, Resource, request};
use crate::model::{Fault, Labels, Row, RowKey, State};

pub(super) const ACCEPT: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

/// The rows of one page.
const PAGE: usize = 500;

/// The longest cell, in bytes.
const LONGEST_CELL: usize = 4096;

/// Describes a column of the server's table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableColumn {
    /// The heading.
    pub name: String,
    /// Whether `kubectl get` leaves it out without `-o wide`.
    pub wide: bool,
}

/// Holds a whole list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    /// The columns, without the name and the age, which every row has.
    pub columns: Vec<TableColumn>,
    /// The rows, sorted by namespace and name as the server sends them.
    pub rows: Vec<Row>,
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
    /// The objects, from a server that does not print tables of this kind.
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
    #[serde(default)]
    remaining_item_count: Option<usize>,
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
    #[serde(default)]
    object: Partial,
}

#[derive(Deserialize, Default)]
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
    #[serde(default)]
    labels: Labels,
}

/// Remembers which of the server's cells are kept: all but the name and the age.
#[derive(Debug, Default)]
pub(super) struct KeptCells {
    places: Vec<usize>,
}

/// Holds a page of a list, or the change in one line of a watch.
#[derive(Debug)]
pub(super) struct TablePage {
    /// The columns, where the server sends them.
    pub(super) columns: Vec<TableColumn>,
    /// The rows.
    pub(super) rows: Vec<Row>,
    /// The version of the list, or of the object.
    pub(super) version: String,
    /// The token of the next page; empty at the end.
    pub(super) next: String,
    /// The number of objects that follow, when the server reports it.
    pub(super) remaining: Option<usize>,
}

impl KeptCells {
    fn from_definitions(definitions: &[Definition]) -> (Self, Vec<TableColumn>) {
        let known = |name: &str| name.eq_ignore_ascii_case("name") || name.eq_ignore_ascii_case("age");
        let kept = definitions.iter().enumerate().filter(|(_, definition)| !known(&definition.name));
        let columns = kept
            .clone()
            .map(|(_, definition)| TableColumn { name: definition.name.clone(), wide: definition.priority > 0 })
            .collect();
        (Self { places: kept.map(|(place, _)| place).collect() }, columns)
    }

    /// Reads a page of a list of a kind.
    pub(super) fn page(&mut self, kind: &str, bytes: &[u8]) -> Result<TablePage, Failure> {
        let page: Wire = request::owned(bytes)?;
        page.is_of(kind)?;
        Ok(self.read(page))
    }

    /// Reads the change in one line of a watch. A server that does not print tables of a kind sends its objects.
    pub(super) fn change(&mut self, object: &str) -> Result<TablePage, Failure> {
        let page: Wire = request::parse(object.as_bytes())?;
        let (mut read, last) = if page.kind == "Table" {
            let last = page.rows.last().map(|row| row.object.metadata.resource_version.clone());
            (self.read(page), last)
        } else {
            let object: Partial = request::parse(object.as_bytes())?;
            let last = Some(object.metadata.resource_version.clone());
            (self.read(Wire { items: vec![object], ..page }), last)
        };
        // The watch has come to the version of the last object.
        read.version = last.filter(|version| !version.is_empty()).unwrap_or(read.version);
        Ok(read)
    }

    fn read(&mut self, page: Wire) -> TablePage {
        let mut columns = Vec::new();
        if !page.column_definitions.is_empty() {
            (*self, columns) = Self::from_definitions(&page.column_definitions);
        }
        let plain = page.items.into_iter().map(|object| WireRow { cells: Vec::new(), object });
        TablePage {
            columns,
            rows: page.rows.into_iter().chain(plain).map(|row| self.row(row)).collect(),
            version: page.metadata.resource_version,
            next: page.metadata.next,
            remaining: page.metadata.remaining_item_count,
        }
    }

    fn row(&self, row: WireRow) -> Row {
        let cell = |place: &usize| match row.cells.get(*place) {
            None | Some(Value::Null) => Box::default(),
            Some(Value::String(text)) => shortened(text).into(),
            Some(other) => shortened(&other.to_string()).into(),
        };
        Row {
            cells: self.places.iter().map(cell).collect(),
            key: RowKey { namespace: row.object.metadata.namespace, name: row.object.metadata.name },
            created: row.object.metadata.creation_timestamp,
            // The health of an arbitrary kind is unknown.
            state: State::Unknown,
            message: Box::default(),
            note: None,
            labels: row.object.metadata.labels,
            since: None,
            flux: None,
        }
    }
}

/// Shortens an oversized cell; the number of cut bytes is appended.
fn shortened(text: &str) -> std::borrow::Cow<'_, str> {
    if text.len() <= LONGEST_CELL {
        return text.into();
    }
    let (kept, cut) = text.split_at(text.floor_char_boundary(LONGEST_CELL));
    format!("{kept}… ({} bytes cut)", cut.len()).into()
}

impl Wire {
    /// Refuses an answer that is not a list of a kind, printed or whole.
    fn is_of(&self, kind: &str) -> Result<(), Failure> {
        if matches!(self.kind.as_str(), "Table" | "List") || self.kind.strip_suffix("List") == Some(kind) {
            return Ok(());
        }
        Err(Failure::another_kind(&self.kind, &format!("{kind}List")))
    }
}

impl Cluster {
    /// Lists a resource as the server prints it; in all namespaces when `namespace` is empty.
    ///
    /// # Errors
    /// Fails when the server cannot be queried, refuses, or does not serve the resource.
    pub async fn table(&self, resource: &Resource, namespace: &str) -> Result<Table, Fault> {
        let listed = self.list_table(resource, namespace).await;
        listed.map_err(|failure| failure.fault(&self.name, &format!("list {}", resource.plural)))
    }

    async fn list_table(&self, resource: &Resource, namespace: &str) -> Result<Table, Failure> {
        let list = resource.list(namespace).with("limit", PAGE);
        let (mut kept, mut table, mut next) = (KeptCells::default(), Table::default(), String::new());
        let mut turning = Turning::default();
        loop {
            let bytes = request::read_as(self, &list.clone().with_some("continue", &next), ACCEPT).await?;
            let page = kept.page(&resource.kind, &bytes)?;
            turning.took(page.rows.len(), bytes.len())?;
            if table.rows.is_empty() {
                table.columns = page.columns;
            }
            table.rows.extend(page.rows);
            next = page.next;
            if !turning.turn(&next)? {
                return Ok(table);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Definition, KeptCells};

    fn kept() -> KeptCells {
        let definition = |name: &str| Definition { name: name.to_owned(), priority: 0 };
        KeptCells::from_definitions(&["Name", "Ready", "Secret", "Age"].map(definition)).0
    }

    #[test]
    fn a_change_is_a_row_and_moves_the_version_on() {
        let object = r#"{"kind":"Table","rows":[{"cells":["tls","True",3,"2d"],"object":{"metadata":{"name":"tls","namespace":"web","resourceVersion":"7"}}}]}"#;
        let page = kept().change(object).unwrap();
        let [row] = page.rows.as_slice() else { panic!("{page:?}") };
        assert_eq!((&*row.key.namespace, &*row.key.name), ("web", "tls"));
        assert_eq!(row.cells.iter().map(AsRef::as_ref).collect::<Vec<&str>>(), ["True", "3"]);
        assert_eq!(page.version, "7");
    }

    #[test]
    fn what_is_not_printed_is_a_row_too() {
        let object = r#"{"kind":"Thing","metadata":{"name":"tls","namespace":"web","resourceVersion":"8"},"rows":[]}"#;
        let page = kept().change(object).unwrap();
        assert_eq!((&*page.rows[0].key.name, page.version.as_str()), ("tls", "8"));
        assert!(page.rows[0].cells.iter().all(|cell| cell.is_empty()));
    }
}
