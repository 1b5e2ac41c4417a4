//! What Kubernetes takes a document for: the one place that says which documents are Secrets, however they are spelled.
//!
//! kubectl, kustomize and Flux read more than one spelling: `apiVersion: /v1` is the core group too (`ParseGroupVersion` of client-go), a
//! `!!binary` word is decoded by go-yaml, of a key that stands twice in JSON the last counts, and a text may be a stream of JSON objects.
//! Whoever hides, refuses or encrypts what a Secret holds asks here, so that no spelling passes one of them and not another.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize as _;

use super::{Error, Value};

/// What stands where there is nothing.
static NOTHING: serde_json::Value = serde_json::Value::Null;

/// Returns the value at a JSON Pointer (RFC 6901), null where there is none.
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

/// The kind whose values nobody may read.
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

/// Tells whether a word is the kind of Secrets, also where it is written as `!!binary`.
pub fn is_secret_kind(word: &str) -> bool {
    is_word(word, SECRET)
}

/// Tells whether a word is the kind of a list of Secrets, whose items need not say what they are.
pub fn is_secret_list(word: &str) -> bool {
    is_word(word, "SecretList")
}

/// Tells whether a word is another, also where it is written as `!!binary`: our YAML library keeps no tag of that kind, and nothing else is
/// called so.
pub fn is_word(word: &str, wanted: &str) -> bool {
    word == wanted || decoded(word).is_some_and(|text| text == wanted)
}

/// Tells whether a key is another but for its case, as Go's encoding/json compares them (`ſ` and the sign of Kelvin are letters of ASCII to it).
pub fn is_same_name(key: &str, wanted: &str) -> bool {
    let folded =
        |text: &str| text.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect::<String>();
    key.chars().count() == wanted.len() && folded(key) == folded(wanted)
}

/// Decodes base64 as go-yaml does: line ends are no part of it.
fn decoded(word: &str) -> Option<String> {
    let bytes = STANDARD.decode(word.split_whitespace().collect::<String>()).ok()?;
    String::from_utf8(bytes).ok()
}

/// Finds a field by its name, also where the name is written as `!!binary`.
pub fn field<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.get(name).or_else(|| {
        let fields = value.as_mapping()?;
        fields.iter().find(|(key, _)| key.as_str().is_some_and(|key| is_word(key, name))).map(|(_, value)| value)
    })
}

/// Reads the documents of a text as the programs of Kubernetes do: YAML, else one JSON value behind the other, where the last of two equal
/// keys counts.
///
/// # Errors
/// As [`super::documents`], where it is neither.
pub fn documents(text: &str) -> Result<Vec<Value>, Error> {
    super::documents(text).or_else(|error| json(text).ok_or(error))
}

fn json(text: &str) -> Option<Vec<Value>> {
    if !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    let mut found = Vec::new();
    for next in serde_json::Deserializer::from_str(text).into_iter::<serde_json::Value>() {
        // What stands before the place where it is no JSON any more is taken.
        let Ok(value) = next else { break };
        found.push(Value::deserialize(value).ok()?);
    }
    (!found.is_empty()).then_some(found)
}

/// Tells whether a text can hold or make a Secret at all: cheaply, so that most texts are never parsed. Letters and words may be written as
/// escapes, in JSON and YAML, and as base64 behind a tag.
pub fn may_hold_secrets(text: &str) -> bool {
    let hides = || text.contains('\\') || ["!!", "!<", "%TAG"].iter().any(|sign| text.contains(sign));
    // kustomize takes its fields in any case.
    let holds = |word: &str| text.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()));
    // The kind of a patch's target is an expression: `Sec.*`.
    let patches = || text.contains("arget") && text.contains("atch");
    (text.contains(SECRET) || patches()) && (text.contains("ata") || holds("data"))
        || text.contains("stringData")
        || text.contains(GENERATORS)
        || hides()
        || holds(GENERATOR)
}

/// The groups whose objects make values of Secrets, which need not say so themselves.
const GENERATORS: &str = "external-secrets.io";

/// The field of a kustomization file, and the kind of a plug-in, that makes Secrets.
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
