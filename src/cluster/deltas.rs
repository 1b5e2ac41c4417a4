//! The lines of a watch: changes in order, handed on together where they arrive together.

use std::time::Duration;

use futures::FutureExt as _;
use http_body_util::BodyExt as _;
use kube::client::Body;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::failure::Failure;
use super::request::parse;
use super::watch_connections::WatchPlace;

/// The duration of a watch, in seconds, after which the server ends it; by itself it would after five to ten minutes.
pub(crate) const LASTS: u64 = 290;

/// The silence after which a watch counts as dead. Bookmarks come every minute, where the server sends them.
pub(crate) const SILENT: Duration = Duration::from_secs(LASTS + 10);

/// The most bytes that are read before they are handed on: enough for any burst, few enough for memory.
const BURST: usize = 4 * 1024 * 1024;

/// Holds an open watch, split into whole lines.
pub(crate) struct Lines {
    body: Body,
    buffer: Vec<u8>,
    /// The end of the watch, reported after the lines before it.
    ended: Option<Result<(), Failure>>,
    /// The place on the connection.
    _place: Option<WatchPlace>,
}

impl Lines {
    pub(super) fn new(body: Body, place: Option<WatchPlace>) -> Self {
        Self { body, buffer: Vec::new(), ended: None, _place: place }
    }

    /// Waits for the next lines, and returns all that have arrived; `None` is the end, which the server decides.
    ///
    /// # Errors
    /// Fails when the connection breaks, or the server is silent for too long.
    pub(crate) async fn next(&mut self, silence: Duration) -> Result<Option<Vec<u8>>, Failure> {
        loop {
            if let Some(ended) = self.ended.take() {
                return ended.map(|()| None);
            }
            let Ok(frame) = tokio::time::timeout(silence, self.body.frame()).await else {
                return Err(Failure::Silent(silence));
            };
            self.take(frame);
            while self.ended.is_none()
                && self.buffer.len() < BURST
                && let Some(frame) = self.body.frame().now_or_never()
            {
                self.take(frame);
            }
            let complete = self.buffer.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            let rest = self.buffer.split_off(complete);
            let lines = std::mem::replace(&mut self.buffer, rest);
            if !lines.is_empty() {
                return Ok(Some(lines));
            }
        }
    }

    fn take(&mut self, frame: Option<Result<http_body::Frame<bytes::Bytes>, kube::Error>>) {
        match frame {
            None => self.ended = Some(Ok(())),
            Some(Err(error)) => self.ended = Some(Err(error.into())),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    self.buffer.extend_from_slice(&data);
                }
            }
        }
    }
}

/// Holds the change in one line of a watch.
#[derive(Debug)]
pub(crate) enum Delta<T> {
    /// An object that is new or has changed.
    Put(T),
    /// An object that was deleted, in its last state.
    Gone(T),
    /// A new version without a change.
    Bookmark(T),
}

#[derive(Deserialize)]
struct Line<'a> {
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

/// Parses the changes in some whole lines, up to the first error.
pub(crate) fn read(lines: &[u8]) -> impl Iterator<Item = Result<Delta<&str>, Failure>> {
    let mut failed = false;
    lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map_while(move |line| {
        let read = if failed { None } else { Some(delta(line)) };
        failed |= matches!(read, Some(Err(_)));
        read
    })
}

fn delta(line: &[u8]) -> Result<Delta<&str>, Failure> {
    let Line { kind, object } = parse(line)?;
    let object = object.get();
    match kind {
        "ADDED" | "MODIFIED" => Ok(Delta::Put(object)),
        "DELETED" => Ok(Delta::Gone(object)),
        "ERROR" => {
            let status = serde_json::from_str(object).unwrap_or(Status { code: 500, message: object.to_owned() });
            Err(Failure::Status { code: status.code, message: status.message, retry_after: None })
        }
        _ => Ok(Delta::Bookmark(object)),
    }
}

impl<T: DeserializeOwned> Delta<T> {
    /// Decodes the changes in some whole lines; a bookmark holds no object and is left out.
    pub(crate) fn all(lines: &[u8]) -> Vec<Result<Self, Failure>> {
        let decode = |object: &str| parse(object.as_bytes());
        let each = read(lines).filter_map(|change| match change {
            Ok(Delta::Put(object)) => Some(decode(object).map(Delta::Put)),
            Ok(Delta::Gone(object)) => Some(decode(object).map(Delta::Gone)),
            Ok(Delta::Bookmark(_)) => None,
            Err(failure) => Some(Err(failure)),
        });
        each.collect()
    }
}
