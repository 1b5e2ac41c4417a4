//! Typed reading and writing of YAML: the one place that names the YAML library.

pub use serde_yaml::{Error, Mapping, Number, Value, from_str, from_value, to_string, to_value};

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
/// As [`documents`], and where a document does not fit the type.
pub fn documents_as<T: serde::de::DeserializeOwned>(text: &str) -> Result<Vec<T>, Error> {
    serde_yaml::Deserializer::from_str(text).map(T::deserialize).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn several_documents_and_empty_ones() {
        let found = super::documents("a: 1\n---\n# nothing\n---\nb: 2\n").unwrap();
        assert_eq!(found.len(), 2);
        assert!(super::documents("a: [").is_err());
    }
}
