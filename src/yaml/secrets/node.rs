//! A document in the form that is searched for Secrets: YAML, JSON and the values of an encrypted file alike, with
//! duplicate keys.

use std::borrow::Cow;

use serde_json::Value as Json;

use super::super::{Mapping, Value};

/// Holds a value of a document, or the content of a key or a list.
#[derive(Debug)]
pub enum YamlNode<'a> {
    /// Keys and their content. Both of two equal keys count, since readers differ in which one they take.
    Map(Vec<(Cow<'a, str>, YamlNode<'a>)>),
    /// Items.
    List(Vec<YamlNode<'a>>),
    /// One value.
    Scalar(Scalar<'a>),
}

/// Holds one value.
#[derive(Debug)]
pub struct Scalar<'a> {
    /// The text of the value.
    pub text: Cow<'a, str>,
    /// Its type.
    pub kind: ScalarKind,
    /// Its index among the caller's values.
    pub leaf: usize,
}

/// Classifies a value by type, as far as the search needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScalarKind {
    /// Null or empty.
    Null,
    /// A boolean.
    Boolean,
    /// A number, or another value that is no text.
    Other,
    /// Text.
    Text,
}

/// Names one step to a value.
#[derive(Debug, Clone, Copy)]
pub enum YamlStep<'a> {
    /// The key of a mapping.
    Key(&'a str),
    /// The position in a list, from zero.
    Index(usize),
}

const NOTHING: YamlNode<'static> =
    YamlNode::Scalar(Scalar { text: Cow::Borrowed(""), kind: ScalarKind::Null, leaf: 0 });

impl<'a> YamlNode<'a> {
    fn scalar(text: impl Into<Cow<'a, str>>, kind: ScalarKind) -> Self {
        Self::Scalar(Scalar { text: text.into(), kind, leaf: 0 })
    }

    /// Converts a value of YAML, in which merge keys are resolved.
    pub(super) fn of_yaml(value: &'a Value) -> Self {
        match value {
            Value::Null => NOTHING,
            Value::Bool(truth) => Self::scalar(truth.to_string(), ScalarKind::Boolean),
            Value::Number(number) => Self::scalar(number.to_string(), ScalarKind::Other),
            Value::String(text) => Self::scalar(text.as_str(), ScalarKind::Text),
            Value::Sequence(items) => Self::List(items.iter().map(Self::of_yaml).collect()),
            // `{{ … }}` of a template parses as a mapping in a mapping.
            Value::Mapping(fields) if is_template(fields) => NOTHING,
            Value::Mapping(fields) => {
                let key = |key: &'a Value| key.as_str().map_or_else(|| Cow::Owned(String::new()), Cow::Borrowed);
                Self::Map(fields.iter().map(|(name, value)| (key(name), Self::of_yaml(value))).collect())
            }
            Value::Tagged(tagged) => Self::of_yaml(&tagged.value),
        }
    }

    /// Converts a value of JSON.
    pub(super) fn of_json(value: &'a Json) -> Self {
        match value {
            Json::Null => NOTHING,
            Json::Bool(truth) => Self::scalar(truth.to_string(), ScalarKind::Boolean),
            Json::Number(number) => Self::scalar(number.to_string(), ScalarKind::Other),
            Json::String(text) => Self::scalar(text.as_str(), ScalarKind::Text),
            Json::Array(items) => Self::List(items.iter().map(Self::of_json).collect()),
            Json::Object(fields) => {
                let field = |(key, value): (&'a String, &'a Json)| (Cow::Borrowed(key.as_str()), Self::of_json(value));
                Self::Map(fields.iter().map(field).collect())
            }
        }
    }

    /// Begins a document whose values are added one after the other.
    pub fn empty() -> Self {
        Self::Map(Vec::new())
    }

    /// Adds a value, in the order of the document.
    pub fn put(&mut self, steps: &[YamlStep<'a>], scalar: Scalar<'a>) {
        let Some((first, rest)) = steps.split_first() else {
            *self = Self::Scalar(scalar);
            return;
        };
        let begun = || match rest.first() {
            Some(YamlStep::Index(_)) => Self::List(Vec::new()),
            _ => Self::Map(Vec::new()),
        };
        match (first, &mut *self) {
            (YamlStep::Key(key), Self::Map(fields)) => {
                let continues = fields.last().is_some_and(|(last, node)| last == key && node.goes_on(rest));
                if !continues {
                    fields.push((Cow::Borrowed(key), begun()));
                }
                if let Some((_, node)) = fields.last_mut() {
                    node.put(rest, scalar);
                }
            }
            (YamlStep::Index(index), Self::List(items)) => {
                while items.len() <= *index {
                    items.push(begun());
                }
                if let Some(node) = items.get_mut(*index) {
                    node.put(rest, scalar);
                }
            }
            // These are two values of one place, of which one cannot hold others.
            _ => {}
        }
    }

    /// Tells whether a value with such steps belongs into this one.
    fn goes_on(&self, steps: &[YamlStep<'_>]) -> bool {
        matches!(
            (self, steps.first()),
            (Self::Map(_), Some(YamlStep::Key(_))) | (Self::List(_), Some(YamlStep::Index(_)))
        )
    }

    pub(super) fn text(&self) -> Option<&Scalar<'a>> {
        match self {
            Self::Scalar(scalar) if scalar.kind == ScalarKind::Text => Some(scalar),
            _ => None,
        }
    }

    pub(super) fn word(&self) -> &str {
        self.text().map_or("", |scalar| scalar.text.as_ref())
    }
}

fn is_template(fields: &Mapping) -> bool {
    fields.len() == 1 && fields.keys().all(Value::is_mapping)
}
