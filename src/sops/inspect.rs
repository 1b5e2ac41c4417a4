//! The findings in an encrypted file without a key: values that should be encrypted, and values that are no text.

use super::cipher::{is_sealed, sealed_type};
use super::file::SopsFile;
use super::parsed::{BLOCK, Leaf};
use super::path::{Path, Segment};
use super::rules::Verdict;
use super::value::ValueType;

impl SopsFile {
    /// Returns the plain values that the rule encrypts, each with its line.
    pub fn unencrypted(&self) -> Vec<(usize, Path)> {
        let plain = |leaf: &&Leaf| {
            let text = leaf.value.canonical.expose();
            self.rule.verdict(&leaf.path) == Verdict::Encrypted
                && !text.is_empty()
                && leaf.value.kind != ValueType::Null
                && !(leaf.value.kind == ValueType::Text && is_sealed(text))
        };
        self.parsed.leaves.iter().filter(plain).map(|leaf| (leaf.line, leaf.path.clone())).collect()
    }

    /// Tells whether its rule covers values and all of them are empty: sops encrypts no empty text.
    pub fn reaches_empty_values(&self) -> bool {
        let reached = || self.parsed.leaves.iter().filter(|leaf| self.rule.verdict(&leaf.path) == Verdict::Encrypted);
        let is_empty = |leaf: &Leaf| leaf.value.kind == ValueType::Null || leaf.value.canonical.expose().is_empty();
        reached().next().is_some() && reached().all(is_empty)
    }

    /// Returns the values of Secrets that are typed as numbers, booleans or times: document, line, path and type.
    pub fn not_texts(&self) -> Vec<(usize, usize, Path, &'static str)> {
        let odd = |leaf: &Leaf| {
            let in_secret = self.parsed.text_at(leaf.document, &["kind"]) == Some("Secret");
            let [Segment::Key(block), Segment::Key(_)] = leaf.path.segments() else { return None };
            if !in_secret || !matches!(block.as_str(), "data" | "stringData") {
                return None;
            }
            let kind = sealed_type(leaf.value.canonical.expose()).unwrap_or(leaf.value.kind);
            let word = match kind {
                ValueType::Integer | ValueType::Float => "a number",
                ValueType::Boolean => "a truth value",
                ValueType::Time => "a time",
                _ => return None,
            };
            Some((leaf.document, leaf.line, leaf.path.clone(), word))
        };
        self.parsed.leaves.iter().filter_map(odd).collect()
    }

    /// Tells whether any value is encrypted at all.
    pub fn holds_ciphertext(&self) -> bool {
        self.parsed
            .leaves
            .iter()
            .any(|leaf| leaf.value.kind == ValueType::Text && is_sealed(leaf.value.canonical.expose()))
    }

    /// Returns the keys of a document's secret values, without the first step of their path: encrypted ones, ones that
    /// should be, and all values of a Secret.
    pub fn secret_keys(&self, document: usize) -> Vec<String> {
        self.keys_where(document, |_| true)
    }

    /// Returns those of the keys whose values are in plain text.
    pub fn plain_keys(&self, document: usize) -> Vec<String> {
        self.keys_where(document, |leaf| {
            let text = leaf.value.canonical.expose();
            !text.is_empty() && leaf.value.kind != ValueType::Null && !is_sealed(text)
        })
    }

    fn keys_where(&self, document: usize, wanted: impl Fn(&Leaf) -> bool) -> Vec<String> {
        let in_secret = self.parsed.text_at(document, &["kind"]) == Some("Secret");
        let mut found: Vec<String> = Vec::new();
        for leaf in self.parsed.leaves.iter().filter(|leaf| leaf.document == document) {
            let of_secret = match leaf.path.segments() {
                [Segment::Key(block), Segment::Key(key), ..] if matches!(block.as_str(), "data" | "stringData") => {
                    Some(key)
                }
                _ => None,
            };
            let wants = (in_secret && of_secret.is_some())
                || self.rule.verdict(&leaf.path) == Verdict::Encrypted
                || is_sealed(leaf.value.canonical.expose());
            let key = of_secret.cloned().unwrap_or_else(|| leaf.path.to_string());
            if wants && wanted(leaf) && !found.contains(&key) {
                found.push(key);
            }
        }
        found
    }

    /// Returns the file's own rule for the encrypted values, in the form of a configuration.
    pub fn rule_text(&self) -> String {
        self.rule.to_string()
    }

    /// Finds the line of a field of the `sops` block.
    pub fn line_of(&self, field: &str) -> Option<usize> {
        let leaf = self.parsed.metadata.iter().find(|leaf| leaf.path.is_keys(&[BLOCK, field]))?;
        Some(leaf.line)
    }
}
