//! managedFields: the writer of each field, in the server's bookkeeping. Operators see from it who suspended an object
//! and when.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::json::{list, remove, set, stamp, text};

/// Names a writer, and its subresource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Writer<'a> {
    /// The field manager.
    pub(crate) manager: &'a str,
    /// `Apply` for server-side apply, else `Update`.
    pub(crate) operation: &'a str,
    /// The subresource; empty for the object itself.
    pub(crate) subresource: &'a str,
}

impl<'a> Writer<'a> {
    /// Builds a writer that updates objects.
    pub(crate) fn update(manager: &'a str) -> Self {
        Self { manager, operation: "Update", subresource: "" }
    }

    /// Builds a writer that applies manifests.
    pub(crate) fn apply(manager: &'a str) -> Self {
        Self { manager, operation: "Apply", subresource: "" }
    }

    /// Builds a writer of statuses.
    pub(crate) fn status(manager: &'a str) -> Self {
        Self { manager, operation: "Update", subresource: "status" }
    }
}

impl Writer<'_> {
    /// Tells whether an entry of managedFields is this writer's.
    pub(crate) fn wrote(&self, entry: &Value) -> bool {
        text(entry, "/manager") == self.manager
            && text(entry, "/operation") == self.operation
            && text(entry, "/subresource") == self.subresource
    }
}

/// Makes a writer the owner of exactly these fields, and removes them from all managers that do not state them, too.
pub(crate) fn claim(object: &mut Value, fields: &Value, writer: Writer<'_>, at: Timestamp) {
    let mut entries: Vec<Value> = list(object, "/metadata/managedFields").to_vec();
    if entries.iter().any(|entry| writer.wrote(entry) && entry["fieldsV1"] == *fields) {
        return;
    }
    entries.retain(|entry| !writer.wrote(entry));
    entries.push(entry(object, fields, writer, at));
    set(object, &["metadata", "managedFields"], entries);
}

fn entry(object: &Value, fields: &Value, writer: Writer<'_>, at: Timestamp) -> Value {
    let mut entry = json!({
        "manager": writer.manager,
        "operation": writer.operation,
        "apiVersion": object["apiVersion"],
        "time": stamp(at),
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    });
    if !writer.subresource.is_empty() {
        set(&mut entry, &["subresource"], writer.subresource);
    }
    entry
}

/// Records a writer's changes in an object's managedFields.
pub(crate) fn record(object: &mut Value, before: Option<&Value>, writer: Writer<'_>, at: Timestamp) {
    let mut entries: Vec<Value> = list(object, "/metadata/managedFields").to_vec();
    for entry in &mut entries {
        if let Some(fields) = entry.get_mut("fieldsV1") {
            forget(fields, object);
        }
    }
    entries.retain(|entry| entry["fieldsV1"].as_object().is_some_and(|fields| !fields.is_empty()));
    let Some(changed) = difference(before, object) else {
        if !entries.is_empty() {
            set(object, &["metadata", "managedFields"], entries);
        }
        return;
    };
    let own = |entry: &Value| writer.wrote(entry);
    for entry in entries.iter_mut().filter(|entry| !own(entry)) {
        if let Some(fields) = entry.get_mut("fieldsV1") {
            subtract(fields, &changed);
        }
    }
    entries.retain(|entry| own(entry) || entry["fieldsV1"].as_object().is_some_and(|fields| !fields.is_empty()));
    let mut fields =
        entries.iter().find(|entry| own(entry)).map_or_else(|| json!({}), |entry| entry["fieldsV1"].clone());
    unite(&mut fields, &changed);
    entries.retain(|entry| !own(entry));
    entries.push(entry(object, &fields, writer, at));
    set(object, &["metadata", "managedFields"], entries);
}

/// Returns the fields that differ, in the form of `fieldsV1`; `None` if nothing does. Lists count as one field.
fn difference(before: Option<&Value>, after: &Value) -> Option<Value> {
    let mut after = after.clone();
    let mut before = before.cloned().unwrap_or_default();
    for object in [&mut after, &mut before] {
        for key in [
            "managedFields",
            "resourceVersion",
            "generation",
            "uid",
            "creationTimestamp",
            "name",
            "namespace",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
        ] {
            remove(object, &["metadata", key]);
        }
        for key in ["apiVersion", "kind"] {
            remove(object, &[key]);
        }
    }
    changed(&before, &after)
}

fn changed(before: &Value, after: &Value) -> Option<Value> {
    if before == after {
        return None;
    }
    let Value::Object(after) = after else { return Some(json!({})) };
    let mut fields = Map::new();
    for (key, value) in after {
        if let Some(inner) = changed(before.get(key).unwrap_or(&Value::Null), value) {
            fields.insert(format!("f:{key}"), inner);
        }
    }
    (!fields.is_empty()).then_some(Value::Object(fields))
}

fn unite(fields: &mut Value, more: &Value) {
    let (Value::Object(fields), Value::Object(more)) = (fields, more) else { return };
    for (key, value) in more {
        unite(fields.entry(key.clone()).or_insert_with(|| json!({})), value);
    }
}

/// Forgets the fields that an object no longer has.
fn forget(fields: &mut Value, object: &Value) {
    let Value::Object(fields) = fields else { return };
    fields.retain(|key, inner| match key.strip_prefix("f:").map(|key| object.get(key)) {
        Some(Some(value)) => {
            let was_empty = inner.as_object().is_none_or(Map::is_empty);
            forget(inner, value);
            was_empty || inner.as_object().is_some_and(|inner| !inner.is_empty())
        }
        Some(None) => false,
        None => true,
    });
}

fn subtract(fields: &mut Value, taken: &Value) {
    let (Value::Object(fields), Value::Object(taken)) = (fields, taken) else { return };
    for (key, value) in taken {
        let gone = match fields.get_mut(key) {
            Some(inner) => {
                subtract(inner, value);
                inner.as_object().is_none_or(Map::is_empty)
            }
            None => false,
        };
        if gone {
            fields.shift_remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Writer, record};
    use serde_json::json;

    #[test]
    fn the_last_writer_of_a_field_owns_it() {
        let at = "2026-01-01T00:00:00Z".parse().unwrap();
        let mut object = json!({"apiVersion": "v1", "kind": "X", "metadata": {"name": "a"}, "spec": {"interval": "1m", "suspend": false}});
        record(&mut object, None, Writer::apply("kustomize-controller"), at);
        let before = object.clone();
        object["spec"]["suspend"] = json!(true);
        record(&mut object, Some(&before), Writer::update("flux"), at);
        let fields = object["metadata"]["managedFields"].as_array().unwrap();
        assert_eq!(fields[0]["fieldsV1"], json!({"f:spec": {"f:interval": {}}}));
        assert_eq!(fields[1]["manager"], "flux");
        assert_eq!(fields[1]["fieldsV1"], json!({"f:spec": {"f:suspend": {}}}));
    }
}
