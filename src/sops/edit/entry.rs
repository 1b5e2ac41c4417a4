//! One value of an opened file, for display.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::secret::Secret;
use crate::sops::file::SopsFile;
use crate::sops::path::{Path, Segment};
use crate::sops::value::{Value, ValueType};

/// Holds one value of an opened file for display.
#[derive(Debug)]
pub struct Entry {
    /// The document, from zero.
    pub document: usize,
    /// The path in the document.
    pub path: Path,
    /// Whether the file holds it encrypted, or will.
    pub encrypted: bool,
    /// Its type.
    pub value_type: ValueType,
    /// The value, as YAML writes it; empty for null.
    pub secret: Secret,
    /// Whether it is base64, as Kubernetes requires: a value below `data` of a Secret.
    pub base64: bool,
    /// The line of the plain text on which it begins, from one.
    pub line: usize,
}

impl Entry {
    /// Describes a present value of a file.
    pub(super) fn new(
        file: &SopsFile,
        document: usize,
        path: &Path,
        value: &Value,
        encrypted: bool,
        line: usize,
    ) -> Self {
        Self {
            document,
            path: path.clone(),
            encrypted,
            value_type: value.kind,
            secret: value.display(),
            base64: is_data(path) && file.parsed.text_at(document, &["kind"]) == Some("Secret"),
            line,
        }
    }

    /// Decodes a value of `data`; `None` if it is not base64, or no text but, say, a keystore.
    pub fn decoded(&self) -> Option<Secret> {
        String::from_utf8(self.bytes()?).ok().map(Secret::new)
    }

    /// Decodes a value of `data` to bytes; `None` if it is not base64.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        // The API server ignores line ends (Go's encoding/base64).
        let text = || Secret::new(self.secret.expose().replace(['\n', '\r'], ""));
        self.base64.then(|| STANDARD.decode(text().expose()).ok())?
    }
}

/// Tells whether a value is below `data`, where a Secret holds base64.
pub(super) fn is_data(path: &Path) -> bool {
    matches!(path.segments(), [Segment::Key(first), Segment::Key(_)] if first == "data")
}
