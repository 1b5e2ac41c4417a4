//! Validation of custom resources against the definition that their environment applies.

use std::collections::HashMap;

use serde_json::Value;

use crate::check::world::{World, at, list, text};
use crate::render::Object;

/// Holds the versions that an environment's own definitions declare, by group and kind.
pub(super) struct Definitions<'a>(HashMap<String, Vec<&'a Value>>);

impl<'a> Definitions<'a> {
    /// Finds the definitions among the objects of an environment.
    pub(super) fn find(world: &World<'a>) -> Self {
        let mut found: HashMap<_, Vec<&Value>> = HashMap::new();
        for definition in world.objects_of("apiextensions.k8s.io", "CustomResourceDefinition") {
            let (group, kind) = (text(&definition.body, "/spec/group"), text(&definition.body, "/spec/names/kind"));
            found.entry(format!("{group}/{kind}")).or_default().extend(list(&definition.body, "/spec/versions"));
        }
        Self(found)
    }

    /// Returns the versions of an object's kind; none where its definition comes from elsewhere.
    pub(super) fn versions(&self, object: &Object) -> &[&'a Value] {
        let kind = format!("{}/{}", object.object.group, object.kind());
        self.0.get(&kind).map(Vec::as_slice).unwrap_or_default()
    }
}

/// Finds the fields that a structural schema does not have, by path, such as `spec.interval` or `spec.ports[0].nane`.
///
/// The form is that of apiextensions.k8s.io/v1, where every field is in `properties`; an open object may have any.
pub(super) fn unknown_fields(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for (key, value) in value.as_object().into_iter().flatten() {
        // The API server defines these fields itself, and drops a status.
        if !matches!(key.as_str(), "apiVersion" | "kind" | "metadata" | "status") {
            field(schema, key, value, key, &mut found);
        }
    }
    found
}

fn walk(schema: &Value, value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            let embedded = at(schema, "/x-kubernetes-embedded-resource") == true;
            for (key, value) in fields {
                if !(embedded && matches!(key.as_str(), "apiVersion" | "kind" | "metadata")) {
                    field(schema, key, value, &format!("{path}.{key}"), found);
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(at(schema, "/items"), item, &format!("{path}[{index}]"), found);
            }
        }
        _ => {}
    }
}

fn field(schema: &Value, key: &str, value: &Value, path: &str, found: &mut Vec<String>) {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        // In a map, each value has the same schema.
        return walk(at(schema, "/additionalProperties"), value, path, found);
    };
    match properties.get(key) {
        Some(schema) => walk(schema, value, path, found),
        None if at(schema, "/x-kubernetes-preserve-unknown-fields") == true => {}
        None if schema.get("additionalProperties").is_some_and(|others| others != false) => {}
        None => found.push(path.to_owned()),
    }
}
