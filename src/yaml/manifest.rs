//! The kind of a document in the view of Kubernetes: the one place that recognizes Secrets in every spelling.
//!
//! kubectl, kustomize and Flux accept several spellings: `apiVersion: /v1` is the core group, too (`ParseGroupVersion`
//! of client-go), go-yaml decodes a `!!binary` word, the last of two equal keys in JSON counts, and a text may be a
//! stream of JSON objects. All code that hides, refuses or encrypts the values of a Secret uses this module, so that no
//! spelling passes one of them and not another.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize as _;

use super::{Error, Value};

/// The value in place of a missing one.
static NOTHING: serde_json::Value = serde_json::Value::Null;

/// Returns the value at a JSON Pointer (RFC 6901), null if there is none.
pub fn at<'a>(value: &'a serde_json::Value, pointer: &str) -> &'a serde_json::Value {
    value.pointer(pointer).unwrap_or(&NOTHING)
}

/// Puts a label or an annotation on an object.
pub fn put_metadata(body: &mut serde_json::Value, field: &str, key: &str, value: String) {
    let Some(metadata) = body.get_mut("metadata").and_then(serde_json::Value::as_object_mut) else { return };
    let own = metadata.entry(field).or_insert_with(|| serde_json::Value::Object(serde_json::Map::new()));
    if let Some(own) = own.as_object_mut() {
        own.insert(key.to_owned(), value.into());
    }
}

/// The kind whose values are secret.
const SECRET: &str = "Secret";

/// The blocks of a Secret that hold values.
pub const BLOCKS: [&str; 2] = ["data", "stringData"];

/// The annotation in which `kubectl apply` keeps a copy of the whole object, values included.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The annotations in which programs keep such a copy: kubectl, and k3s's and Rancher's own apply.
pub const COPIES: [&str; 2] = [LAST_APPLIED, "objectset.rio.cattle.io/applied"];

/// Tells whether an `apiVersion` is one of the core group: it names no group, or an empty one.
pub fn is_core(api_version: &str) -> bool {
    let is_empty = |text: &str| text.split_once('/').is_none_or(|(group, _)| group.trim().is_empty());
    is_empty(api_version) || decoded(api_version).is_some_and(|text| is_empty(&text))
}

/// Tells whether a word is the kind of Secrets, also as `!!binary`.
pub fn is_secret_kind(word: &str) -> bool {
    is_word(word, SECRET)
}

/// Tells whether a word is the kind of a list of Secrets, whose items need not state their kind.
pub fn is_secret_list(word: &str) -> bool {
    is_word(word, "SecretList")
}

/// Tells whether a word equals another, also as `!!binary`: our YAML library keeps no tag of that kind, and no other
/// word decodes to it.
pub fn is_word(word: &str, wanted: &str) -> bool {
    word == wanted || decoded(word).is_some_and(|text| text == wanted)
}

/// Tells whether a key equals another except for case, as Go's encoding/json compares them (`ſ` and the Kelvin sign are
/// ASCII letters to it).
pub fn is_same_name(key: &str, wanted: &str) -> bool {
    let folded =
        |text: &str| text.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect::<String>();
    key.chars().count() == wanted.len() && folded(key) == folded(wanted)
}

/// Decodes base64 as go-yaml does: line ends do not count.
fn decoded(word: &str) -> Option<String> {
    let bytes = STANDARD.decode(word.split_whitespace().collect::<String>()).ok()?;
    String::from_utf8(bytes).ok()
}

/// Finds a field by its name, also as `!!binary`.
pub fn field<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.get(name).or_else(|| {
        let fields = value.as_mapping()?;
        fields.iter().find(|(key, _)| key.as_str().is_some_and(|key| is_word(key, name))).map(|(_, value)| value)
    })
}

/// Reads the documents of a text as the programs of Kubernetes do: YAML, else JSON values in a row, in which the last
/// of two equal keys counts.
///
/// # Errors
/// As [`super::documents`], if it is neither.
pub fn documents(text: &str) -> Result<Vec<Value>, Error> {
    super::documents(text).or_else(|error| json(text).ok_or(error))
}

/// Splits a text at its lines of dashes; returns the first line, the text and the documents of each part.
pub fn parts(text: &str) -> Vec<(usize, String, Result<Vec<Value>, Error>)> {
    // Some programs write a byte order mark, which is not part of the text.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut found = Vec::new();
    let mut line: usize = 1;
    for part in text.split_inclusive('\n').collect::<Vec<_>>().split(|line| line.trim_end() == "---") {
        let whole: String = part.concat();
        let documents = super::documents(&whole);
        found.push((line, whole, documents));
        line = line.saturating_add(part.len()).saturating_add(1);
    }
    found
}

fn json(text: &str) -> Option<Vec<Value>> {
    if !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    let mut found = Vec::new();
    for next in serde_json::Deserializer::from_str(text).into_iter::<serde_json::Value>() {
        // The values before the first fault in the JSON count.
        let Ok(value) = next else { break };
        found.push(Value::deserialize(value).ok()?);
    }
    (!found.is_empty()).then_some(found)
}

/// Tells whether a text may hold or create a Secret, cheaply, so that most texts are never parsed. Letters and words
/// may be escaped in JSON and YAML, and be base64 after a tag.
pub fn may_hold_secrets(text: &str) -> bool {
    let hides = || text.contains('\\') || ["!!", "!<", "%TAG"].iter().any(|sign| text.contains(sign));
    // kustomize accepts its fields in any case.
    let holds = |word: &str| text.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()));
    // The kind of a patch's target is an expression: `Sec.*`.
    let patches = || text.contains("arget") && text.contains("atch");
    (text.contains(SECRET) || patches()) && (text.contains("ata") || holds("data"))
        || text.contains("stringData")
        || text.contains(GENERATORS)
        || hides()
        || holds(GENERATOR)
}

/// The groups whose objects create values of Secrets, without naming them.
const GENERATORS: &str = "external-secrets.io";

/// The field of a kustomization file, and the kind of a plug-in, that generates Secrets.
pub const GENERATOR: &str = "secretGenerator";

#[cfg(test)]
mod tests {
    use super::{documents, is_core};
    use crate::yaml::secrets::{ValuePlacement, of_document};

    #[test]
    fn a_secret_is_one_in_every_spelling() {
        for text in [
            "apiVersion: v1\nkind: Secret\nstringData: {a: b}\n",
            "apiVersion: /v1\nkind: Secret\nstringData: {a: b}\n",
            "kind: !!binary U2VjcmV0\nstringData: {a: b}\n",
            "kind: !!binary |\n  U2Vj\n  cmV0\nstringData: {a: b}\n",
            "!!binary a2luZA==: Secret\nstringData: {a: b}\n",
            "kind: !other Secret\nstringData: {a: b}\n",
            "kind: \"Sec\\\n  ret\"\nstringData: {a: b}\n",
            "{\"kind\": \"ConfigMap\", \"kind\": \"Secret\", \"data\": {\"a\": \"b\"}}",
            "{\"kind\": \"ConfigMap\"}\n{\"kind\": \"Secret\", \"data\": {\"a\": \"b\"}}\n",
            "{\"kind\": \"Secret\", \"data\": {\"a\": \"b\"}} and no JSON",
            "kind: SecretList\nitems: [{data: {a: b}}]\n",
            "kind: List\nitems: [{apiVersion: /v1, kind: Secret, data: {a: b}}]\n",
        ] {
            let found: Vec<_> = documents(text).unwrap().iter().flat_map(of_document).collect();
            assert!(matches!(found.as_slice(), [held] if held.form == ValuePlacement::Secret), "{text}: {found:?}");
            assert!(super::may_hold_secrets(text), "{text}");
        }
        for text in [
            "apiVersion: secrets.example.com/v1\nkind: Secret\ndata: {a: b}\n",
            "apiVersion: v1\nkind: ConfigMap\ndata: {kind: Secret}\n",
            "{\"kind\": \"Secret\", \"kind\": \"ConfigMap\", \"data\": {\"a\": \"b\"}}",
            "kind: secret\ndata: {a: b}\n",
        ] {
            assert!(documents(text).unwrap().iter().all(|document| of_document(document).is_empty()), "{text}");
        }
        assert!(documents("a: [").is_err());
        assert!(is_core("") && is_core("v1") && is_core("/v1") && is_core("djE=") && !is_core("apps/v1"));
    }
}
