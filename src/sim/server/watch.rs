//! Watches: the changes of a kind's objects, as a stream of events.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::route::RequestTarget;
use super::{Asked, ServerResponse, status, streaming, table};
use crate::sim::kinds::ServedKind;
use crate::sim::selector::Selector;
use crate::sim::store::Happened;
use crate::sim::world::{SimulatedCluster, Site};

/// The interval of bookmarks for a watch that allows them; kube-apiserver sends about one a minute.
const BOOKMARK_EVERY: Duration = Duration::from_mins(1);
/// The duration of a watch without a timeout; kube-apiserver chooses between 30 and 60 minutes.
const LASTS: Duration = Duration::from_mins(45);
/// The annotation of the bookmark that ends the initial events.
const INITIAL_EVENTS_END: &str = "k8s.io/initial-events-end";

/// One watch in progress.
struct Watch {
    served: &'static ServedKind,
    namespace: String,
    selector: Selector,
    /// The version up to which changes have been sent.
    version: u64,
    bookmarks: bool,
    /// Whether and how objects are sent as Tables: the query's includeObject.
    table: Option<String>,
    columns_told: bool,
    ready: VecDeque<Bytes>,
    over: bool,
}

/// Answers a watch.
pub(crate) fn watch(site: &Arc<Site>, target: RequestTarget<'_>, asked: &Asked) -> ServerResponse {
    let selector = match Selector::parse(asked.parameter("labelSelector"), asked.parameter("fieldSelector")) {
        Ok(selector) => selector,
        Err(message) => return status::bad_request(&message),
    };
    let initial = asked.is_on("sendInitialEvents");
    if initial && asked.parameter("resourceVersionMatch") != "NotOlderThan" {
        let message = "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
        let code = StatusCode::UNPROCESSABLE_ENTITY;
        return ServerResponse::json(code, &status::failure(code, "Invalid", message, &json!({"kind": "ListOptions"})));
    }
    let mut watch = Watch {
        served: target.served,
        namespace: target.namespace.to_owned(),
        selector,
        version: asked.parameter("resourceVersion").parse().unwrap_or_default(),
        bookmarks: asked.is_on("allowWatchBookmarks"),
        table: table::is_wanted(&asked.accept).then(|| asked.parameter("includeObject").to_owned()),
        columns_told: false,
        ready: VecDeque::new(),
        over: false,
    };
    let mut beat = site.beat.subscribe();
    beat.mark_unchanged();
    site.with(|world| {
        if watch.version == 0 || initial {
            watch.tell_all(world, initial);
        }
        watch.catch_up(world);
    });
    let lasts = asked.parameter("timeoutSeconds").parse().map_or(LASTS, Duration::from_secs);
    let end = Instant::now() + lasts;
    let state = (watch, Arc::clone(site), beat, Instant::now() + BOOKMARK_EVERY);
    let chunks = futures::stream::unfold(state, move |(mut watch, site, mut beat, mut bookmark)| async move {
        loop {
            if let Some(line) = watch.ready.pop_front() {
                return Some((line, (watch, site, beat, bookmark)));
            }
            if watch.over || Instant::now() >= end {
                return None;
            }
            tokio::select! {
                changed = beat.changed() => {
                    if changed.is_err() { return None }
                    site.with(|world| watch.catch_up(world));
                }
                () = tokio::time::sleep_until(bookmark), if watch.bookmarks => {
                    bookmark += BOOKMARK_EVERY;
                    site.with(|world| {
                        watch.version = world.store.version();
                        watch.bookmark(world, false);
                    });
                }
                () = tokio::time::sleep_until(end) => return None,
            }
        }
    });
    ServerResponse::stream("application/json", streaming(site, chunks))
}

impl Watch {
    /// Sends every object as if it had just been added, and marks their end on request.
    fn tell_all(&mut self, world: &SimulatedCluster, mark_end: bool) {
        let served = self.served;
        let namespace = self.namespace.clone();
        for (_, object) in world.store.list(served, &namespace) {
            if self.selector.matches(object) {
                self.tell(world, "ADDED", object);
            }
        }
        self.version = world.store.version();
        if mark_end {
            self.bookmark(world, true);
        }
    }

    /// Sends the changes since the last time.
    fn catch_up(&mut self, world: &SimulatedCluster) {
        match world.store.changes_after(self.version) {
            Err(expired) => {
                let error = json!({"type": "ERROR", "object": status::expired_watch(self.version, &expired)});
                self.push(&error);
                self.over = true;
            }
            Ok(changes) => {
                for change in changes {
                    self.version = change.version;
                    if change.key.kind != self.served.kind
                        || change.key.group != self.served.group
                        || !(self.namespace.is_empty() || change.key.namespace == self.namespace)
                    {
                        continue;
                    }
                    let was = change.before.as_ref().is_some_and(|before| self.selector.matches(before));
                    let is = change.happened != Happened::Deleted && self.selector.matches(&change.object);
                    // An object that a change moves out of the selection is deleted for watches of the selection.
                    match (was, is) {
                        (false, true) => self.tell(world, "ADDED", &change.object),
                        (true, true) => self.tell(world, "MODIFIED", &change.object),
                        (true, false) => self.tell(world, "DELETED", &change.object),
                        (false, false) => {}
                    }
                }
            }
        }
    }

    fn tell(&mut self, world: &SimulatedCluster, happened: &str, object: &Value) {
        let object = match &self.table {
            None => object.clone(),
            Some(include) => {
                let one = std::iter::once(object);
                let told = table::table(self.served, one, include, world.now(), !self.columns_told);
                self.columns_told = true;
                told
            }
        };
        self.push(&json!({"type": happened, "object": object}));
    }

    fn bookmark(&mut self, world: &SimulatedCluster, ends_initial: bool) {
        let mut metadata = json!({"resourceVersion": self.version.to_string(), "creationTimestamp": null});
        if ends_initial {
            crate::sim::json::set(&mut metadata, &["annotations", INITIAL_EVENTS_END], "true");
        }
        let object = json!({"kind": self.served.kind, "apiVersion": self.served.api_version(), "metadata": metadata});
        let object = match &self.table {
            None => object,
            // In Table form the mark is in the row's object, whatever includeObject is.
            Some(_) => table::table(self.served, std::iter::once(&object), "", world.now(), !self.columns_told),
        };
        self.push(&json!({"type": "BOOKMARK", "object": object}));
    }

    fn push(&mut self, event: &Value) {
        let mut line = serde_json::to_vec(event).unwrap_or_default();
        line.push(b'\n');
        self.ready.push_back(Bytes::from(line));
    }
}
