//! The watch proper: changes, as they come, those that arrive together told together.

use std::time::Duration;

use futures::FutureExt as _;
use http_body_util::BodyExt as _;
use kube::client::Body;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::exchange::{self, Failure};
use super::{Closed, WatchEvent, Watcher, decode, page};
use crate::model::{Row, RowKey};

/// The server ends the watch after this time, as it would by itself after five to ten minutes.
const LASTS: u64 = 290;

/// A watch that has neither spoken nor ended by then is dead. Bookmarks come every minute, where the server sends them.
const SILENT: Duration = Duration::from_secs(LASTS + 10);

/// What is read in one go before it is told: enough for any burst, little enough for memory.
const BURST: usize = 4 * 1024 * 1024;

/// Says why a watch stopped.
pub(super) enum Stopped {
    /// The server ended it, as it does.
    Ended,
    /// It broke, or the server reported an error in it.
    Failed(Failure),
}

#[derive(Deserialize)]
struct Change<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(borrow)]
    object: &'a RawValue,
}

#[derive(Deserialize)]
struct Status {
    #[serde(default)]
    code: u16,
    #[serde(default)]
    message: String,
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

/// Opens a watch from a version on.
pub(super) async fn open(watcher: &Watcher, version: &str) -> Result<Body, Failure> {
    let list = watcher.resource.list(&watcher.scope.namespace).with("watch", 1).with("allowWatchBookmarks", true);
    let list = list.with("resourceVersion", version).with("timeoutSeconds", LASTS);
    let address = page::select(list, &watcher.scope);
    exchange::open(watcher.cluster.client(), exchange::at(&address)?).await
}

/// Tells the changes of an open watch until it stops, moving the version on.
pub(super) async fn read(watcher: &mut Watcher, mut body: Body, version: &mut String) -> Result<Stopped, Closed> {
    let mut buffer: Vec<u8> = Vec::new();
    loop {
        let Ok(frame) = tokio::time::timeout(SILENT, body.frame()).await else {
            return Ok(Stopped::Failed(Failure::Silent));
        };
        let mut stopped = take(frame, &mut buffer);
        while stopped.is_none()
            && buffer.len() < BURST
            && let Some(frame) = body.frame().now_or_never()
        {
            stopped = take(frame, &mut buffer);
        }
        let complete = buffer.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let rest = buffer.split_off(complete);
        let lines = std::mem::replace(&mut buffer, rest);
        if let Some(failure) = apply(watcher, &lines, version).await? {
            return Ok(Stopped::Failed(failure));
        }
        if let Some(stopped) = stopped {
            return Ok(stopped);
        }
    }
}

fn take(frame: Option<Result<http_body::Frame<bytes::Bytes>, kube::Error>>, buffer: &mut Vec<u8>) -> Option<Stopped> {
    match frame {
        None => Some(Stopped::Ended),
        Some(Err(error)) => Some(Stopped::Failed(Failure::Broken(error))),
        Some(Ok(frame)) => {
            if let Ok(data) = frame.into_data() {
                buffer.extend_from_slice(&data);
            }
            None
        }
    }
}

/// Tells the changes of some whole lines, in their order, as few messages as that allows.
async fn apply(watcher: &mut Watcher, lines: &[u8], version: &mut String) -> Result<Option<Failure>, Closed> {
    let mut rows: Vec<Row> = Vec::new();
    let mut gone: Vec<RowKey> = Vec::new();
    let mut failure = None;
    for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let change: Change<'_> = match serde_json::from_slice(line) {
            Ok(change) => change,
            Err(error) => {
                failure = Some(Failure::Unreadable(error.to_string()));
                break;
            }
        };
        let object = change.object.get();
        if change.kind == "ERROR" {
            // Whatever it is, the version is of no more use: list again.
            version.clear();
            let status = serde_json::from_str(object).unwrap_or(Status { code: 500, message: object.to_owned() });
            failure = Some(Failure::Status { code: status.code, message: status.message, retry_after: None });
            break;
        }
        if let Ok(versioned) = serde_json::from_str::<Versioned>(object) {
            *version = versioned.metadata.resource_version;
        }
        match change.kind {
            "ADDED" | "MODIFIED" => {
                let Some(row) = decode::row(watcher.kind, object) else { continue };
                if gone.contains(&row.key) {
                    watcher.send(WatchEvent::Gone(std::mem::take(&mut gone))).await?;
                }
                watcher.known.add(&row.key);
                rows.push(row);
            }
            "DELETED" => {
                let Some(key) = decode::key(object) else { continue };
                rows.retain(|row| row.key != key);
                if watcher.known.remove(&key) {
                    gone.push(key);
                }
            }
            // A bookmark moves the version on, and that is all.
            _ => {}
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
