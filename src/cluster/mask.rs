//! Masks what a Secret holds, before anything of it reaches a view or standard output.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::model::ObjectRef;

/// Where `kubectl apply` keeps a copy of the whole object, values included.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Tells whether an object is a Secret of the core group, whose values must not be seen.
pub fn is_secret(object: &ObjectRef) -> bool {
    object.kind == "Secret" && object.group.is_empty()
}

/// Replaces every value of a Secret by its length, as `kubectl describe` does; managedFields, which name the keys only, stay.
pub fn secret(value: &mut Value) {
    for (field, encoded) in [("data", true), ("stringData", false)] {
        match value.get_mut(field) {
            Some(Value::Object(entries)) => {
                for entry in entries.values_mut() {
                    *entry = Value::String(masked(entry.as_str().unwrap_or_default(), encoded));
                }
            }
            Some(other) if !other.is_null() => *other = Value::String("(masked)".to_owned()),
            _ => {}
        }
    }
    if let Some(copy) = value.pointer_mut("/metadata/annotations").and_then(|all| all.get_mut(LAST_APPLIED)) {
        *copy = Value::String("(masked)".to_owned());
    }
}

fn masked(text: &str, encoded: bool) -> String {
    let length = if encoded { STANDARD.decode(text).map(|bytes| bytes.len()).ok() } else { Some(text.len()) };
    length.map_or_else(|| "(masked)".to_owned(), |length| format!("(masked, {length} bytes)"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn no_value_of_a_secret_is_left() {
        let mut value = json!({
            "metadata": {"annotations": {super::LAST_APPLIED: "{\"data\":{\"a\":\"aHVudGVyMg==\"}}", "kept": "yes"}},
            "data": {"a": "aHVudGVyMg==", "broken": "%hunter2%", "odd": 7}, "stringData": {"b": "hunter2"},
        });
        super::secret(&mut value);
        let text = value.to_string();
        assert!(!text.contains("hunter2") && !text.contains("aHVudGVyMg"), "{text}");
        assert_eq!(value["data"]["a"], "(masked, 7 bytes)");
        assert_eq!(value["metadata"]["annotations"]["kept"], "yes");
    }
}
