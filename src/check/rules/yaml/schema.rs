//! Validation of custom resources against the definition that their environment applies.

use std::collections::HashMap;

use serde_json::Value;

use super::flux_forms;
use crate::check::world::{World, at, list, text};
use crate::render::Object;
use crate::yaml::expression;

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

    /// Returns the schemas of an object's version: those of its definitions, else what is known of Flux's own kinds,
    /// which most repositories do not define. A version that is not known has none.
    pub(super) fn schemas(&self, object: &Object) -> Vec<&Value> {
        let api_version = text(&object.body, "/apiVersion");
        let version = api_version.rsplit('/').next().unwrap_or_default();
        let versions = self.versions(object);
        if versions.is_empty() {
            return flux_forms::schema(api_version, object.kind()).into_iter().collect();
        }
        // If a kind has two definitions, either may be the one that counts.
        let known = versions.iter().filter(|one| text(one, "/name") == version);
        known.filter_map(|one| one.pointer("/schema/openAPIV3Schema")).collect()
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

/// The pattern with which the definitions of Flux describe a duration.
const DURATION: &str = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+";

/// Describes a value that a schema refuses.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct InvalidValue {
    /// The place, such as `spec.ports[0].name`.
    pub(super) path: String,
    /// The fault, such as `is 5, and a text is required`.
    pub(super) what: String,
}

/// Tells whether a text is not known yet: it holds a variable, or an encrypted value.
pub(super) fn is_open(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.contains("${") || text.starts_with("ENC["))
}

/// Finds the values that a structural schema refuses; unknown fields are not among them.
pub(super) fn refused(schema: &Value, body: &Value) -> Vec<InvalidValue> {
    let mut found = Vec::new();
    let required = |key: &str| list(schema, "/required").iter().any(|one| one == key);
    for (key, own) in at(schema, "/properties").as_object().into_iter().flatten() {
        // The API server judges these fields itself.
        if matches!(key.as_str(), "apiVersion" | "kind" | "metadata" | "status") {
            continue;
        }
        match body.get(key) {
            Some(value) if !value.is_null() => judge(own, value, key, &mut found),
            _ if required(key) => found.push(missing(key)),
            _ => {}
        }
    }
    found
}

fn missing(path: &str) -> InvalidValue {
    InvalidValue { path: path.to_owned(), what: "is missing, and required".to_owned() }
}

fn judge(schema: &Value, value: &Value, path: &str, found: &mut Vec<InvalidValue>) {
    // The API server drops a null where none is allowed.
    if value.is_null() || is_open(value) {
        return;
    }
    let mut refuse = |what: String| found.push(InvalidValue { path: path.to_owned(), what });
    let wanted = text(schema, "/type");
    let is_either = at(schema, "/x-kubernetes-int-or-string") == true && (value.is_i64() || value.is_string());
    let fits = match wanted {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => true,
    };
    if !fits && !is_either {
        return refuse(format!("is {}, and {} is required", shown(value), word_of(wanted)));
    }
    let allowed = list(schema, "/enum");
    if !allowed.is_empty() && !allowed.contains(value) {
        let words: Vec<String> = allowed.iter().map(shown).collect();
        return refuse(format!("is {}, and only {} are allowed", shown(value), words.join(", ")));
    }
    match value {
        Value::String(own) => {
            if let Some(what) = of_text(schema, own) {
                refuse(what);
            }
        }
        Value::Number(own) => {
            let bound = |key: &str| at(schema, key).as_f64();
            let number = own.as_f64().unwrap_or_default();
            if let Some(least) = bound("/minimum").filter(|least| number < *least) {
                refuse(format!("is {own}, and at least {least} is required"));
            } else if let Some(most) = bound("/maximum").filter(|most| number > *most) {
                refuse(format!("is {own}, and at most {most} is allowed"));
            }
        }
        Value::Array(items) => {
            let count = |key: &str| at(schema, key).as_u64().and_then(|count| usize::try_from(count).ok());
            if let Some(least) = count("/minItems").filter(|least| items.len() < *least) {
                refuse(format!("has {} entries, and at least {least} are required", items.len()));
            } else if let Some(most) = count("/maxItems").filter(|most| items.len() > *most) {
                refuse(format!("has {} entries, and at most {most} are allowed", items.len()));
            }
            for (index, item) in items.iter().enumerate() {
                judge(at(schema, "/items"), item, &format!("{path}[{index}]"), found);
            }
        }
        Value::Object(fields) => {
            for key in list(schema, "/required").iter().filter_map(Value::as_str) {
                if fields.get(key).is_none_or(Value::is_null)
                    && at(schema, "/properties").get(key).is_none_or(|own| own.get("default").is_none())
                {
                    found.push(missing(&format!("{path}.{key}")));
                }
            }
            for (key, value) in fields {
                let own = at(schema, "/properties").get(key).unwrap_or_else(|| at(schema, "/additionalProperties"));
                judge(own, value, &format!("{path}.{key}"), found);
            }
        }
        _ => {}
    }
}

/// Returns what a schema refuses in a text.
fn of_text(schema: &Value, own: &str) -> Option<String> {
    let count = |key: &str| at(schema, key).as_u64().and_then(|count| usize::try_from(count).ok());
    let length = own.chars().count();
    if let Some(least) = count("/minLength").filter(|least| length < *least) {
        return Some(format!("has {length} characters, and at least {least} are required"));
    }
    if let Some(most) = count("/maxLength").filter(|most| length > *most) {
        return Some(format!("has {length} characters, and at most {most} are allowed"));
    }
    let pattern = schema.get("pattern")?.as_str()?;
    let known = expression::compile(pattern).ok()?;
    (!known.is_match(own)).then(|| {
        if pattern.starts_with(DURATION) {
            format!("is {own:?}, and a duration such as 10m is required")
        } else {
            format!("is {own:?}, which does not match {pattern}")
        }
    })
}

/// Returns a value as messages show it, in short.
pub(super) fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() > 40 { format!("{}…", text.chars().take(39).collect::<String>()) } else { text }
}

fn word_of(wanted: &str) -> &'static str {
    match wanted {
        "string" => "a text",
        "boolean" => "true or false",
        "integer" => "a whole number",
        "number" => "a number",
        "array" => "a list",
        _ => "a mapping",
    }
}
