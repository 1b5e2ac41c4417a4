//! An encrypted file: its content without a key, and opening it with one.

use std::str::FromStr as _;

use jiff::Timestamp;
use zeroize::Zeroizing;

use super::cipher::{DataKey, is_sealed};
use super::edit::opened::{Opened, State};
use super::edit::plaintext;
use super::error::SopsError;
use super::format::Format;
use super::keys::identities::Identities;
use super::mac;
use super::metadata::{self, Metadata};
use super::parsed::{Leaf, Parsed};
use super::path::Path;
use super::rules::{Rule, Verdict};
use super::value::{Value, ValueType};
use crate::secret::Secret;

/// Names the Kubernetes object of a document in a file, as far as it is stated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DocumentHead {
    /// Its kind, such as `Secret`.
    pub kind: Option<String>,
    /// Its namespace.
    pub namespace: Option<String>,
    /// Its name.
    pub name: Option<String>,
}

/// Holds an encrypted file that was read but not decrypted.
pub struct SopsFile {
    pub(super) format: Format,
    pub(super) text: String,
    pub(super) parsed: Parsed,
    pub(super) rule: Rule,
    pub(super) metadata: Metadata,
}

impl SopsFile {
    /// Reads an encrypted text of a format.
    ///
    /// # Errors
    /// If it is not of that format, not encrypted with SOPS, or its `sops` block is broken.
    pub fn parse(format: Format, text: impl Into<String>) -> Result<Self, SopsError> {
        let text = text.into();
        let (format, parsed) = match format.read(&text) {
            // A file of another ending was encrypted with --input-type: Flux opens it so where a generator's `envs` or
            // the key of its `files` says the same.
            Err(error) if format == Format::Binary => {
                let other = Format::from_content(&text).ok_or(error)?;
                (other, other.read(&text)?)
            }
            parsed => (format, parsed?),
        };
        if parsed.metadata_text("mac").is_none() {
            return Err(SopsError::NotEncrypted);
        }
        for key in ["lastmodified", "version"] {
            if parsed.metadata_text(key).is_none() {
                return Err(SopsError::Metadata(format!("{key} is missing")));
            }
        }
        let metadata = Metadata::read(&parsed)?;
        // A binary file is one value, which is always encrypted.
        let rule = match format {
            Format::Binary => Rule::Everything,
            _ => Rule::compile(metadata.rule.as_ref().map(|(kind, text)| (*kind, text.as_str())))?,
        };
        Ok(Self { format, text, parsed, rule, metadata })
    }

    /// Returns the text of the file: everything secret in it is encrypted.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the format of the file.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Returns the public keys that the file is encrypted for.
    pub fn recipients(&self) -> Vec<String> {
        self.metadata.recipients()
    }

    /// Returns the content of the `sops` block.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Returns the text with another content of the `sops` block. Unchanged parts keep their bytes, and so do the
    /// values.
    ///
    /// # Errors
    /// If the block has a form that sops never writes.
    pub(super) fn with_metadata(&self, metadata: &Metadata) -> Result<String, SopsError> {
        metadata::rewrite(self.format, &self.text, &self.parsed, metadata)
    }

    /// Returns the version of SOPS that the file names.
    pub fn version(&self) -> &str {
        &self.metadata.version
    }

    /// Returns the time of the last change, as the file states it; `None` if that is not a time.
    pub fn last_modified(&self) -> Option<Timestamp> {
        Timestamp::from_str(&self.metadata.last_modified).ok()
    }

    /// Returns the head of each document of the file.
    pub fn documents(&self) -> Vec<DocumentHead> {
        let text = |document, keys: &[&str]| self.parsed.text_at(document, keys).map(str::to_owned);
        (0..self.parsed.documents.len())
            .map(|document| DocumentHead {
                kind: text(document, &["kind"]),
                namespace: text(document, &["metadata", "namespace"]),
                name: text(document, &["metadata", "name"]),
            })
            .collect()
    }

    /// Decrypts all values in memory and verifies the MAC.
    ///
    /// # Errors
    /// If no key fits, a value is damaged or wrongly in plain text, or the MAC does not match.
    pub fn decrypt(self, identities: &Identities) -> Result<Opened, SopsError> {
        let (key, openers) = self.metadata.unwrap(identities)?;
        let mut opened = self.open(key)?;
        opened.openers = openers;
        Ok(opened)
    }

    /// Verifies the MAC, which needs every value decrypted; keeps none of them.
    ///
    /// # Errors
    /// As [`SopsFile::decrypt`].
    pub fn verify(&self, identities: &Identities) -> Result<(), SopsError> {
        self.states(&self.metadata.unwrap(identities)?.0).map(|_| ())
    }

    /// Tells whether an identity opens the file; decrypts only its data key.
    pub fn opens_with(&self, identities: &Identities) -> bool {
        self.metadata.unwrap(identities).is_ok()
    }

    /// Decrypts all encrypted values without verifying the MAC.
    pub(super) fn unverified(&self, identities: &Identities) -> Result<Vec<(Path, Secret)>, SopsError> {
        let (key, _) = self.metadata.unwrap(identities)?;
        let mut found = Vec::new();
        for leaf in &self.parsed.leaves {
            let state = self.state(leaf, &key).map_err(|error| self.joined().unwrap_or(error))?;
            if state.encrypted && state.value != leaf.value {
                found.push((leaf.path.clone(), state.value.display()));
            }
        }
        Ok(found)
    }

    /// Writes the plain text without verifying the MAC.
    pub(super) fn unverified_text(&self, identities: &Identities) -> Result<Secret, SopsError> {
        let (key, _) = self.metadata.unwrap(identities)?;
        let states = self.parsed.leaves.iter().map(|leaf| self.state(leaf, &key)).collect::<Result<Vec<_>, _>>();
        plaintext::write(self, &key, &states.map_err(|error| self.joined().unwrap_or(error))?)
    }

    /// Returns the content of a binary file without verifying the MAC.
    pub(super) fn unverified_content(&self, identities: &Identities) -> Result<Zeroizing<Vec<u8>>, SopsError> {
        let (key, _) = self.metadata.unwrap(identities)?;
        let leaf = self.parsed.leaves.first().ok_or(SopsError::NotEncrypted)?;
        Ok(self.state(leaf, &key)?.value.raw())
    }

    /// Decrypts all values with the data key itself.
    pub(super) fn open(self, key: DataKey) -> Result<Opened, SopsError> {
        let states = self.states(&key)?;
        Ok(Opened::new(self, key, states))
    }

    fn states(&self, key: &DataKey) -> Result<Vec<State>, SopsError> {
        self.states_of_one(key).map_err(|error| self.joined().unwrap_or(error))
    }

    /// Tells whether one file has documents that were encrypted separately, or plain ones beside an encrypted one:
    /// errors of values or of the MAC are then only a consequence.
    fn joined(&self) -> Option<SopsError> {
        let macs: Vec<Option<&str>> = (0..self.parsed.documents.len())
            .filter(|document| self.parsed.leaves.iter().any(|leaf| leaf.document == *document))
            .map(|document| {
                let leaf = self.parsed.metadata_copies("mac").find(|leaf| leaf.document == document)?;
                Some(leaf.value.canonical.expose())
            })
            .collect();
        let sealed = macs.iter().flatten().count();
        let differ = macs.iter().any(|mac| macs.first() != Some(mac));
        differ.then_some(SopsError::Joined { documents: macs.len(), sealed })
    }

    fn states_of_one(&self, key: &DataKey) -> Result<Vec<State>, SopsError> {
        let states = self.parsed.leaves.iter().map(|leaf| self.state(leaf, key)).collect::<Result<Vec<_>, _>>()?;
        let computed =
            mac::compute(states.iter().map(|state| (&state.value, state.encrypted)), self.mac_only_encrypted());
        let stored = key.decrypt(&self.metadata.mac, &self.mac_authenticated()).map_err(|_| SopsError::MacMismatch)?;
        if stored.canonical.expose() != computed {
            return Err(SopsError::MacMismatch);
        }
        Ok(states)
    }

    /// Tells whether the MAC covers the encrypted values only.
    pub(super) fn mac_only_encrypted(&self) -> bool {
        self.metadata.mac_only_encrypted
    }

    /// Tells whether another file wraps the same data key in the same way.
    pub(super) fn is_wrapped_like(&self, other: &Self) -> bool {
        self.metadata.groups == other.metadata.groups
    }

    /// Returns the data that authenticates the MAC: `lastmodified` to the second.
    fn mac_authenticated(&self) -> String {
        let written = &self.metadata.last_modified;
        match written.split_once('.') {
            Some((seconds, rest)) => format!("{seconds}{}", rest.trim_start_matches(|c: char| c.is_ascii_digit())),
            None => written.clone(),
        }
    }

    fn state(&self, leaf: &Leaf, key: &DataKey) -> Result<State, SopsError> {
        let text = leaf.value.canonical.expose();
        let is_text = leaf.value.kind == ValueType::Text;
        // In a list, sops writes an encrypted comment as an item.
        let verdict = self.rule.verdict(&leaf.path);
        let encrypted = match verdict {
            Verdict::Plain => false,
            Verdict::AsFound => is_text && is_sealed(text),
            Verdict::Encrypted => true,
        };
        // Empty strings and null are never encrypted.
        if !encrypted || leaf.value.kind == ValueType::Null || is_text && text.is_empty() {
            return Ok(State { value: leaf.value.duplicate(), encrypted });
        }
        if !is_text || !text.starts_with("ENC[") {
            return Err(SopsError::PlainValue { path: leaf.path.clone() });
        }
        let failed = |message: &str| SopsError::Value { path: leaf.path.clone(), message: message.to_owned() };
        let value: Value = key.decrypt(text, &leaf.path.authenticated()).map_err(failed)?;
        Ok(State { value, encrypted: true })
    }
}

impl std::fmt::Debug for SopsFile {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SopsFile").field("recipients", &self.recipients()).finish_non_exhaustive()
    }
}
