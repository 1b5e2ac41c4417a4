//! The keys of what has been told, so that a new list can tell what is gone.

use std::collections::HashSet;

use crate::model::{Row, RowKey};

/// Keeps the keys of the rows that the receiver has.
#[derive(Debug, Default)]
pub(super) struct Known {
    keys: HashSet<RowKey>,
    /// What the list under way has brought so far.
    listed: HashSet<RowKey>,
}

impl Known {
    /// Notes the rows of a page; returns how many the list under way has brought.
    pub(super) fn list(&mut self, rows: &[Row]) -> usize {
        self.listed.extend(rows.iter().map(|row| row.key.clone()));
        self.listed.len()
    }

    /// Ends a list: returns the keys that were known and are not in it.
    pub(super) fn finish(&mut self) -> Vec<RowKey> {
        let listed = std::mem::take(&mut self.listed);
        let before = std::mem::replace(&mut self.keys, listed);
        before.into_iter().filter(|key| !self.keys.contains(key)).collect()
    }

    /// Begins a list anew: what a list that broke off has brought counts as known.
    pub(super) fn restart(&mut self) {
        self.keys.extend(self.listed.drain());
    }

    /// Notes a row that is new or has changed.
    pub(super) fn add(&mut self, key: &RowKey) {
        if !self.keys.contains(key) {
            self.keys.insert(key.clone());
        }
    }

    /// Notes that an object is gone; tells whether it was known.
    pub(super) fn remove(&mut self, key: &RowKey) -> bool {
        self.keys.remove(key)
    }
}
