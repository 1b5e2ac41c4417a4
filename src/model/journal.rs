//! The journal's lines, as they are in its file.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Holds one line of the journal; a write has two: its begin and its end. It never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalEntry {
    /// The time.
    pub at: Timestamp,
    /// The id of the operation: its start and number, the same in both lines.
    pub id: String,
    /// The cluster's name for our user, from a SelfSubjectReview; `None` before it has answered.
    #[serde(default)]
    pub user: Option<String>,
    /// The login behind a shared account.
    #[serde(default)]
    pub login: String,
    /// The environment's name.
    #[serde(default)]
    pub env: Option<String>,
    /// The object that it acts on.
    #[serde(default)]
    pub object: String,
    /// The equivalent command line.
    pub command: String,
    /// The result; `None` in the line of its beginning.
    #[serde(default)]
    pub result: Option<String>,
}

impl JournalEntry {
    /// Reads lines of the file: one entry for each operation, oldest first, with its result if it has one. It skips a
    /// line that was cut, or that another process is writing.
    pub fn operations(text: &str) -> Vec<Self> {
        let mut entries: Vec<Self> = Vec::new();
        for entry in text.lines().filter_map(|line| serde_json::from_str::<Self>(line).ok()) {
            match entries.iter_mut().rev().find(|known| known.id == entry.id) {
                Some(begun) => begun.result = entry.result,
                None => entries.push(entry),
            }
        }
        entries
    }
}
