//! Reading a document as `yaml.YAMLToJSON` does, by way of JSON: numbers are those of JSON, keys are texts.

use std::collections::HashMap;

use base64::Engine as _;
use granit_parser::{Event, Parser, ScalarStyle, Tag};
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::scalar::{Plain, general, resolve};

/// The most values that a text may hold once its aliases are expanded.
const MOST_VALUES: usize = 1_000_000;

/// Explains why a text is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// The reason, in words.
    pub why: String,
    /// The line, counted from 1.
    pub line: Option<usize>,
}

fn unread<T>(why: impl Into<String>, line: usize) -> Result<T, Unread> {
    Err(Unread { why: why.into(), line: Some(line) })
}

/// Reads the one document of a text.
///
/// # Errors
/// Describes the place that is no YAML, or has no form in JSON.
pub fn read(text: &str) -> Result<Value, Unread> {
    // libyaml, from which go-yaml comes, decides what is YAML; its events are not available, so another parser reads
    // the content.
    crate::yaml::from_str::<IgnoredAny>(text).map_err(|error| Unread { why: error.to_string(), line: error.line() })?;
    let options = granit_parser::options! { block_scalar_eof_without_line_feed: true, emit_comments: false };
    let mut tree = Tree::default();
    for next in Parser::new_from_str_with_options(text, options) {
        let Ok((event, span)) = next else {
            // The two accept different texts as YAML.
            return crate::yaml::from_str(text).map_err(|error| Unread { why: error.to_string(), line: error.line() });
        };
        tree.take(event, span.start.line())?;
        if tree.is_whole {
            break;
        }
    }
    Ok(tree.whole.unwrap_or_default())
}

#[derive(Default)]
struct Tree {
    whole: Option<Value>,
    is_whole: bool,
    open: Vec<Open>,
    anchors: HashMap<usize, (Value, usize)>,
    values: usize,
}

enum Open {
    List { items: Vec<Value>, anchor: usize, before: usize },
    Map { fields: Map<String, Value>, key: Option<Key>, anchor: usize, before: usize },
}

enum Key {
    Name(String),
    Merge,
}

impl Tree {
    fn take(&mut self, event: Event<'_>, line: usize) -> Result<(), Unread> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_plain = style == ScalarStyle::Plain;
                if self.awaits_key() {
                    let key = match tag.as_deref() {
                        None if is_plain && text == "<<" => Key::Merge,
                        tag => Key::Name(key(typed(&text, is_plain, tag, line)?, line)?),
                    };
                    if let (Key::Name(name), true) = (&key, anchor > 0) {
                        self.anchors.insert(anchor, (Value::String(name.clone()), 1));
                    }
                    self.key(key);
                    return Ok(());
                }
                let value = value(typed(&text, is_plain, tag.as_deref(), line)?, line)?;
                self.put(value, anchor, 1, line)?;
            }
            Event::SequenceStart(_, anchor, _) => {
                self.begin(Open::List { items: Vec::new(), anchor, before: self.values }, line)?;
            }
            Event::MappingStart(_, anchor, _) => {
                self.begin(Open::Map { fields: Map::new(), key: None, anchor, before: self.values }, line)?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let (value, anchor, before) = match self.open.pop() {
                    Some(Open::List { items, anchor, before }) => (Value::Array(items), anchor, before),
                    Some(Open::Map { fields, anchor, before, .. }) => (Value::Object(fields), anchor, before),
                    None => return Ok(()),
                };
                let size = self.values.saturating_sub(before).saturating_add(1);
                self.put(value, anchor, size, line)?;
            }
            Event::Alias(anchor) => {
                let Some((value, size)) = self.anchors.get(&anchor).cloned() else {
                    return unread("an anchor's value contains itself", line);
                };
                self.count(size, line)?;
                if self.awaits_key() {
                    let Value::String(name) = value else { return unread("invalid map key", line) };
                    self.key(Key::Name(name));
                    return Ok(());
                }
                self.place(value, line)?;
            }
            Event::DocumentEnd => self.is_whole = true,
            _ => {}
        }
        Ok(())
    }

    fn awaits_key(&self) -> bool {
        matches!(self.open.last(), Some(Open::Map { key: None, .. }))
    }

    fn count(&mut self, size: usize, line: usize) -> Result<(), Unread> {
        self.values = self.values.saturating_add(size);
        if self.values > MOST_VALUES { unread("document contains excessive aliasing", line) } else { Ok(()) }
    }

    fn begin(&mut self, open: Open, line: usize) -> Result<(), Unread> {
        if self.awaits_key() {
            return unread("invalid map key", line);
        }
        self.open.push(open);
        Ok(())
    }

    fn put(&mut self, value: Value, anchor: usize, size: usize, line: usize) -> Result<(), Unread> {
        self.count(1, line)?;
        if anchor > 0 {
            self.anchors.insert(anchor, (value.clone(), size));
        }
        self.place(value, line)
    }

    fn place(&mut self, value: Value, line: usize) -> Result<(), Unread> {
        match self.open.last_mut() {
            None => self.whole = Some(value),
            Some(Open::List { items, .. }) => items.push(value),
            Some(Open::Map { fields, key, .. }) => match key.take() {
                // The last of two equal keys counts.
                Some(Key::Name(name)) => drop(fields.insert(name, value)),
                Some(Key::Merge) => merge(fields, value, line)?,
                None => {}
            },
        }
        Ok(())
    }

    fn key(&mut self, next: Key) {
        if let Some(Open::Map { key, .. }) = self.open.last_mut() {
            *key = Some(next);
        }
    }
}

/// Merges the mappings of `<<`; of several, the first that has a key wins.
fn merge(fields: &mut Map<String, Value>, value: Value, line: usize) -> Result<(), Unread> {
    let sources = match value {
        Value::Array(items) => items,
        other => vec![other],
    };
    for source in sources.into_iter().rev() {
        let Value::Object(source) = source else {
            return unread("map merge requires map or sequence of maps as the value", line);
        };
        fields.extend(source);
    }
    Ok(())
}

/// The type of a scalar, with its text if it is one.
enum Typed {
    Plain(Plain),
    Text(String),
}

fn typed(text: &str, is_plain: bool, tag: Option<&Tag>, line: usize) -> Result<Typed, Unread> {
    let resolved = |plain: Plain| match plain {
        Plain::Text | Plain::Time => Typed::Text(text.to_owned()),
        other => Typed::Plain(other),
    };
    let Some(tag) = tag.filter(|tag| tag.handle() == "tag:yaml.org,2002:") else {
        let is_tagged = tag.is_some();
        return Ok(if is_plain && !is_tagged { resolved(resolve(text)) } else { Typed::Text(text.to_owned()) });
    };
    let plain = resolve(text);
    match (tag.suffix(), plain) {
        ("null", Plain::Null)
        | ("bool", Plain::Bool(_))
        | ("int", Plain::Integer(_) | Plain::Unsigned(_))
        | ("float", Plain::Float(_)) => Ok(Typed::Plain(plain)),
        #[expect(clippy::cast_precision_loss, reason = "so does go-yaml")]
        ("float", Plain::Integer(number)) => Ok(Typed::Plain(Plain::Float(number as f64))),
        ("null" | "bool" | "int" | "float", _) => {
            unread(format!("cannot decode `{text}` as a !!{}", tag.suffix()), line)
        }
        ("binary", _) => {
            let compact: String = text.chars().filter(|letter| !matches!(letter, '\r' | '\n')).collect();
            let decoded = base64::engine::general_purpose::STANDARD.decode(compact);
            match decoded {
                Ok(bytes) => Ok(Typed::Text(String::from_utf8_lossy(&bytes).into_owned())),
                Err(_) => unread("!!binary value contains invalid base64 data", line),
            }
        }
        _ => Ok(Typed::Text(text.to_owned())),
    }
}

fn key(typed: Typed, line: usize) -> Result<String, Unread> {
    Ok(match typed {
        Typed::Text(text) => text,
        Typed::Plain(Plain::Bool(flag)) => flag.to_string(),
        Typed::Plain(Plain::Integer(number)) => number.to_string(),
        #[expect(clippy::cast_possible_truncation, reason = "so does sigs.k8s.io/yaml")]
        Typed::Plain(Plain::Float(number)) if number.is_finite() => general(&format!("{:e}", number as f32)),
        Typed::Plain(Plain::Float(number)) if number.is_nan() => ".nan".to_owned(),
        Typed::Plain(Plain::Float(number)) => if number > 0.0 { ".inf" } else { "-.inf" }.to_owned(),
        Typed::Plain(_) => return unread("unsupported map key", line),
    })
}

fn value(typed: Typed, line: usize) -> Result<Value, Unread> {
    Ok(match typed {
        Typed::Text(text) => Value::String(text),
        Typed::Plain(Plain::Bool(flag)) => Value::Bool(flag),
        Typed::Plain(Plain::Integer(number)) => Value::Number(number.into()),
        Typed::Plain(Plain::Unsigned(number)) => Value::Number(number.into()),
        Typed::Plain(Plain::Float(number)) => match whole(number) {
            Some(number) => Value::Number(number),
            None => return unread(format!("json: unsupported value: {number}"), line),
        },
        Typed::Plain(_) => Value::Null,
    })
}

/// Returns a number of JSON: one without a fraction is a whole number.
fn whole(number: f64) -> Option<serde_json::Number> {
    let digits = format!("{number}");
    let whole = digits.parse::<i64>().map(Into::into).or_else(|_| digits.parse::<u64>().map(Into::into));
    whole.ok().or_else(|| serde_json::Number::from_f64(number))
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn documents_are_read_as_json() {
        for (text, expected) in [
            (
                "a: on\nb: 0755\nc: 0999991\nd: 'on'\ne: \"12\"\nf: 1.0\n",
                r#"{"a":true,"b":493,"c":999991,"d":"on","e":"12","f":1}"#,
            ),
            ("N: a\n8: b\n1.5: c\n", r#"{"false":"a","8":"b","1.5":"c"}"#),
            ("a: [x, {b: ~}]\nc: 2024-01-01\n", r#"{"a":["x",{"b":null}],"c":"2024-01-01"}"#),
            ("a: 1\na: 2\n", r#"{"a":2}"#),
            ("x: &x {a: 1, b: 2}\nz: {<<: *x, b: 3}\n", r#"{"x":{"a":1,"b":2},"z":{"a":1,"b":3}}"#),
            ("a: !!str 1\nb: !!int \"3\"\nc: !!binary aGk=\nd: !own x\n", r#"{"a":"1","b":3,"c":"hi","d":"x"}"#),
        ] {
            assert_eq!(read(text).unwrap().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_none_is_refused_at_its_line() {
        for (text, line) in [
            ("a: b\nc: d: e\n", 2),
            ("a: *x\n", 1),
            ("a: .inf\n", 1),
            ("a: b\n~: c\n", 2),
            ("a: !!int b\n", 1),
            ("a:\n- b\n? [x]\n: c\n", 3),
        ] {
            assert_eq!(read(text).unwrap_err().line, Some(line), "{text}: {:?}", read(text));
        }
    }
}
