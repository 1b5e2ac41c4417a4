//! Rendered objects with their secret values masked, for screens and standard output.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::stand_in::has_stand_in;
use crate::yaml::confidential::is_surely_confidential_text;
use crate::yaml::manifest::{LAST_APPLIED, at, is_core, is_secret_kind};
use crate::yaml::secrets::{self, Held, Scalar, ScalarKind, ValuePlacement, YamlNode};

/// The text in place of a secret value whose length says nothing.
pub const MASK: &str = "(masked)";

/// The beginning of a ciphertext of SOPS.
const SEALED: &str = "ENC[AES256_GCM,";

/// Returns an object for display: every value of a Secret is masked, every other value that must stay secret too, and
/// the `sops` block is gone, which Flux never applies.
pub fn masked(body: &Value) -> Value {
    let mut body = body.clone();
    if let Some(fields) = body.as_object_mut() {
        fields.shift_remove("sops");
    }
    let word = |pointer: &str| at(&body, pointer).as_str().unwrap_or_default();
    if is_secret_kind(word("/kind")) && is_core(word("/apiVersion")) {
        secret(&mut body);
        return body;
    }
    let mut count = 0;
    let held = secrets::of_node(&node(&body, &mut count));
    let hidden: HashSet<usize> = held.iter().filter(|held| must_hide(held)).map(|held| held.leaf).collect();
    let mut at = 0;
    walk(&mut body, &hidden, &mut at, Place { key: "", is_metadata: false });
    body
}

fn must_hide(held: &Held) -> bool {
    let is_in_secret = matches!(held.form, ValuePlacement::Secret | ValuePlacement::Copy | ValuePlacement::Within);
    held.filled && !held.placeholder && (is_in_secret || held.sealed || held.confidential && !held.doubtful)
}

/// Masks a Secret, each value by its length as `kubectl describe` does.
fn secret(body: &mut Value) {
    for (field, is_encoded) in [("data", true), ("stringData", false)] {
        match body.get_mut(field) {
            Some(Value::Object(entries)) => entries.values_mut().for_each(|value| mask(value, is_encoded)),
            Some(other) if !other.is_null() => *other = Value::String(MASK.to_owned()),
            _ => {}
        }
    }
    let annotations = body.get_mut("metadata").and_then(|metadata| metadata.get_mut("annotations"));
    if let Some(value) = annotations.and_then(|annotations| annotations.get_mut(LAST_APPLIED)) {
        *value = Value::String(MASK.to_owned());
    }
}

fn mask(value: &mut Value, is_encoded: bool) {
    let length = match value.as_str() {
        // A ciphertext has a length of its own.
        Some(text) if text.starts_with(SEALED) => None,
        // Neither has what a generator made of an encrypted file.
        Some(text) if is_encoded => {
            STANDARD.decode(text.replace('\n', "")).ok().filter(|bytes| !is_sealed(bytes)).map(|bytes| bytes.len())
        }
        Some(text) => Some(text.len()),
        None => None,
    };
    *value = Value::String(length.map_or_else(|| MASK.to_owned(), |length| format!("(masked, {length} bytes)")));
}

fn is_sealed(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| text.contains(SEALED) || has_stand_in(text))
}

/// Writes an object in the form that is searched for Secrets; each scalar has a number of its own, from 1.
fn node<'a>(value: &'a Value, count: &mut usize) -> YamlNode<'a> {
    let mut scalar = |text: std::borrow::Cow<'a, str>, kind| {
        *count = count.saturating_add(1);
        YamlNode::Scalar(Scalar { text, kind, leaf: *count })
    };
    match value {
        Value::Null => scalar("".into(), ScalarKind::Null),
        Value::Bool(truth) => scalar(truth.to_string().into(), ScalarKind::Boolean),
        Value::Number(number) => scalar(number.to_string().into(), ScalarKind::Other),
        Value::String(text) => scalar(text.into(), ScalarKind::Text),
        Value::Array(items) => YamlNode::List(items.iter().map(|item| node(item, count)).collect()),
        Value::Object(fields) => {
            YamlNode::Map(fields.iter().map(|(key, value)| (key.into(), node(value, count))).collect())
        }
    }
}

/// The surroundings of a value.
#[derive(Clone, Copy)]
struct Place<'k> {
    /// The key that names it; for the value of an environment variable, the name of that.
    key: &'k str,
    /// Whether it is below `metadata`, whose checksums and times look like secrets and are none.
    is_metadata: bool,
}

fn walk(value: &mut Value, hidden: &HashSet<usize>, count: &mut usize, place: Place<'_>) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, hidden, count, place)),
        Value::Object(fields) => {
            let name = fields.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
            for (key, field) in fields.iter_mut() {
                let is_metadata = place.is_metadata || key == "metadata";
                let named = if key == "value" && !name.is_empty() { &name } else { key };
                walk(field, hidden, count, Place { key: named, is_metadata });
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            *count = count.saturating_add(1);
            let text = value.as_str().unwrap_or_default();
            let says_so = !place.is_metadata && is_surely_confidential_text(place.key, text);
            if hidden.contains(count) || text.starts_with(SEALED) || says_so {
                *value = Value::String(MASK.to_owned());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::json;

    use super::masked;
    use crate::render::stand_in::stand_in;

    #[test]
    fn every_value_of_a_secret_is_masked_and_what_else_must_stay_secret() {
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"},
            "data": {
                "a": "aHVudGVyMg==", "sealed": "ENC[AES256_GCM,data:aHVudGVyMg==,type:str]",
                "file": STANDARD.encode("{\"data\": \"ENC[AES256_GCM,data:x]\"}"),
                "variable": STANDARD.encode(stand_in("a.env", "b")),
            },
            "stringData": {"b": "hunter2"}, "sops": {"mac": "x"},
        });
        let shown = masked(&secret);
        assert_eq!(
            shown["data"],
            json!({"a": "(masked, 7 bytes)", "sealed": "(masked)", "file": "(masked)", "variable": "(masked)"})
        );
        assert_eq!(shown["stringData"]["b"], "(masked, 7 bytes)");
        assert!(shown.get("sops").is_none());
        let release = json!({
            "apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
            "metadata": {"name": "a", "annotations": {"checksum/config": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}},
            "spec": {"values": {"adminPassword": "hunter2hunter2", "replicas": 2, "host": "db.example.org"}},
        });
        let shown = masked(&release);
        assert_eq!(
            shown["spec"]["values"],
            json!({"adminPassword": "(masked)", "replicas": 2, "host": "db.example.org"})
        );
        assert_eq!(shown["metadata"], release["metadata"]);
    }

    #[test]
    fn a_variable_of_a_container_and_a_secret_in_another_object_are_masked() {
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"},
            "spec": {"containers": [{"name": "main", "image": "app:1", "env": [
                {"name": "DB_PASSWORD", "value": "hunter2hunter2"}, {"name": "LEVEL", "value": "debug"},
            ]}]},
        });
        let env = &masked(&pod)["spec"]["containers"][0]["env"];
        assert_eq!(env[0]["value"], "(masked)");
        assert_eq!(env[1]["value"], "debug");
        let set = json!({
            "apiVersion": "fluxcd.controlplane.io/v1", "kind": "ResourceSet", "metadata": {"name": "a"},
            "spec": {"resources": [{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"word": "hunter2"}}]},
        });
        assert!(!masked(&set).to_string().contains("hunter2"));
    }
}
