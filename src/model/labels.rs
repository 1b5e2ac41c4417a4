//! Labels of an object in its row: in one text, as ten thousand rows have some.

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Holds labels as `KEY=VALUE`, separated by commas: no key or value may contain one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Labels(Box<str>);

impl Labels {
    /// Returns the value of a label; `None` if there is none.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.iter().find(|(known, _)| *known == key).map(|(_, value)| value)
    }

    /// Iterates over the labels and their values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.split(',').filter_map(|label| label.split_once('='))
    }
}

impl<'de> Deserialize<'de> for Labels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Labels;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("labels")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Labels, A::Error> {
        let mut text = String::new();
        while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            let value = map.next_value::<serde_json::Value>()?;
            if !text.is_empty() {
                text.push(',');
            }
            text.push_str(&key);
            text.push('=');
            text.push_str(value.as_str().unwrap_or_default());
        }
        Ok(Labels(text.into()))
    }

    fn visit_unit<E>(self) -> Result<Labels, E> {
        Ok(Labels::default())
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut list: A) -> Result<Labels, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Labels::default())
    }
}

#[cfg(test)]
mod tests {
    use super::Labels;

    #[test]
    fn labels_are_found_by_their_whole_key() {
        let labels: Labels =
            serde_json::from_str(r#"{"app.kubernetes.io/name": "web", "name": "b", "empty": ""}"#).unwrap();
        assert_eq!(labels.get("name"), Some("b"));
        assert_eq!(labels.get("app.kubernetes.io/name"), Some("web"));
        assert_eq!((labels.get("empty"), labels.get("app")), (Some(""), None));
        assert_eq!(serde_json::from_str::<Labels>("null").unwrap(), Labels::default());
    }
}
