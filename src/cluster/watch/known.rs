//! The keys of the reported rows, so that a new list shows which are gone.

use std::collections::HashSet;

use crate::model::{Row, RowKey};

/// Keeps the keys of the rows that the receiver has.
#[derive(Debug, Default)]
pub(super) struct Known {
    keys: HashSet<RowKey>,
    /// The keys in the current list so far.
    listed: HashSet<RowKey>,
}

impl Known {
    /// Notes the rows of a page; returns the number of rows in the current list.
    pub(super) fn list(&mut self, rows: &[Row]) -> usize {
        self.listed.extend(rows.iter().map(|row| row.key.clone()));
        self.listed.len()
    }

    /// Ends a list: returns the known keys that are not in it.
    pub(super) fn finish(&mut self) -> Vec<RowKey> {
        let listed = std::mem::take(&mut self.listed);
        let before = std::mem::replace(&mut self.keys, listed);
        before.into_iter().filter(|key| !self.keys.contains(key)).collect()
    }

    /// Starts a new list: the keys of an interrupted one count as known.
    pub(super) fn restart(&mut self) {
        self.keys.extend(self.listed.drain());
    }

    /// Notes a row that is new or has changed.
    pub(super) fn add(&mut self, key: &RowKey) {
        if !self.keys.contains(key) {
            self.keys.insert(key.clone());
        }
    }

    /// Notes a deleted object; tells whether it was known.
    pub(super) fn remove(&mut self, key: &RowKey) -> bool {
        self.keys.remove(key)
    }
}
