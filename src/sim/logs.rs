//! The logs of containers.

use std::collections::{HashMap, VecDeque};

use jiff::Timestamp;

/// The most lines that are kept of a container; a kubelet keeps 10 MiB.
const KEPT_LINES: usize = 5000;

/// Names a container's log: namespace, pod and container.
pub(crate) type LogKey = (String, String, String);

/// Holds the lines of one container.
#[derive(Debug, Default)]
pub(crate) struct Log {
    lines: VecDeque<(Timestamp, String)>,
    /// The number of the first line kept.
    first: u64,
    /// Whether the container is gone, so that no more lines come.
    pub(crate) ended: bool,
}

impl Log {
    /// Returns the number of the next line.
    pub(crate) fn end(&self) -> u64 {
        self.first + self.lines.len() as u64
    }

    /// Iterates over the lines from a number on, with their numbers' successor.
    pub(crate) fn from(&self, number: u64) -> impl DoubleEndedIterator<Item = &(Timestamp, String)> {
        let skip = usize::try_from(number.saturating_sub(self.first)).unwrap_or(usize::MAX).min(self.lines.len());
        self.lines.range(skip..)
    }
}

/// Holds the logs of a cluster's containers.
#[derive(Debug, Default)]
pub(crate) struct LogStore {
    logs: HashMap<LogKey, Log>,
    /// The count of all written lines and ended logs, so that followers notice.
    pub(crate) beat: u64,
}

impl LogStore {
    /// Writes a line.
    pub(crate) fn write(&mut self, key: &LogKey, at: Timestamp, line: impl Into<String>) {
        self.beat += 1;
        let log = self.logs.entry(key.clone()).or_default();
        log.lines.push_back((at, line.into()));
        if log.lines.len() > KEPT_LINES {
            log.lines.pop_front();
            log.first += 1;
        }
    }

    /// Returns a container's log.
    pub(crate) fn get(&self, key: &LogKey) -> Option<&Log> {
        self.logs.get(key)
    }

    /// Sorts the lines of every log by their times: the past is not played in its order.
    pub(crate) fn sort(&mut self) {
        for log in self.logs.values_mut() {
            log.lines.make_contiguous().sort_by_key(|(at, _)| *at);
        }
    }

    /// Ends every log of a pod: its followers see the end.
    pub(crate) fn end_pod(&mut self, namespace: &str, pod: &str) {
        self.beat += 1;
        for (key, log) in &mut self.logs {
            if key.0 == namespace && key.1 == pod {
                log.ended = true;
            }
        }
    }
}
