//! The difference between two revisions: their manifests document by document, their values path by path; secrets
//! masked.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::LazyLock;

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use similar::TextDiff;

use super::release::hex;
use super::values::ValueRow;
use crate::yaml::{self, Value, manifest};

/// The number of unchanged lines around a change.
const CONTEXT: usize = 3;

/// Classifies the change of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DocumentChange {
    /// The document is new.
    Create,
    /// The document differs.
    Update,
    /// The document was removed.
    Delete,
}

/// Holds the difference of one document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DocumentDiff {
    /// The object, `Kind/namespace/name`; the namespace is empty where the manifest leaves it to the release.
    pub object: String,
    /// The kind of change.
    pub change: DocumentChange,
    /// The unified difference, secrets masked.
    pub diff: String,
}

/// Compares two manifests document by document; equal ones are left out.
pub fn manifests(old: &str, new: &str) -> Vec<DocumentDiff> {
    let (old, mut new) = (documents(old), documents(new));
    let mut found = Vec::new();
    for (object, before) in old {
        match new.remove(&object) {
            Some(after) if after == before => {}
            Some(after) => {
                found.push(DocumentDiff { diff: unified(&before, &after), object, change: DocumentChange::Update });
            }
            None => found.push(DocumentDiff { diff: unified(&before, ""), object, change: DocumentChange::Delete }),
        }
    }
    for (object, after) in new {
        found.push(DocumentDiff { diff: unified("", &after), object, change: DocumentChange::Create });
    }
    found.sort_by(|a, b| a.object.cmp(&b.object));
    found
}

/// Compares values, one line a path; secrets masked.
pub fn values(old: &[ValueRow], new: &[ValueRow]) -> String {
    let secret: Vec<&str> = old.iter().chain(new).filter(|row| row.secret).map(|row| row.path.as_str()).collect();
    let text = |rows: &[ValueRow]| {
        let mut text = String::new();
        for row in rows {
            text.push_str(&row.path);
            text.push_str(": ");
            // A value that is secret in either is masked in both.
            if secret.contains(&row.path.as_str()) {
                text.push_str(&masked(row.value.to_string().as_bytes()));
            } else {
                text.push_str(&row.value.to_string());
            }
            text.push('\n');
        }
        text
    };
    unified(&text(old), &text(new))
}

/// Writes a manifest with the values of its Secrets masked.
pub fn masked_manifest(manifest: &str) -> String {
    split(manifest)
        .into_iter()
        .map(|document| format!("---\n{}", name_and_mask(document).1))
        .collect::<Vec<_>>()
        .concat()
}

/// The random keys of this run, so that a displayed hash cannot be compared with the hashes of guesses, or with another
/// run.
static SALT: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// Masks a value: within one run equal values can be distinguished from different ones, and nothing else.
fn masked(value: &[u8]) -> String {
    // Two keyed hashes form the key of the displayed sum; the system's random keys are never displayed.
    let key = [SALT.hash_one(0_u8), SALT.hash_one(1_u8)].map(u64::to_le_bytes).concat();
    // Tests compare snapshots of screens between runs.
    let key = if cfg!(test) { Vec::new() } else { key };
    let sum = Sha256::new().chain_update(&key).chain_update(value).finalize();
    let hash: String = hex(&sum).chars().take(8).collect();
    format!("(masked, {hash})")
}

fn unified(old: &str, new: &str) -> String {
    TextDiff::from_lines(old, new).unified_diff().context_radius(CONTEXT).to_string()
}

fn documents(manifest: &str) -> BTreeMap<String, String> {
    let mut documents = BTreeMap::new();
    for document in split(manifest) {
        let (mut object, text) = name_and_mask(document);
        while documents.contains_key(&object) {
            object.push('+');
        }
        documents.insert(object, text);
    }
    documents
}

fn split(manifest: &str) -> Vec<String> {
    let mut documents = vec![String::new()];
    for line in manifest.lines() {
        if line == "---" || line.starts_with("--- ") {
            documents.push(String::new());
        } else if let Some(document) = documents.last_mut() {
            document.push_str(line);
            document.push('\n');
        }
    }
    // Helm writes the template's name above each document: a comment alone is not a document.
    let is_empty = |text: &str| text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'));
    documents.retain(|document| !is_empty(document));
    documents
}

fn name_and_mask(text: String) -> (String, String) {
    let Ok(mut document) = yaml::from_str::<Value>(&text) else {
        return ("(unreadable)".to_owned(), format!("{}\n", masked(text.as_bytes())));
    };
    let word = |path: &[&str]| {
        path.iter()
            .try_fold(&document, |value, key| value.get(key))
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let kind = word(&["kind"]);
    let object = format!("{kind}/{}/{}", word(&["metadata", "namespace"]), word(&["metadata", "name"]));
    // A List may hold Secrets: its items are masked like documents.
    if !mask_within(&mut document) {
        return (object, text);
    }
    let text = yaml::to_string(&document).unwrap_or_else(|_| masked(text.as_bytes()));
    (object, text)
}

/// Masks a Secret, or the Secrets in a list; tells whether there was one.
fn mask_within(document: &mut Value) -> bool {
    let mut found = false;
    if let Some(Value::Sequence(items)) = document.get_mut("items") {
        for item in items {
            found |= mask_within(item);
        }
    }
    if document.get("kind").and_then(Value::as_str) != Some("Secret") {
        return found;
    }
    let mask = |value: &mut Value| {
        let text = value.as_str().map_or_else(|| yaml::to_string(value).unwrap_or_default(), str::to_owned);
        *value = Value::String(masked(text.as_bytes()));
    };
    for field in ["data", "stringData"] {
        match document.get_mut(field) {
            Some(Value::Mapping(entries)) => entries.iter_mut().for_each(|(_, value)| mask(value)),
            Some(Value::Null) | None => {}
            Some(other) => mask(other),
        }
    }
    let annotations = document.get_mut("metadata").and_then(|metadata| metadata.get_mut("annotations"));
    if let Some(value) = annotations.and_then(|annotations| annotations.get_mut(manifest::LAST_APPLIED)) {
        *value = Value::String("(masked)".to_owned());
    }
    true
}

#[cfg(test)]
mod tests {
    use super::{DocumentChange, manifests, masked_manifest, values};
    use crate::helm::storage::decode;
    use crate::helm::values::ValueRow;
    use serde_json::json;

    fn manifest(secret: &str) -> String {
        let secret: serde_json::Value = serde_json::from_str(secret).unwrap();
        decode(secret["data"]["release"].as_str().unwrap()).unwrap().manifest
    }

    #[test]
    fn revisions_of_the_real_controller_differ_by_document_with_secrets_masked() {
        let old = manifest(include_str!("fixtures/web-v1.json"));
        let new = manifest(include_str!("fixtures/web-v4.json"));
        let found = manifests(&old, &new);
        let told: Vec<_> = found.iter().map(|diff| (diff.object.as_str(), diff.change)).collect();
        assert_eq!(
            told,
            [
                ("ConfigMap//web-cm", DocumentChange::Update),
                ("ConfigMap//web-extra", DocumentChange::Create),
                ("Secret//web-secret", DocumentChange::Update)
            ]
        );
        assert!(found[0].diff.contains("-  colour: green\n+  colour: blue\n"), "{}", found[0].diff);
        assert!(found[2].diff.contains("-  password: (masked, "), "{}", found[2].diff);
        assert!(!format!("{found:?}{}", masked_manifest(&old)).contains("hunter"));
        assert_eq!(manifests(&old, &old), []);
    }

    #[test]
    fn secrets_in_lists_and_broken_documents_are_masked_too() {
        let list = "kind: List\nitems:\n- kind: Secret\n  data: {a: aHVudGVyMg==}\n---\n# Source: a\n---\n{hunter2\n---\nkind: Secret\nitems: []\nstringData: {a: hunter2}\ndata: [hunter2]\n";
        let text = masked_manifest(list);
        assert!(!text.contains("hunter2") && !text.contains("aHVudGVyMg"), "{text}");
    }

    #[test]
    fn a_value_that_is_secret_in_one_revision_is_masked_in_both() {
        let row =
            |value: &str, secret| ValueRow { path: "a".into(), value: json!(value), origin: String::new(), secret };
        let diff = values(&[row("open", false)], &[row("hidden", true)]);
        assert!(diff.contains("-a: (masked, ") && !diff.contains("open") && !diff.contains("hidden"), "{diff}");
    }
}
