//! A document as it is looked through for Secrets: YAML, JSON and the values of an encrypted file in one form, where keys may stand twice.

use std::borrow::Cow;

use serde_json::Value as Json;

use super::super::{Mapping, Value};

/// Holds a value of a document, or what stands below a key or in a list.
#[derive(Debug)]
pub enum YamlNode<'a> {
    /// Keys and what stands below them. Of a key that stands twice both count, since not every reader takes the same.
    Map(Vec<(Cow<'a, str>, YamlNode<'a>)>),
    /// Items.
    List(Vec<YamlNode<'a>>),
    /// One value.
    Scalar(Scalar<'a>),
}

/// Holds one value.
#[derive(Debug)]
pub struct Scalar<'a> {
    /// What it says.
    pub text: Cow<'a, str>,
    /// Its type.
    pub kind: ScalarKind,
    /// Which of its caller's values it is.
    pub leaf: usize,
}

/// Says of what type a value is, as far as that matters to whoever keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScalarKind {
    /// Nothing is written.
    Null,
    /// A truth value.
    Boolean,
    /// A number, or what else is no text.
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

    /// Takes a value of YAML, in which nothing is merged any more.
    pub(super) fn of_yaml(value: &'a Value) -> Self {
        match value {
            Value::Null => NOTHING,
            Value::Bool(truth) => Self::scalar(truth.to_string(), ScalarKind::Boolean),
            Value::Number(number) => Self::scalar(number.to_string(), ScalarKind::Other),
            Value::String(text) => Self::scalar(text.as_str(), ScalarKind::Text),
            Value::Sequence(items) => Self::List(items.iter().map(Self::of_yaml).collect()),
            // `{{ … }}` of a template reads as a mapping in a mapping.
            Value::Mapping(fields) if is_template(fields) => NOTHING,
            Value::Mapping(fields) => {
                let key = |key: &'a Value| key.as_str().map_or_else(|| Cow::Owned(String::new()), Cow::Borrowed);
                Self::Map(fields.iter().map(|(name, value)| (key(name), Self::of_yaml(value))).collect())
            }
            Value::Tagged(tagged) => Self::of_yaml(&tagged.value),
        }
    }

    /// Takes a value of JSON.
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

    /// Begins a document whose values are put in one after the other.
    pub fn empty() -> Self {
        Self::Map(Vec::new())
    }

    /// Puts a value in, in the order in which the document has them.
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
            // Two values of one place, of which one is none that holds others.
            _ => {}
        }
    }

    /// Tells whether a value with such steps belongs into it.
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
