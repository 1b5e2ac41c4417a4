//! Lists a kind and follows its changes, as rows: of kinds that fluxdeck knows, and of any kind as the server prints
//! it.
//!
//! Lists come in pages; the first is small so that rows show at once, and the server reports with it how many objects
//! follow. Rows are kept across a new list, so that the view never empties while the list is read again: rows that are
//! missing from it are reported as gone at its end.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::time::Instant;

use super::failure::Failure;
use super::{Cluster, Resource, TableColumn, deltas, request};
use crate::model::{Connection, Fault, FaultKind, Kind, Row, RowKey};
use changes::Stopped;
use form::ListForm;
use known::Known;

mod changes;
mod decode;
mod form;
mod known;
mod narrow;
mod page;

/// The first pause after a failure; it doubles up to [`LONGEST_PAUSE`].
const SHORTEST_PAUSE: Duration = Duration::from_millis(500);

/// A watch whose connection broke is opened anew in less, where its cluster answers.
const MOMENT: Duration = Duration::from_secs(2);

/// The longest pause between attempts to reach a cluster.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The interval of attempts to list a forbidden or missing kind: the cluster's administrators may have changed that.
const RARELY: Duration = Duration::from_mins(1);

/// The interval of lists of a kind that we may list and not watch.
const BETWEEN_LISTS: Duration = Duration::from_secs(30);

/// Selects objects of a kind; empty fields select all.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct WatchScope {
    /// The namespace.
    pub namespace: String,
    /// A label selector.
    pub label_selector: String,
    /// A field selector.
    pub field_selector: String,
    /// So many objects are listed at most; `None` lists all.
    pub most: Option<usize>,
}

/// Holds an event of a watch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WatchEvent {
    /// The state of the watch. It comes after the rows that it describes.
    Link(Connection),
    /// The columns of the rows that follow, where the server sends them.
    Columns(Vec<TableColumn>),
    /// Objects that are new or have changed.
    Rows(Vec<Row>),
    /// Objects that were deleted.
    Gone(Vec<RowKey>),
}

impl WatchEvent {
    /// Names the event for the log: never the objects themselves.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Link(_) => "link",
            Self::Columns(_) => "columns",
            Self::Rows(_) => "rows",
            Self::Gone(_) => "gone",
        }
    }
}

/// Lists a kind, watches it, and sends events, until the receiver is closed or the future is dropped.
pub async fn watch(cluster: Arc<Cluster>, kind: &'static Kind, scope: WatchScope, events: Sender<WatchEvent>) {
    let resource = Resource {
        group: kind.group.to_owned(),
        version: kind.version.to_owned(),
        kind: kind.kind.to_owned(),
        plural: kind.plural.to_owned(),
        namespaced: kind.namespaced,
    };
    follow(cluster, resource, ListForm::Objects(kind), scope, events).await;
}

/// Watches any resource in the same way, as the server prints it.
pub async fn watch_printed(cluster: Arc<Cluster>, resource: Resource, scope: WatchScope, events: Sender<WatchEvent>) {
    follow(cluster, resource, ListForm::printed(), scope, events).await;
}

async fn follow(
    cluster: Arc<Cluster>,
    resource: Resource,
    form: ListForm,
    scope: WatchScope,
    events: Sender<WatchEvent>,
) {
    let closed = events.clone();
    let mut watcher = Watcher::new(cluster, resource, form, scope, events);
    tokio::select! {
        Err(Closed) = watcher.run() => (),
        () = closed.closed() => (),
    }
}

/// Signals that the receiver is closed.
struct Closed;

/// Says why following a list ended.
enum Ended {
    /// The receiver is closed.
    Closed,
    /// The list or the watch failed.
    Failed(Failure),
}

impl From<Closed> for Ended {
    fn from(_: Closed) -> Self {
        Self::Closed
    }
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

struct Watcher {
    cluster: Arc<Cluster>,
    form: ListForm,
    resource: Resource,
    scope: WatchScope,
    events: Sender<WatchEvent>,
    known: Known,
    /// Whether a list was complete once: from then on, rows are shown, and may be old.
    complete: bool,
    told: Option<Connection>,
}

impl Watcher {
    fn new(
        cluster: Arc<Cluster>,
        resource: Resource,
        form: ListForm,
        scope: WatchScope,
        events: Sender<WatchEvent>,
    ) -> Self {
        Self { cluster, form, resource, scope, events, known: Known::default(), complete: false, told: None }
    }

    async fn run(&mut self) -> Result<std::convert::Infallible, Closed> {
        let mut pause = SHORTEST_PAUSE;
        let mut version = String::new();
        let mut stale: Option<Instant> = None;
        loop {
            let failure = match self.follow(&mut version, &mut pause).await {
                Ok(never) => match never {},
                Err(Ended::Closed) => return Err(Closed),
                Err(Ended::Failed(failure)) => failure,
            };
            let wait = match &failure {
                // The version or the page is too old, which is normal: list again, at once unless that failed shortly
                // before.
                Failure::Status { code: 410, .. } => {
                    version.clear();
                    let lately = stale.replace(Instant::now()).is_some_and(|at| at.elapsed() < RARELY);
                    if lately {
                        self.tell(Connection::Degraded(self.fault(&failure))).await?;
                        pause
                    } else {
                        Duration::ZERO
                    }
                }
                Failure::Status { code: 404, .. } => {
                    version.clear();
                    if self.rediscover().await {
                        continue;
                    }
                    self.vanish().await?;
                    self.tell(Connection::Absent).await?;
                    RARELY
                }
                Failure::Status { code: 403, .. } => {
                    version.clear();
                    if self.scope.namespace.is_empty() && self.resource.namespaced {
                        self.narrow(self.fault(&failure)).await?;
                        continue;
                    }
                    self.tell(Connection::Forbidden(self.fault(&failure))).await?;
                    RARELY
                }
                Failure::Status { retry_after, .. } => {
                    let fault = self.fault(&failure);
                    let unreachable = fault.kind == FaultKind::Unreachable;
                    self.tell(if unreachable { Connection::Unreachable(fault) } else { Connection::Degraded(fault) })
                        .await?;
                    pause.max(retry_after.unwrap_or_default())
                }
                Failure::Unreadable(_) | Failure::Slow(_) | Failure::Misnamed(_) => {
                    version.clear();
                    self.tell(Connection::Degraded(self.fault(&failure))).await?;
                    pause
                }
                Failure::Silent(_) | Failure::Broken(_) => {
                    self.tell(Connection::Unreachable(self.fault(&failure))).await?;
                    pause
                }
            };
            tokio::time::sleep(wait).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Lists where there is no version to start from, then watches until a failure.
    async fn follow(&mut self, version: &mut String, pause: &mut Duration) -> Result<std::convert::Infallible, Ended> {
        // Whether the rows were listed a moment ago.
        let mut is_fresh = version.is_empty();
        if is_fresh {
            *version = self.list().await?;
            self.complete = true;
            self.cluster.remember(self.resource.clone()).await;
        }
        let mut broken: Option<Failure> = None;
        loop {
            let opened = Instant::now();
            let opening = match broken.take() {
                Some(failure) => self.reopen(version, &failure).await,
                None => changes::open(self, version).await.map_err(Ended::Failed),
            };
            let lines = match opening {
                Ok(lines) => lines,
                Err(Ended::Failed(failure)) if matches!(failure.code(), Some(403 | 405)) => {
                    // Where the right to list is gone too, this fails.
                    if !is_fresh {
                        *version = self.list().await?;
                    }
                    self.unwatched(&failure).await?;
                    *version = self.list().await?;
                    is_fresh = true;
                    continue;
                }
                Err(ended) => return Err(ended),
            };
            is_fresh = false;
            self.tell(Connection::Live).await?;
            let stopped = changes::read(self, lines, version).await?;
            let lasted = opened.elapsed() > *pause;
            if lasted {
                *pause = SHORTEST_PAUSE;
            }
            match stopped {
                Stopped::Failed(failure @ (Failure::Status { .. } | Failure::Unreadable(_))) => {
                    return Err(failure.into());
                }
                // Watches end and connections break: a report is needed only if the watch cannot be reopened.
                Stopped::Ended if lasted => (),
                Stopped::Failed(failure) if lasted => broken = Some(failure),
                // If every watch breaks at once, a pause prevents a tight loop.
                Stopped::Ended | Stopped::Failed(_) => {
                    tokio::time::sleep(*pause).await;
                    *pause = (*pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    /// Waits for the next list of a kind that the server lists for us and does not let us watch: a role with `get` and
    /// `list` alone, or an API that has no watches.
    async fn unwatched(&mut self, refused: &Failure) -> Result<(), Closed> {
        let plural = &self.resource.plural;
        let fault = refused.fault(&self.cluster.name, &format!("watch {plural}"));
        let todo = format!(
            "they are listed every {} s instead; the verb `watch` on {plural} brings changes at once",
            BETWEEN_LISTS.as_secs()
        );
        self.tell(Connection::Polled(Fault { todo, ..fault })).await?;
        tokio::time::sleep(BETWEEN_LISTS).await;
        Ok(())
    }

    /// Opens a watch anew after its connection broke. Where that is not done in a moment what is shown may be old, and that is told, long before
    /// a request is given up.
    async fn reopen(&mut self, version: &str, broke: &Failure) -> Result<deltas::Lines, Ended> {
        if let Ok(opened) = tokio::time::timeout(MOMENT, changes::open(self, version)).await {
            return Ok(opened?);
        }
        self.tell(Connection::Unreachable(self.fault(broke))).await?;
        Ok(changes::open(self, version).await?)
    }

    /// Reads every page, and returns the version from which changes are watched.
    async fn list(&mut self) -> Result<String, Ended> {
        let mut pages = page::Pages::new();
        self.known.restart();
        let mut bytes = Vec::new();
        loop {
            request::read_into(&self.cluster, &pages.address(self), self.form.accept(), &mut bytes).await?;
            let page = self.form.page(&self.resource.kind, &bytes)?;
            pages.took(&page, bytes.len())?;
            if !page.columns.is_empty() {
                self.send(WatchEvent::Columns(page.columns)).await?;
            }
            let received = self.known.list(&page.rows);
            if !page.rows.is_empty() {
                self.send(WatchEvent::Rows(page.rows)).await?;
            }
            let is_enough = self.scope.most.is_some_and(|most| received >= most);
            if let Some(next) = page.next.filter(|_| !is_enough) {
                if !self.complete {
                    let total = page.remaining.map(|remaining| received + remaining);
                    self.tell(Connection::Syncing { received, total }).await?;
                }
                pages.turn(next)?;
                continue;
            }
            let gone = self.known.finish();
            if !gone.is_empty() {
                self.send(WatchEvent::Gone(gone)).await?;
            }
            return Ok(page.version);
        }
    }

    /// Discovers again how the server serves the kind; tells whether that has changed.
    async fn rediscover(&mut self) -> bool {
        let Resource { group, kind, .. } = &self.resource;
        self.cluster.forget(group, kind).await;
        match self.cluster.look_up(group, kind).await {
            Ok(Some(resource)) if resource != self.resource => {
                self.resource = resource;
                true
            }
            _ => false,
        }
    }

    /// Reports all rows as gone, because the kind itself is.
    async fn vanish(&mut self) -> Result<(), Closed> {
        self.known.list(&[]);
        let gone = self.known.finish();
        if gone.is_empty() { Ok(()) } else { self.send(WatchEvent::Gone(gone)).await }
    }

    fn fault(&self, failure: &Failure) -> Fault {
        failure.fault(&self.cluster.name, &format!("list {}", self.resource.plural))
    }

    async fn tell(&mut self, link: Connection) -> Result<(), Closed> {
        if self.told.as_ref() == Some(&link) {
            return Ok(());
        }
        self.told = Some(link.clone());
        self.send(WatchEvent::Link(link)).await
    }

    async fn send(&self, event: WatchEvent) -> Result<(), Closed> {
        self.events.send(event).await.map_err(|_| Closed)
    }
}

#[cfg(test)]
mod tests;
