//! Reading and changing JSON objects by path, without ever panicking on their shape.

use jiff::Timestamp;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::model::{Gvk, ObjectRef};

/// Returns the text at a JSON pointer; empty if there is none.
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Returns a copy of the value at a JSON pointer; null if there is none.
pub(crate) fn part(value: &Value, pointer: &str) -> Value {
    value.pointer(pointer).cloned().unwrap_or_default()
}

/// Returns the whole number at a JSON pointer; zero if there is none.
pub(crate) fn number(value: &Value, pointer: &str) -> i64 {
    value.pointer(pointer).and_then(Value::as_i64).unwrap_or_default()
}

/// Tells whether the value at a JSON pointer is `true`.
pub(crate) fn is_true(value: &Value, pointer: &str) -> bool {
    value.pointer(pointer).and_then(Value::as_bool).unwrap_or_default()
}

/// Returns the list at a JSON pointer; empty if there is none.
pub(crate) fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// Sets the value at a path of keys, and creates the objects on the way.
pub(crate) fn set(value: &mut Value, path: &[&str], new: impl Into<Value>) {
    put(value, path, new.into());
}

fn put(value: &mut Value, path: &[&str], new: Value) {
    let Some((key, rest)) = path.split_first() else {
        *value = new;
        return;
    };
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    if let Value::Object(map) = value {
        put(map.entry((*key).to_owned()).or_insert(Value::Null), rest, new);
    }
}

/// Removes the value at a path of keys.
pub(crate) fn remove(value: &mut Value, path: &[&str]) {
    let Some((last, parents)) = path.split_last() else { return };
    let mut place = value;
    for key in parents {
        match place.get_mut(*key) {
            Some(next) => place = next,
            None => return,
        }
    }
    if let Some(map) = place.as_object_mut() {
        map.shift_remove(*last);
    }
}

/// Applies a JSON merge patch (RFC 7386).
pub(crate) fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        target.clone_from(patch);
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(target) = target else { return };
    for (key, change) in patch {
        if change.is_null() {
            target.shift_remove(key);
        } else {
            merge(target.entry(key.clone()).or_insert(Value::Null), change);
        }
    }
}

/// Names the object that a manifest or a live object describes.
pub(crate) fn reference(object: &Value) -> ObjectRef {
    let gvk = gvk(object);
    ObjectRef::new(&gvk.kind, &gvk.group, text(object, "/metadata/namespace"), text(object, "/metadata/name"))
}

/// Returns the kind of a manifest or a live object.
pub(crate) fn gvk(object: &Value) -> Gvk {
    Gvk::from_api_version(text(object, "/apiVersion"), text(object, "/kind"))
}

/// Returns a time in Kubernetes' form: whole seconds, UTC.
pub(crate) fn stamp(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
}

/// Returns a time in the form of Go's zap logger: milliseconds, UTC.
pub(crate) fn log_stamp(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// Returns the SHA-256 of a text in hexadecimal digits.
pub(crate) fn sha256(text: &str) -> String {
    use std::fmt::Write as _;
    Sha256::digest(text.as_bytes()).iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Returns the leading characters of a text, up to a number.
pub(crate) fn head(text: &str, count: usize) -> &str {
    text.char_indices().nth(count).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

/// Creates an identifier in the form of a UUID, the same for the same text.
pub(crate) fn uuid(text: &str) -> String {
    let hex = sha256(text);
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().to_owned();
    format!("{}-{}-4{}-8{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

/// Creates a suffix in the alphabet that Kubernetes uses for generated names, the same for the same text.
pub(crate) fn suffix(text: &str, length: usize) -> String {
    const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    Sha256::digest(text.as_bytes())
        .iter()
        .cycle()
        .take(length)
        .filter_map(|byte| ALPHABET.get(usize::from(*byte) % ALPHABET.len()))
        .map(|letter| char::from(*letter))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{merge, remove, set, suffix, uuid};
    use serde_json::json;

    #[test]
    fn a_merge_patch_follows_the_rfc() {
        let mut target = json!({"a": "b", "c": {"d": "e", "f": "g"}});
        merge(&mut target, &json!({"a": "z", "c": {"f": null}, "n": {"m": null}}));
        assert_eq!(target, json!({"a": "z", "c": {"d": "e"}, "n": {}}));
    }

    #[test]
    fn paths_are_made_and_removed() {
        let mut value = json!({});
        set(&mut value, &["a", "b"], 1);
        assert_eq!(value, json!({"a": {"b": 1}}));
        remove(&mut value, &["a", "b"]);
        remove(&mut value, &["x", "y"]);
        assert_eq!(value, json!({"a": {}}));
    }

    #[test]
    fn generated_names_are_the_same_for_the_same_seed() {
        assert_eq!(suffix("linkding", 5), suffix("linkding", 5));
        assert_ne!(suffix("linkding", 5), suffix("homepage", 5));
        assert_eq!(uuid("x").len(), 36);
    }
}
