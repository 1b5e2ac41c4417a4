//! The hash of its content that kustomize puts behind the name of a generated Secret (`api/hasher` of kustomize).

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

/// The letters of a hash.
const LENGTH: usize = 10;

/// Returns the name of a Secret without the hash of its content; `None` if it has none.
pub(super) fn base(body: &Value) -> Option<&str> {
    let name = body.pointer("/metadata/name").and_then(Value::as_str)?;
    let (base, hash) = name.rsplit_once('-')?;
    (hash_of(body) == hash).then_some(base)
}

/// Returns the name of a Secret and the one that another content gives it; `None` if its name has no hash.
///
/// # Errors
/// Fails if the name ends like a hash, and is none of this content.
pub(super) fn renamed(body: &Value, changed: &Value) -> Result<Option<(String, String)>, String> {
    let name = body.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    if let Some(base) = base(body) {
        return Ok(Some((name.to_owned(), format!("{base}-{}", hash_of(changed)))));
    }
    let is_hash = |end: &str| end.len() == LENGTH && end.bytes().all(|letter| b"2456789bcdfghkmt".contains(&letter));
    match name.rsplit_once('-') {
        Some((_, end)) if is_hash(end) => {
            Err("its name seems to have a hash of its content, which cannot be computed anew".to_owned())
        }
        _ => Ok(None),
    }
}

/// The letters of a line of base64, which counts for the hash as kustomize writes it.
const LINE: usize = 70;

/// Encodes a value as kustomize does: a long one in lines.
pub(super) fn encoded(bytes: &[u8]) -> String {
    let whole = STANDARD.encode(bytes);
    if whole.len() < LINE {
        return whole;
    }
    // Base64 is ASCII.
    let lines = whole.as_bytes().chunks(LINE).map(|line| String::from_utf8_lossy(line) + "\n");
    lines.collect()
}

/// Returns the hash of a Secret's content; kustomize 5 leaves its name out (`metadata/name` is no field to it).
pub(super) fn hash_of(body: &Value) -> String {
    let own = |key: &str| body.get(key).cloned().unwrap_or_else(|| Value::from(""));
    // Go's encoder sorts keys.
    let mut fields = Map::new();
    fields.insert("data".to_owned(), sorted(own("data")));
    fields.insert("kind".to_owned(), "Secret".into());
    fields.insert("name".to_owned(), "".into());
    if body.get("stringData").is_some_and(Value::is_object) {
        fields.insert("stringData".to_owned(), sorted(own("stringData")));
    }
    fields.insert("type".to_owned(), own("type"));
    // And it escapes these letters.
    let text =
        Value::Object(fields).to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    let mut hex = String::new();
    for byte in Sha256::digest(text.as_bytes()).iter().take(LENGTH / 2) {
        // Writing to a String cannot fail.
        let _written = write!(hex, "{byte:02x}");
    }
    let safe = |letter| match letter {
        '0' => 'g',
        '1' => 'h',
        '3' => 'k',
        'a' => 'm',
        'e' => 't',
        other => other,
    };
    hex.chars().map(safe).collect()
}

fn sorted(value: Value) -> Value {
    let Value::Object(fields) = value else { return value };
    let mut fields: Vec<(String, Value)> = fields.into_iter().collect();
    fields.sort_by(|one, other| one.0.cmp(&other.0));
    Value::Object(fields.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{base, encoded, renamed};

    #[test]
    fn long_values_stand_in_lines_of_seventy_letters() {
        assert_eq!(encoded(b"short"), "c2hvcnQ=");
        let lines = encoded(&[0; 53]);
        assert_eq!(lines.lines().map(str::len).collect::<Vec<_>>(), [70, 2]);
        assert!(lines.ends_with("=\n"));
    }

    #[test]
    fn a_hash_is_that_of_kustomize() {
        // As kustomize 5.7 prints them.
        let body = json!({"kind": "Secret", "type": "Opaque", "metadata": {"name": "login-8fb7cfch84"}, "data": {"b": "Mg==", "a": "MQ=="}});
        assert_eq!(base(&body), Some("login"));
        let changed = json!({"kind": "Secret", "type": "Opaque", "metadata": {"name": "login-8fb7cfch84"}, "data": {"b": "Mw==", "a": "MQ=="}});
        assert_eq!(renamed(&body, &changed), Ok(Some(("login-8fb7cfch84".to_owned(), "login-6ftthf486d".to_owned()))));
        let plain = json!({"kind": "Secret", "metadata": {"name": "login-settings"}, "data": {}});
        assert_eq!(renamed(&plain, &plain), Ok(None));
        let odd = json!({"kind": "Secret", "metadata": {"name": "login-2b4c6d8fgh"}, "data": {}});
        assert!(renamed(&odd, &odd).is_err());
    }
}
