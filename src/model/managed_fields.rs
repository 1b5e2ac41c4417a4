//! `metadata.managedFields`: who wrote which field of an object, and when.
//!
//! Format: `FieldsV1` of the API reference. `f:` is a field, `k:` an item of a list by its keys, `v:` an item of a set by
//! its value, `i:` an item by its index, and a dot the map or the item itself.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

use super::field_manager::{KUSTOMIZE_CONTROLLER, ManagerKind, is_taken_over, manager_words};

static NOTHING: Value = Value::Null;

/// Reads what one manager wrote of an object.
#[derive(Debug, Clone, Copy)]
pub struct ManagerEntry<'a> {
    /// The manager's name.
    pub manager: &'a str,
    /// Whether it applies, rather than updates.
    pub applies: bool,
    /// The subresource that it wrote through, such as `scale`; empty for the object itself.
    pub subresource: &'a str,
    /// The time of its last change.
    pub at: Option<Timestamp>,
    /// Its fields, in the form `FieldsV1`.
    pub fields: &'a Value,
}

impl<'a> ManagerEntry<'a> {
    /// Iterates over the managers of an object.
    pub fn all(object: &'a Value) -> impl Iterator<Item = Self> {
        let entries = object.pointer("/metadata/managedFields").and_then(Value::as_array);
        entries.into_iter().flatten().map(Self::new)
    }

    fn new(entry: &'a Value) -> Self {
        let word = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
        Self {
            manager: word("manager"),
            applies: word("operation") == "Apply",
            subresource: word("subresource"),
            at: word("time").parse().ok(),
            fields: entry.get("fieldsV1").unwrap_or(&NOTHING),
        }
    }

    /// Tells whether a person's program wrote it.
    pub fn is_by_hand(&self) -> bool {
        ManagerKind::of(self.manager) == ManagerKind::Person && self.subresource != "status"
    }

    /// Writes the program in words: `kubectl edit`.
    pub fn words(&self) -> String {
        // Whoever scales writes through the subresource.
        if self.subresource == "scale" && self.manager.starts_with("kubectl") {
            return "kubectl scale".to_owned();
        }
        manager_words(self.manager)
    }

    /// Tells whether it owns a field, named by its path from the top.
    pub fn owns(&self, path: &[&str]) -> bool {
        path.iter().try_fold(self.fields, |fields, name| fields.get(format!("f:{name}"))).is_some()
    }
}

/// Describes what one manager owns of an object.
#[derive(Debug)]
pub struct OwnedFields {
    /// The manager's name.
    pub manager: String,
    /// Whether it applies, rather than updates.
    applies: bool,
    /// The subresource that it wrote through, such as `scale`; empty for the object itself.
    pub subresource: String,
    /// The time of its last change.
    pub at: Option<Timestamp>,
    /// The JSON Pointers of its fields.
    pub leaves: BTreeSet<String>,
    /// The JSON Pointers of the maps and items that it owns as such.
    pub items: BTreeSet<String>,
}

impl OwnedFields {
    /// Lists the managers of an object.
    pub fn of(object: &Value) -> Vec<Self> {
        ManagerEntry::all(object).map(|entry| Self::new(&entry, object)).collect()
    }

    fn new(entry: &ManagerEntry<'_>, object: &Value) -> Self {
        let (mut leaves, mut items) = (BTreeSet::new(), BTreeSet::new());
        collect(entry.fields, object, "", &mut leaves, &mut items);
        Self {
            manager: entry.manager.to_owned(),
            applies: entry.applies,
            subresource: entry.subresource.to_owned(),
            at: entry.at,
            leaves,
            items,
        }
    }

    /// Tells whether it is the manager that applies an object from Git or from a chart.
    pub fn is_applier(&self, manager: &str) -> bool {
        self.applies && self.manager == manager
    }

    /// Tells whether kustomize-controller takes over its fields before it applies.
    pub fn is_taken_over(&self) -> bool {
        let is_former = !self.applies && self.manager == KUSTOMIZE_CONTROLLER;
        self.subresource.is_empty() && (is_former || is_taken_over(&self.manager))
    }

    /// Tells whether its name is, or may be, that of a program which keeps fields as its work.
    pub fn is_controller(&self) -> bool {
        matches!(ManagerKind::of(&self.manager), ManagerKind::Controller | ManagerKind::Helm | ManagerKind::Either)
    }

    /// Tells whether it owns a field that some manager owns by itself, or something within it. What owns an empty map or
    /// structure around the field owns nothing in it: kustomize-controller owns `resources` so, and not its limits.
    pub fn owns(&self, pointer: &str) -> bool {
        let is_within =
            |inner: &str| inner.strip_prefix(pointer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        self.items.contains(pointer) || self.leaves.iter().any(|leaf| is_within(leaf))
    }

    /// Tells whether it owns a field, something within it, or what the field is within.
    pub fn touches(&self, pointer: &str) -> bool {
        let is_within = |inner: &str, outer: &str| {
            inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.leaves.iter().any(|leaf| is_within(leaf, pointer) || is_within(pointer, leaf))
    }
}

/// The fields of `spec` whose owner matters even if it is a controller.
const ASKED: [&str; 2] = ["f:replicas", "f:suspend"];

/// Reduces an object's managedFields to what is asked of them: the fields of `spec` that only people's programs own, the
/// owners of `spec.replicas` and `spec.suspend`, and the times of the status. They are the larger half of many objects.
pub fn retain_asked(object: &mut Value) {
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    // What belongs to another object is as its controller makes it.
    let is_owned = metadata.get("ownerReferences").and_then(Value::as_array).is_some_and(|owners| !owners.is_empty());
    let Some(Value::Array(entries)) = metadata.shift_remove("managedFields").filter(|_| !is_owned) else { return };
    let is_by_hand = |entry: &Value| ManagerEntry::new(entry).is_by_hand();
    let (by_hand, others): (Vec<Value>, Vec<Value>) = entries.into_iter().partition(is_by_hand);
    let mut kept = Vec::new();
    for mut entry in by_hand {
        let Some(mut spec) = spec_of(&mut entry) else { continue };
        for other in others.iter().filter_map(|other| other.pointer("/fieldsV1/f:spec")) {
            leave_out(&mut spec, other);
        }
        if !is_empty(&spec) {
            kept.push(with_spec(entry, spec));
        }
    }
    for mut other in others {
        let is_of_status = ManagerEntry::new(&other).subresource == "status";
        match spec_of(&mut other) {
            _ if is_of_status => kept.push(other),
            Some(Value::Object(mut spec)) => {
                spec.retain(|name, _| ASKED.contains(&name.as_str()));
                if !spec.is_empty() {
                    kept.push(with_spec(other, Value::Object(spec)));
                }
            }
            _ => {}
        }
    }
    if !kept.is_empty() {
        metadata.insert("managedFields".to_owned(), Value::Array(kept));
    }
}

/// Takes the fields of `spec` out of an entry, which has none then.
fn spec_of(entry: &mut Value) -> Option<Value> {
    let mut fields = entry.as_object_mut()?.shift_remove("fieldsV1")?;
    fields.as_object_mut()?.shift_remove("f:spec")
}

fn with_spec(mut entry: Value, spec: Value) -> Value {
    if let Some(entry) = entry.as_object_mut() {
        entry.insert("fieldsV1".to_owned(), serde_json::json!({ "f:spec": spec }));
    }
    entry
}

fn is_empty(fields: &Value) -> bool {
    fields.as_object().is_none_or(serde_json::Map::is_empty)
}

/// Leaves out of fields those that others own too, and what has become empty by that.
fn leave_out(fields: &mut Value, others: &Value) {
    let (Some(own), Some(others)) = (fields.as_object_mut(), others.as_object()) else { return };
    own.retain(|name, inner| {
        let Some(other) = others.get(name) else { return true };
        if is_empty(inner) || is_empty(other) {
            return false;
        }
        leave_out(inner, other);
        !is_empty(inner)
    });
}

/// Extends a JSON Pointer by a key.
pub fn below(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// Collects the fields of a `fieldsV1` that the object has.
fn collect(fields: &Value, live: &Value, pointer: &str, leaves: &mut BTreeSet<String>, items: &mut BTreeSet<String>) {
    for (key, inner) in fields.as_object().into_iter().flatten() {
        let Some((form, name)) = key.split_once(':') else {
            // A dot is the map or the item itself.
            items.insert(pointer.to_owned());
            continue;
        };
        let found = match form {
            "f" => live.get(name).map(|value| (name.to_owned(), value)),
            "k" => keyed(live, name),
            "v" => equal(live, name),
            "i" => name.parse::<usize>().ok().and_then(|index| Some((index.to_string(), live.get(index)?))),
            _ => None,
        };
        let Some((token, value)) = found else { continue };
        let place = below(pointer, &token);
        if inner.as_object().is_none_or(serde_json::Map::is_empty) {
            leaves.insert(place);
        } else {
            collect(inner, value, &place, leaves, items);
        }
    }
}

/// Finds the item of a list by its key fields, as `k:` writes them.
pub fn keyed<'a>(list: &'a Value, keys: &str) -> Option<(String, &'a Value)> {
    let keys: serde_json::Map<String, Value> = serde_json::from_str(keys).ok()?;
    let mut items = list.as_array()?.iter().enumerate();
    let (index, item) = items.find(|(_, item)| keys.iter().all(|(key, value)| item.get(key) == Some(value)))?;
    Some((index.to_string(), item))
}

/// Finds the item of a set by its value, as `v:` writes it.
pub fn equal<'a>(list: &'a Value, value: &str) -> Option<(String, &'a Value)> {
    let value: Value = serde_json::from_str(value).ok()?;
    let (index, item) = list.as_array()?.iter().enumerate().find(|(_, item)| **item == value)?;
    Some((index.to_string(), item))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{ManagerEntry, retain_asked};

    fn retained(managed: &Value, owners: &Value) -> Value {
        let mut object = json!({"metadata": {"name": "web", "managedFields": managed, "ownerReferences": owners}});
        retain_asked(&mut object);
        object["metadata"]["managedFields"].take()
    }

    #[test]
    fn of_managed_fields_only_what_is_asked_stays() {
        let managed = json!([
            {"manager": "kustomize-controller", "operation": "Apply", "time": "2026-11-29T10:00:00Z", "fieldsV1": {
                "f:metadata": {"f:labels": {"f:app": {}}},
                "f:spec": {"f:replicas": {}, "f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"app\"}": {".": {}, "f:name": {}, "f:image": {}}}}}}}},
            {"manager": "kubectl-edit", "operation": "Update", "time": "2026-11-29T11:00:00Z", "fieldsV1": {
                "f:metadata": {"f:annotations": {"f:note": {}}},
                "f:spec": {"f:paused": {}, "f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"app\"}": {".": {}, "f:image": {}, "f:args": {}}}}}}}},
            {"manager": "kubectl-label", "operation": "Update", "fieldsV1": {"f:metadata": {"f:labels": {"f:a": {}}}}},
            {"manager": "kube-controller-manager", "operation": "Update", "subresource": "status", "time": "2026-11-29T11:30:00Z",
                "fieldsV1": {"f:status": {"f:replicas": {}}}},
            7
        ]);
        let kept = retained(&managed, &Value::Null);
        assert_eq!(
            kept,
            json!([
                {"manager": "kubectl-edit", "operation": "Update", "time": "2026-11-29T11:00:00Z",
                    "fieldsV1": {"f:spec": {"f:paused": {}, "f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"app\"}": {"f:args": {}}}}}}}},
                {"manager": "kustomize-controller", "operation": "Apply", "time": "2026-11-29T10:00:00Z", "fieldsV1": {"f:spec": {"f:replicas": {}}}},
                {"manager": "kube-controller-manager", "operation": "Update", "subresource": "status", "time": "2026-11-29T11:30:00Z"}
            ])
        );
        let object = json!({"metadata": {"managedFields": kept}});
        let owners: Vec<_> = ManagerEntry::all(&object).filter(|one| one.owns(&["spec", "replicas"])).collect();
        assert_eq!(owners.iter().map(|one| one.manager).collect::<Vec<_>>(), ["kustomize-controller"]);
    }

    #[test]
    fn what_a_controller_made_keeps_none() {
        let managed =
            json!([{"manager": "kubectl-edit", "operation": "Update", "fieldsV1": {"f:spec": {"f:paused": {}}}}]);
        assert_eq!(retained(&managed, &json!([{"kind": "ReplicaSet", "name": "web"}])), Value::Null);
        assert_ne!(retained(&managed, &json!([])), Value::Null);
    }
}
