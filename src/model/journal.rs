//! The journal's lines, as they stand in its file.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Holds one line of the journal; a write has two: when it begins and how it ended. It never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalEntry {
    /// When.
    pub at: Timestamp,
    /// Which operation: its start and number, the same in both lines.
    pub id: String,
    /// The cluster's own word for who we are there, from a SelfSubjectReview; `None` before it has answered.
    #[serde(default)]
    pub user: Option<String>,
    /// The login behind a shared account.
    #[serde(default)]
    pub login: String,
    /// The environment's name.
    #[serde(default)]
    pub env: Option<String>,
    /// What it acts on.
    #[serde(default)]
    pub object: String,
    /// The equivalent command line.
    pub command: String,
    /// How it ended; `None` in the line of its beginning.
    #[serde(default)]
    pub result: Option<String>,
}

impl JournalEntry {
    /// Reads lines of the file: one entry for each operation, oldest first, with its result where it has one. A line that was cut, or that
    /// somebody else is writing, is passed over.
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
