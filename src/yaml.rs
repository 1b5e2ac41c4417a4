//! Typed reading and writing of YAML: the one place that names the YAML library.
//!
//! The text may come from anyone, so it is measured (`bounds`) before the library reads it: a few hundred bytes of
//! aliases can become gigabytes, and brackets within brackets take time that grows with their square.

mod bounds;
pub mod confidential;
pub mod expression;
mod large;
pub mod manifest;
pub mod private_keys;
pub mod readings;
pub mod secrets;
pub mod sigs;
pub mod strict;

use serde::de::DeserializeOwned;

pub use bounds::{Beyond, check as within_bounds};
pub use serde_yaml::{Mapping, Number, Value, from_value, to_string, to_value};

/// Explains why a text is not read as YAML.
#[derive(Debug)]
pub enum Error {
    /// It is no YAML, or does not fit the type.
    Library(serde_yaml::Error),
    /// It is nested deeper, or larger once its aliases are expanded, than any useful text.
    Beyond(Beyond),
}

impl Error {
    /// Returns the line of the fault, counted from 1, if it is known.
    pub fn line(&self) -> Option<usize> {
        match self {
            Self::Library(error) => error.location().map(|location| location.line()),
            Self::Beyond(beyond) => Some(beyond.line),
        }
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Library(error) => error.fmt(formatter),
            Self::Beyond(beyond) => write!(formatter, "{} at line {}", beyond.why, beyond.line),
        }
    }
}

impl std::error::Error for Error {}

impl From<serde_yaml::Error> for Error {
    fn from(error: serde_yaml::Error) -> Self {
        Self::Library(error)
    }
}

/// Returns a scalar as the text that a variable has: a text as it is, a number and a boolean in YAML's words; `None` for null, lists and mappings.
pub fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// Reads the one document of a text.
///
/// # Errors
/// Returns the place at which the text is no YAML, does not fit the type, or exceeds the bounds.
pub fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    let text = without_mark(text);
    bounds::check(text).map_err(Error::Beyond)?;
    Ok(serde_yaml::from_str(&large::as_floats(text))?)
}

/// Reads every document of a YAML stream; empty documents are left out.
///
/// # Errors
/// Returns the library's error, with line and column, for the first document that is not YAML.
pub fn documents(text: &str) -> Result<Vec<Value>, Error> {
    let mut found: Vec<Value> = documents_as(text)?;
    found.retain(|value| !value.is_null());
    Ok(found)
}

/// Reads every document of a YAML stream as a type of its own.
///
/// # Errors
/// As [`documents`], and if a document does not fit the type.
pub fn documents_as<T: DeserializeOwned>(text: &str) -> Result<Vec<T>, Error> {
    let text = without_mark(text);
    bounds::check(text).map_err(Error::Beyond)?;
    let text = large::as_floats(text);
    Ok(serde_yaml::Deserializer::from_str(&text).map(T::deserialize).collect::<Result<_, _>>()?)
}

/// Returns a text without the byte order mark that some editors write before it: YAML allows one, and the library takes
/// it for a letter.
fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_byte_order_mark_is_no_part_of_the_text() {
        let text = "a: 1\n---\nb: 2\n";
        assert_eq!(super::documents(&format!("\u{feff}{text}")).unwrap(), super::documents(text).unwrap());
        let one: super::Value = super::from_str("\u{feff}# first\na: 1\n").unwrap();
        assert_eq!(one, super::from_str::<super::Value>("a: 1\n").unwrap());
    }

    #[test]
    fn several_documents_and_empty_ones() {
        let found = super::documents("a: 1\n---\n# nothing\n---\nb: 2\n").unwrap();
        assert_eq!(found.len(), 2);
        assert!(super::documents("a: [").is_err());
    }

    #[test]
    fn every_way_of_reading_is_bounded() {
        let text = format!("a: {}{}", "[".repeat(5_000), "]".repeat(5_000));
        let beyond = |error: super::Error| matches!(error, super::Error::Beyond(_)) && error.line() == Some(1);
        assert!(beyond(super::from_str::<super::Value>(&text).unwrap_err()));
        assert!(beyond(super::documents(&text).unwrap_err()));
        assert!(beyond(super::documents_as::<super::Value>(&text).unwrap_err()));
    }
}
