//! The binary store: a file of any bytes is one encrypted value `data` in JSON, to which no rule applies.

use jiff::Timestamp;
use zeroize::Zeroizing;

use super::edit::create::{NewFile, encrypt};
use super::edit::opened::Opened;
use super::error::SopsError;
use super::format::Format;
use super::json;
use super::path::{Path, Segment};
use super::value::{Value, ValueType};
use crate::secret::Secret;

/// The key of the one value.
const DATA: &str = "data";

/// Encrypts a file of any bytes.
///
/// # Errors
/// If it is empty, or a recipient is no public key.
pub fn create_binary(bytes: Zeroizing<Vec<u8>>, file: &NewFile, now: Timestamp) -> Result<String, SopsError> {
    let value = Value::bytes(bytes);
    let text = envelope(&value.canonical);
    let mut parsed = Format::Binary.read(text.expose())?;
    if let Some(leaf) = parsed.leaves.first_mut() {
        leaf.value = value;
    }
    encrypt(Format::Binary, &text, &parsed, file, now)
}

/// Returns a content as the JSON that sops would encrypt.
pub(super) fn envelope(content: &Secret) -> Secret {
    Secret::new(format!("{{\n\t\"{DATA}\": {}\n}}\n", json::quoted(content.expose())))
}

/// Returns the content of such a JSON.
pub(super) fn content(text: &Secret) -> Result<Secret, SopsError> {
    let parsed = Format::Binary.read(text.expose())?;
    let leaf = parsed.leaves.into_iter().find(|leaf| leaf.path.is_keys(&[DATA]));
    leaf.map(|leaf| leaf.value.canonical).ok_or_else(|| SopsError::NoSuchValue(DATA.to_owned()))
}

impl Opened {
    /// Returns the plain file as bytes, which need not be text.
    ///
    /// # Errors
    /// If the file has no plain text that reads as its values.
    pub fn content(&self) -> Result<Zeroizing<Vec<u8>>, SopsError> {
        let data = Path::new(vec![Segment::Key(DATA.to_owned())]);
        let value = self.entries().iter().find(|entry| entry.path == data);
        match value.filter(|_| self.file().format() == Format::Binary) {
            Some(entry) if entry.value_type == ValueType::Bytes => {
                Ok(Value { kind: ValueType::Bytes, canonical: entry.secret.duplicate() }.raw())
            }
            _ => Ok(Zeroizing::new(self.plaintext()?.expose().as_bytes().to_vec())),
        }
    }
}
