//! The formats of encrypted files, and the store of each.

use std::ops::Range;

use super::error::SopsError;
use super::parsed::{Leaf, Node, Parsed, Style};
use super::path::Path;
use super::value::Value;
use super::{dotenv, ini, json, lines, yaml};
use crate::secret::Secret;

/// Names the format of a file; sops chooses it by the file's ending.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// YAML, with several documents if need be.
    #[default]
    Yaml,
    /// JSON with an object at the top.
    Json,
    /// Lines of `KEY=value`.
    Dotenv,
    /// Sections of `key = value`.
    Ini,
    /// Anything else, encrypted as one value.
    Binary,
}

impl Format {
    /// Returns the format of a file by its name, as sops chooses it.
    pub fn from_path(path: &str) -> Self {
        let ends = |ending: &str| path.ends_with(ending);
        if ends(".yaml") || ends(".yml") {
            Self::Yaml
        } else if ends(".json") {
            Self::Json
        } else if ends(".env") {
            Self::Dotenv
        } else if ends(".ini") {
            Self::Ini
        } else {
            Self::Binary
        }
    }

    /// Returns the format of an encrypted text that is no JSON, by the line in which Flux searches for a MAC
    /// (kustomize-controller, `sopsFormatToMarkerBytes`).
    pub(super) fn from_content(text: &str) -> Option<Self> {
        let begins = |start: &str| text.lines().any(|line| line.starts_with(start));
        if begins("sops_mac=ENC[") {
            Some(Self::Dotenv)
        } else if begins("[sops]") {
            Some(Self::Ini)
        } else if begins("sops:") && text.contains("mac: ENC[") {
            Some(Self::Yaml)
        } else {
            None
        }
    }

    /// Reads the values of a text, each with its bytes.
    pub(super) fn read(self, text: &str) -> Result<Parsed, SopsError> {
        let read = match self {
            Self::Yaml => yaml::read(text),
            Self::Json | Self::Binary => json::read(text),
            Self::Dotenv => dotenv::read(text),
            Self::Ini => ini::read(text),
        };
        // The errors of the formats would not name the cause.
        read.map_err(|error| conflict(text).map_or(error, |line| SopsError::Conflict { line }))
    }

    /// Returns the line end of a text; in dotenv a carriage return belongs to the value before it.
    pub(super) fn newline(self, text: &str) -> &'static str {
        if self != Self::Dotenv && text.contains("\r\n") { "\r\n" } else { "\n" }
    }

    /// Writes a ciphertext in the place of a scalar of a style.
    pub(super) fn ciphertext(self, style: Style, in_flow: bool, sealed: &str) -> String {
        match self {
            Self::Yaml => yaml::ciphertext(style, in_flow, sealed),
            Self::Json | Self::Binary => json::quoted(sealed),
            _ => sealed.to_owned(),
        }
    }

    /// Writes a plain value in the place of a scalar of `source`.
    pub(super) fn plain(self, source: &str, leaf: &Leaf, value: &Value) -> Secret {
        match self {
            Self::Yaml => yaml::plain(source, leaf, value),
            Self::Json | Self::Binary => json::plain(value),
            Self::Dotenv => dotenv::plain(value),
            Self::Ini => ini::plain(value),
        }
    }

    /// Returns the bytes to replace and their new text.
    pub(super) fn replacement(self, source: &str, leaf: &Leaf, written: String) -> (Range<usize>, Secret) {
        match self {
            Self::Yaml => yaml::replacement(source, leaf, written),
            _ => (leaf.span.clone(), Secret::new(written)),
        }
    }

    /// Writes a value of the `sops` block in the place of another, quoted if the format has quotes.
    pub(super) fn metadata(self, leaf: &Leaf, text: &str) -> String {
        match (self, leaf.style) {
            // Without quotes go-yaml reads a time, and sops fails.
            (Self::Yaml, Style::Single) => format!("'{text}'"),
            (Self::Yaml | Self::Json | Self::Binary, _) => format!("\"{text}\""),
            _ => text.to_owned(),
        }
    }

    /// Writes a new entry; returns the bytes to replace and their new text.
    pub(super) fn add(
        self,
        text: &str,
        parsed: &Parsed,
        document: usize,
        path: &Path,
        value: &Value,
    ) -> Result<(Range<usize>, Secret), SopsError> {
        match self {
            Self::Yaml => yaml::add(text, parsed, document, path, value),
            Self::Json => json::add(text, parsed, path, value),
            Self::Dotenv | Self::Ini => lines::add(self, text, parsed, path, value),
            Self::Binary => Err(single()),
        }
    }

    /// Renames the key of an entry.
    pub(super) fn rename(self, node: &Node, name: &str) -> Result<(Range<usize>, Secret), SopsError> {
        match self {
            Self::Yaml => Ok(yaml::rename(node, name)),
            Self::Json => Ok(json::rename(node, name)),
            Self::Dotenv | Self::Ini => lines::rename(node, name),
            Self::Binary => Err(single()),
        }
    }

    /// Removes an entry.
    pub(super) fn remove(self, text: &str, node: &Node) -> Result<(Range<usize>, Secret), SopsError> {
        match self {
            Self::Yaml | Self::Json => yaml::remove(text, node),
            Self::Dotenv | Self::Ini => lines::remove(text, node),
            Self::Binary => Err(single()),
        }
    }

    /// Types an operator's text: as the old value if it parses as that type.
    pub(super) fn typed_like(self, old: &Value, text: &str) -> Value {
        match self {
            Self::Yaml => yaml::typed_like(old, text),
            Self::Json => json::typed_like(old, text),
            _ => Value::text(text),
        }
    }
}

/// Finds the line of an unresolved merge conflict of git.
fn conflict(text: &str) -> Option<usize> {
    let mut lines = text.lines().zip(1_usize..);
    let (_, first) = lines.find(|(line, _)| line.starts_with("<<<<<<< "))?;
    lines.find(|(line, _)| line.trim_end() == "=======")?;
    lines.find(|(line, _)| line.starts_with(">>>>>>> ")).map(|_| first)
}

fn single() -> SopsError {
    SopsError::Unsupported("a binary file is one value, without keys".to_owned())
}

#[cfg(test)]
mod tests {
    use super::Format;

    #[test]
    fn the_ending_tells_the_format_as_sops_tells_it() {
        for (name, format) in [
            ("a/b.yaml", Format::Yaml),
            ("b.yml", Format::Yaml),
            ("b.json", Format::Json),
            (".env", Format::Dotenv),
            ("a.prod.env", Format::Dotenv),
            ("a.ini", Format::Ini),
            ("a.env.txt", Format::Binary),
            ("tls.key", Format::Binary),
        ] {
            assert_eq!(Format::from_path(name), format, "{name}");
        }
    }
}
