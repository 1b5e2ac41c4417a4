//! The source of a list's rows: the app's own watch, or one of this screen.

use std::sync::Arc;

use crate::app::{Facts, Task};
use crate::cluster::{self, Resource, TableColumn, WatchEvent, WatchScope};
use crate::model::{Connection, Env, Kind, ObjectRef, RowKey, Rows};

/// The rows before the first watch.
static NONE: Rows = Rows::new();

/// Names the source of rows.
#[derive(Debug)]
pub(super) enum RowSource {
    /// A kind with a file here: the app watches it and keeps its rows, for every screen.
    Known(&'static Kind),
    /// Any other kind: this screen follows it, as the server prints it.
    Printed(Box<Printed>),
}

impl RowSource {
    pub(super) fn rows<'a>(&'a self, facts: &'a Facts, env: Env) -> &'a Rows {
        match self {
            Self::Known(kind) => facts.table(env, kind).map_or(&NONE, |table| &table.rows),
            Self::Printed(printed) => &printed.rows,
        }
    }

    pub(super) fn link<'a>(&'a self, facts: &'a Facts, env: Env) -> Option<&'a Connection> {
        match self {
            Self::Known(kind) => facts.table(env, kind).map(|table| &table.link),
            Self::Printed(printed) => Some(&printed.link),
        }
    }

    pub(super) fn object(&self, key: &RowKey) -> ObjectRef {
        match self {
            Self::Known(kind) => kind.object(&key.namespace, &key.name),
            Self::Printed(printed) => {
                let Resource { kind, group, .. } = &printed.resource;
                ObjectRef::new(kind, group, &key.namespace, &key.name)
            }
        }
    }

    pub(super) fn plural(&self) -> &str {
        match self {
            Self::Known(kind) => kind.plural,
            Self::Printed(printed) => &printed.resource.plural,
        }
    }

    /// Names the listed kind; with its group if several kinds share the name.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Printed(printed) if !printed.resource.group.is_empty() => {
                format!("{}.{}", printed.resource.plural, printed.resource.group)
            }
            _ => self.plural().to_owned(),
        }
    }

    pub(super) fn namespaced(&self) -> bool {
        match self {
            Self::Known(kind) => kind.namespaced,
            Self::Printed(printed) => printed.resource.namespaced,
        }
    }

    /// Counts the columns beside name, namespace and age.
    pub(super) fn columns(&self) -> usize {
        match self {
            Self::Known(kind) => kind.columns.len(),
            Self::Printed(printed) => printed.columns.len(),
        }
    }

    pub(super) fn title(&self, column: usize) -> &str {
        match self {
            Self::Known(kind) => kind.columns.get(column).map_or("", |column| column.title),
            Self::Printed(printed) => printed.columns.get(column).map_or("", |column| &column.name),
        }
    }
}

/// Holds the rows that the server prints of a resource.
#[derive(Debug)]
pub(super) struct Printed {
    pub(super) resource: Resource,
    pub(super) columns: Vec<TableColumn>,
    rows: Rows,
    link: Connection,
}

impl Printed {
    pub(super) fn new(resource: Resource) -> Self {
        Self { resource, columns: Vec::new(), rows: Rows::new(), link: Connection::Connecting }
    }

    /// Follows it for as long as the screen is open.
    pub(super) fn follow(&self, env: Env) -> Task {
        let resource = self.resource.clone();
        Task::stream(format!("list {}", resource.plural), move |task_context, mut reply| async move {
            let cluster = match task_context.cluster(env) {
                Ok(cluster) => cluster,
                Err(fault) => {
                    reply.send(WatchEvent::Link(Connection::Unreachable(fault))).await;
                    return;
                }
            };
            let (sender, mut events) = tokio::sync::mpsc::channel(4);
            let follow = cluster::watch_printed(Arc::clone(&cluster), resource, WatchScope::default(), sender);
            let forward = async {
                while let Some(event) = events.recv().await {
                    let settles = matches!(&event, WatchEvent::Link(link) if link.is_settled());
                    if !(if settles { reply.send(event).await } else { reply.send_part(event).await }) {
                        return;
                    }
                }
            };
            tokio::select! {
                () = follow => (),
                () = forward => (),
            }
        })
    }

    pub(super) fn take(&mut self, event: WatchEvent) {
        match event {
            WatchEvent::Link(link) => self.link = link,
            WatchEvent::Columns(columns) => self.columns = columns,
            WatchEvent::Rows(rows) => self.rows.put(rows),
            WatchEvent::Gone(keys) => self.rows.remove(&keys),
        }
    }
}
