//! The watch itself: changes in order, reported together where they arrive together.

use super::super::deltas::{self, Delta, LASTS, Lines, SILENT};
use super::super::failure::Failure;
use super::super::request;
use super::form::ChangedRows;
use super::{Closed, WatchEvent, Watcher, page};
use crate::model::{Row, RowKey};

/// Says why a watch stopped.
pub(super) enum Stopped {
    /// The server ended it, which is normal.
    Ended,
    /// It broke, or the server reported an error in it.
    Failed(Failure),
}

/// Opens a watch from a version on.
pub(super) async fn open(watcher: &Watcher, version: &str) -> Result<Lines, Failure> {
    let list = watcher.resource.list(&watcher.scope.namespace).with("watch", 1).with("allowWatchBookmarks", true);
    let list = list.with("resourceVersion", version).with("timeoutSeconds", LASTS);
    request::watch_as(&watcher.cluster, &page::select(list, &watcher.scope), watcher.form.accept()).await
}

/// Reports the changes of an open watch until it stops, and advances the version.
pub(super) async fn read(watcher: &mut Watcher, mut lines: Lines, version: &mut String) -> Result<Stopped, Closed> {
    loop {
        match lines.next(SILENT).await {
            Ok(Some(whole)) => {
                if let Some(failure) = apply(watcher, &whole, version).await? {
                    return Ok(Stopped::Failed(failure));
                }
            }
            Ok(None) => return Ok(Stopped::Ended),
            Err(failure) => return Ok(Stopped::Failed(failure)),
        }
    }
}

/// Reports the changes in some whole lines, in order, in as few messages as possible.
async fn apply(watcher: &mut Watcher, lines: &[u8], version: &mut String) -> Result<Option<Failure>, Closed> {
    let mut rows: Vec<Row> = Vec::new();
    let mut gone: Vec<RowKey> = Vec::new();
    let mut failure = None;
    for delta in deltas::read(lines) {
        let delta = match delta {
            Ok(delta) => delta,
            Err(error) => {
                // After any error of the server the version is useless: list again.
                if matches!(error, Failure::Status { .. }) {
                    version.clear();
                }
                failure = Some(error);
                break;
            }
        };
        let changed = match delta {
            Delta::Put(object) => watcher.form.put(object),
            Delta::Gone(object) => watcher.form.gone(object),
            Delta::Bookmark(object) => watcher.form.bookmark(object),
        };
        if let Some(reached) = changed.version {
            *version = reached;
        }
        match changed.what {
            ChangedRows::Put(put) => {
                for row in put {
                    if gone.contains(&row.key) {
                        watcher.send(WatchEvent::Gone(std::mem::take(&mut gone))).await?;
                    }
                    watcher.known.add(&row.key);
                    rows.push(row);
                }
            }
            ChangedRows::Gone(keys) => {
                for key in keys {
                    rows.retain(|row| row.key != key);
                    if watcher.known.remove(&key) {
                        gone.push(key);
                    }
                }
            }
            ChangedRows::Nothing => {}
        }
    }
    if !gone.is_empty() {
        watcher.send(WatchEvent::Gone(gone)).await?;
    }
    if !rows.is_empty() {
        watcher.send(WatchEvent::Rows(rows)).await?;
    }
    Ok(failure)
}
