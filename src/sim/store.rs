//! The objects of one server, their versions, and their changes for watches.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde_json::Value;

use super::json::{self, set};
use super::kinds::ServedKind;
use crate::model::ObjectRef;

/// The most changes that are kept for watches that resume; kube-apiserver's watch cache keeps about this many a kind.
const KEPT_CHANGES: usize = 4096;
/// The first version: no real cluster is at version 1.
const FIRST_VERSION: u64 = 184_200;

/// Names the kind of change of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Happened {
    /// It was created.
    Added,
    /// It was changed.
    Modified,
    /// It was deleted.
    Deleted,
}

/// Records one change of one object.
#[derive(Debug, Clone)]
pub(crate) struct StoreEvent {
    /// The version of the change.
    pub(crate) version: u64,
    /// The kind of change.
    pub(crate) happened: Happened,
    /// The object's name.
    pub(crate) key: ObjectRef,
    /// The object after the change; the last version of a deleted one.
    pub(crate) object: Arc<Value>,
    /// The object before the change.
    pub(crate) before: Option<Arc<Value>>,
}

/// Reports that a watch requested changes that are no longer kept.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Expired {
    /// The oldest version from which a watch can still resume.
    pub(crate) oldest: u64,
}

/// Holds objects by kind, namespace and name.
#[derive(Debug)]
pub(crate) struct Store {
    objects: BTreeMap<ObjectRef, Arc<Value>>,
    changes: VecDeque<StoreEvent>,
    version: u64,
    oldest: u64,
}

impl Store {
    /// Builds an empty store.
    pub(crate) fn new() -> Self {
        Self { objects: BTreeMap::new(), changes: VecDeque::new(), version: FIRST_VERSION, oldest: FIRST_VERSION }
    }

    /// Returns the version of the last change.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// Returns an object.
    pub(crate) fn get(&self, key: &ObjectRef) -> Option<&Arc<Value>> {
        self.objects.get(key)
    }

    /// Iterates over the objects of a kind, by namespace and name; of one namespace unless it is empty.
    pub(crate) fn list<'a>(
        &'a self,
        served: &'a ServedKind,
        namespace: &'a str,
    ) -> impl Iterator<Item = (&'a ObjectRef, &'a Arc<Value>)> {
        self.objects
            .range(served.object("", "")..)
            .take_while(move |(key, _)| key.kind == served.kind && key.group == served.group)
            .filter(move |(key, _)| namespace.is_empty() || key.namespace == namespace)
    }

    /// Stores an object under a new version and returns the stored one.
    pub(crate) fn put(&mut self, mut object: Value) -> Arc<Value> {
        self.version += 1;
        set(&mut object, &["metadata", "resourceVersion"], self.version.to_string());
        let key = json::reference(&object);
        let object = Arc::new(object);
        let before = self.objects.insert(key.clone(), Arc::clone(&object));
        let happened = if before.is_some() { Happened::Modified } else { Happened::Added };
        self.record(StoreEvent { version: self.version, happened, key, object: Arc::clone(&object), before });
        object
    }

    /// Removes an object and returns its last state, with the version of its removal.
    pub(crate) fn remove(&mut self, key: &ObjectRef) -> Option<Arc<Value>> {
        let before = self.objects.remove(key)?;
        self.version += 1;
        let mut last = Value::clone(&before);
        set(&mut last, &["metadata", "resourceVersion"], self.version.to_string());
        let last = Arc::new(last);
        self.record(StoreEvent {
            version: self.version,
            happened: Happened::Deleted,
            key: key.clone(),
            object: Arc::clone(&last),
            before: Some(before),
        });
        Some(last)
    }

    /// Returns the changes after a version, oldest first.
    ///
    /// # Errors
    /// Fails if some of them are no longer kept.
    pub(crate) fn changes_after(&self, version: u64) -> Result<impl Iterator<Item = &StoreEvent>, Expired> {
        if version < self.oldest {
            return Err(Expired { oldest: self.oldest });
        }
        let from = self.changes.partition_point(|change| change.version <= version);
        Ok(self.changes.range(from..))
    }

    /// Forgets every change so far, as a server does that compacts its history: older watches are expired.
    pub(crate) fn compact(&mut self) {
        self.changes.clear();
        self.oldest = self.version;
    }

    fn record(&mut self, change: StoreEvent) {
        self.changes.push_back(change);
        while self.changes.len() > KEPT_CHANGES {
            if let Some(forgotten) = self.changes.pop_front() {
                self.oldest = forgotten.version;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Expired, Happened, Store};
    use crate::model::ObjectRef;
    use serde_json::json;

    #[test]
    fn changes_are_told_in_order_until_they_are_compacted() {
        let mut store = Store::new();
        let start = store.version();
        let map = |value: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "n", "name": "a"}, "data": {"k": value}});
        store.put(map("1"));
        store.put(map("2"));
        store.remove(&ObjectRef::new("ConfigMap", "", "n", "a"));
        let told: Vec<Happened> = store.changes_after(start).unwrap().map(|change| change.happened).collect();
        assert_eq!(told, [Happened::Added, Happened::Modified, Happened::Deleted]);
        store.compact();
        assert_eq!(store.changes_after(start).map(|_| ()), Err(Expired { oldest: start + 3 }));
    }
}
