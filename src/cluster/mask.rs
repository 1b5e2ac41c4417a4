//! Masks the values of a Secret, before any of it reaches a view or standard output.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::model::ObjectRef;
use crate::yaml::manifest;

/// Annotations in which programs keep a copy of the whole object, values included: kubectl, and the apply of k3s and
/// Rancher.
const COPIES: [&str; 2] = ["last-applied-configuration", "objectset.rio.cattle.io/applied"];

/// The shortest value that is searched for: a shorter one occurs in many texts by chance.
const SHORTEST: usize = 6;

/// The beginning of a value that sops sealed.
const SEALED: &[u8] = b"ENC[AES256_GCM,";

/// The beginning of what stands for a value that nobody opened: what uses it has the sealed text.
pub const MASKED_SEALED: &str = "(masked, still sealed by SOPS";

/// Tells whether an object is a Secret of the core group, whose values must stay hidden.
pub fn is_secret(object: &ObjectRef) -> bool {
    object.kind == "Secret" && object.group.is_empty()
}

/// Masks the answer to a request: a Secret by the request, and by what the answer and its items declare themselves to
/// be.
pub fn answer(asked: &ObjectRef, value: &mut Value) {
    if is_secret(asked) || says_secret(value) {
        secret(value);
    }
    for item in value.get_mut("items").and_then(Value::as_array_mut).into_iter().flatten() {
        answer(asked, item);
    }
}

fn says_secret(value: &Value) -> bool {
    let word = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
    manifest::is_secret_kind(word("kind")) && manifest::is_core(word("apiVersion"))
}

/// Replaces every value of a Secret by its length, as `kubectl describe` does, and every annotation that contains one;
/// managedFields stay, because they name only the keys.
pub fn secret(value: &mut Value) {
    let mut values: Vec<Zeroizing<String>> = Vec::new();
    for (field, encoded) in [("data", true), ("stringData", false)] {
        match value.get_mut(field) {
            Some(Value::Object(entries)) => {
                for entry in entries.values_mut() {
                    let text = Zeroizing::new(entry.as_str().unwrap_or_default().to_owned());
                    *entry = Value::String(masked(&text, encoded));
                    let decoded = STANDARD.decode(&*text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
                    values.extend(decoded.map(Zeroizing::new));
                    values.push(text);
                }
            }
            Some(other) if !other.is_null() => *other = Value::String("(masked)".to_owned()),
            _ => {}
        }
    }
    values.retain(|value| value.len() >= SHORTEST);
    for field in ["annotations", "labels"] {
        let pairs = value.get_mut("metadata").and_then(|metadata| metadata.get_mut(field));
        for (key, entry) in pairs.and_then(Value::as_object_mut).into_iter().flatten() {
            let text = entry.as_str().unwrap_or_default();
            if COPIES.iter().any(|copy| key.ends_with(copy)) || values.iter().any(|value| text.contains(value.as_str()))
            {
                *entry = Value::String("(masked)".to_owned());
            }
        }
    }
}

/// Returns a message of a controller or the API server without the value of a Secret that it quotes.
pub fn message(text: &str) -> Cow<'_, str> {
    let quotes = ["Secret/", "Secret \"", "secrets \""].iter().any(|word| text.contains(word));
    match text.split_once("Invalid value") {
        Some((before, _)) if quotes => format!("{before}Invalid value (of a Secret, not shown)").into(),
        _ => text.into(),
    }
}

fn masked(text: &str, encoded: bool) -> String {
    let decoded = if encoded { STANDARD.decode(text).ok() } else { Some(text.as_bytes().to_vec()) };
    let Some(bytes) = decoded.map(Zeroizing::new) else { return "(masked)".to_owned() };
    let begin = if bytes.starts_with(SEALED) { MASKED_SEALED } else { "(masked" };
    format!("{begin}, {} bytes)", bytes.len())
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::json;

    #[test]
    fn a_message_keeps_what_it_says_but_for_the_value() {
        let text = "Secret/web/login dry-run failed (Invalid): Secret \"login\" is invalid: data[a]: Invalid value: \"hunter2\": no";
        let told = super::message(text);
        assert!(told.starts_with("Secret/web/login dry-run failed (Invalid)") && !told.contains("hunter2"), "{told}");
        let other = "Service/web/a: spec.ports: Invalid value: 0: must be between 1 and 65535";
        assert_eq!(super::message(other), other);
    }

    #[test]
    fn no_value_of_a_secret_is_left() {
        let mut value = json!({
            "metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{\"data\":{\"a\":\"aHVudGVyMg==\"}}", "kept": "yes"}},
            "data": {"a": "aHVudGVyMg==", "broken": "%hunter2%", "odd": 7}, "stringData": {"b": "hunter2"},
        });
        super::secret(&mut value);
        let text = value.to_string();
        assert!(!text.contains("hunter2") && !text.contains("aHVudGVyMg"), "{text}");
        assert_eq!(value["data"]["a"], "(masked, 7 bytes)");
        assert_eq!(value["metadata"]["annotations"]["kept"], "yes");
    }

    #[test]
    fn a_value_that_is_still_sealed_says_so_and_no_more() {
        let sealed = STANDARD.encode("ENC[AES256_GCM,data:abc,iv:def,tag:ghi,type:str]");
        let mut value = json!({"data": {"a": sealed}, "stringData": {"b": "ENC[AES256_GCM,data:abc,type:str]"}});
        super::secret(&mut value);
        assert_eq!(value["data"]["a"], "(masked, still sealed by SOPS, 48 bytes)");
        assert_eq!(value["stringData"]["b"], "(masked, still sealed by SOPS, 33 bytes)");
    }

    #[test]
    fn a_secret_is_masked_by_whatever_name_it_was_asked_for_and_in_a_list() {
        let one = json!({
            "apiVersion": "v1", "kind": "Secret", "data": {"a": "aHVudGVyMg=="},
            "metadata": {"annotations": {"note": "it is hunter2", "b": "aHVudGVyMg==", "objectset.rio.cattle.io/applied": "H4sI"}},
        });
        let asked = crate::model::ObjectRef::new("secret", "", "a", "b");
        for mut value in [one.clone(), json!({"kind": "List", "items": [one.clone()]})] {
            super::answer(&asked, &mut value);
            let text = value.to_string();
            assert!(!["hunter2", "aHVudGVyMg", "H4sI"].iter().any(|word| text.contains(word)), "{text}");
        }
        let mut other = json!({"apiVersion": "example.com/v1", "kind": "Secret", "data": {"a": "open"}});
        super::answer(&crate::model::ObjectRef::new("Secret", "example.com", "a", "b"), &mut other);
        assert_eq!(other["data"]["a"], "open");
    }
}
