//! A typed value as SOPS sees it: its type tag and the exact bytes that are encrypted and hashed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::secret::Secret;

/// Names the type of a value; SOPS stores it beside each ciphertext (`type:int`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ValueType {
    /// A string (`str`).
    Text,
    /// A whole number (`int`).
    Integer,
    /// A floating-point number (`float`).
    Float,
    /// A boolean (`bool`).
    Boolean,
    /// A timestamp (`time`, since sops 3.10).
    Time,
    /// Bytes that are no text: of binary files. They are displayed as base64.
    Bytes,
    /// A comment that sops turned into a list item (`comment`).
    Comment,
    /// Null: never encrypted, never hashed.
    Null,
}

impl ValueType {
    /// Returns the tag in `ENC[…,type:TAG]`; null has none.
    pub(super) fn tag(self) -> Option<&'static str> {
        Some(match self {
            // sops encrypts a binary file as a string, whatever its bytes; it cannot print its own type `bytes`.
            Self::Text | Self::Bytes => "str",
            Self::Integer => "int",
            Self::Float => "float",
            Self::Boolean => "bool",
            Self::Time => "time",
            Self::Comment => "comment",
            Self::Null => return None,
        })
    }

    /// Finds the type of a tag.
    pub(super) fn from_tag(tag: &str) -> Option<Self> {
        if tag == "bytes" {
            return Some(Self::Bytes);
        }
        [Self::Text, Self::Integer, Self::Float, Self::Boolean, Self::Time, Self::Comment]
            .into_iter()
            .find(|kind| kind.tag() == Some(tag))
    }
}

/// Holds a value in the form that SOPS hashes and encrypts: `True`, `493`, `+Inf`, RFC 3339 times.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) kind: ValueType,
    pub(super) canonical: Secret,
}

impl Value {
    /// Builds a string value.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self { kind: ValueType::Text, canonical: Secret::new(text) }
    }

    /// Builds a value of bytes: a string if they are text, as in sops, else bytes in base64.
    pub(super) fn bytes(bytes: Zeroizing<Vec<u8>>) -> Self {
        match std::str::from_utf8(&bytes) {
            Ok(text) => Self::text(text),
            Err(_) => Self { kind: ValueType::Bytes, canonical: Secret::new(STANDARD.encode(&bytes)) },
        }
    }

    /// Returns the exact bytes that are encrypted and hashed.
    pub(super) fn raw(&self) -> Zeroizing<Vec<u8>> {
        let text = self.canonical.expose();
        let decoded = (self.kind == ValueType::Bytes).then(|| STANDARD.decode(text).ok()).flatten();
        Zeroizing::new(decoded.unwrap_or_else(|| text.as_bytes().to_vec()))
    }

    /// Builds the null value.
    pub(super) fn null() -> Self {
        Self { kind: ValueType::Null, canonical: Secret::default() }
    }

    /// Builds a whole number.
    pub(super) fn integer(number: i64) -> Self {
        Self { kind: ValueType::Integer, canonical: Secret::new(number.to_string()) }
    }

    /// Builds a boolean; its canonical form is Python's, which SOPS kept.
    pub(super) fn boolean(truth: bool) -> Self {
        Self { kind: ValueType::Boolean, canonical: Secret::new(if truth { "True" } else { "False" }) }
    }

    /// Builds a floating-point number, written as Go's `FormatFloat(value, 'f', -1, 64)` writes it.
    pub(super) fn float(number: f64) -> Self {
        let canonical = if number.is_nan() {
            "NaN".to_owned()
        } else if number.is_infinite() {
            if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned()
        } else {
            number.to_string()
        };
        Self { kind: ValueType::Float, canonical: Secret::new(canonical) }
    }

    /// Creates a second, equally guarded copy.
    pub(super) fn duplicate(&self) -> Self {
        Self { kind: self.kind, canonical: self.canonical.duplicate() }
    }

    /// Returns the value as YAML writes it: `true` rather than `True`, `.inf` rather than `+Inf`.
    pub(super) fn display(&self) -> Secret {
        let canonical = self.canonical.expose();
        match (self.kind, canonical) {
            (ValueType::Boolean, "True") => Secret::new("true"),
            (ValueType::Boolean, _) => Secret::new("false"),
            (ValueType::Float, "+Inf") => Secret::new(".inf"),
            (ValueType::Float, "-Inf") => Secret::new("-.inf"),
            (ValueType::Float, "NaN") => Secret::new(".nan"),
            _ => self.canonical.duplicate(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Value;

    #[test]
    fn floats_are_written_as_go_writes_them() {
        for (number, canonical) in [
            (2.0, "2"),
            (0.5, "0.5"),
            (1e21, "1000000000000000000000"),
            (1e-7, "0.0000001"),
            (-0.0, "-0"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(Value::float(number).canonical.expose(), canonical);
        }
    }
}
