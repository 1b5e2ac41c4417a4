//! YAML that all readers parse alike, as values; other texts are refused with the reason.
//!
//! kustomize reads YAML 1.1 by go-yaml, and each ambiguity is a way past an earlier check: duplicate keys, tags, line
//! ends that only one of both knows. The parsed values are written anew, so that kustomize reads what was checked.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use granit_parser::{Event, Parser, ScalarStyle, Tag};

use super::{Mapping, Number, Value};

/// The most values of a text with its aliases expanded; a few nested aliases can become billions.
const MOST_VALUES: usize = 100_000;

/// Explains why a text is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It is no YAML.
    Syntax(String),
    /// Two readers may parse it differently, or it is too large.
    Doubtful(String),
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Syntax(why) | Self::Doubtful(why) => f.write_str(why),
        }
    }
}

fn doubtful<T>(why: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Doubtful(why.into()))
}

/// Reads all documents of a text, aliases and merge keys resolved.
///
/// # Errors
/// Explains why it is refused.
pub fn documents(text: &str) -> Result<Vec<Value>, Refusal> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Some(odd) = text.chars().find(|letter| is_odd(*letter)) {
        return doubtful(format!("it holds the character U+{:04X}, which parsers read differently", u32::from(odd)));
    }
    // Nested brackets cost time before the parser reports anything.
    super::within_bounds(text).map_err(|beyond| Refusal::Doubtful(beyond.why))?;
    let options = granit_parser::options! {
        // libyaml, from which go-yaml comes, reads a block at the very end of a file so.
        block_scalar_eof_without_line_feed: true,
        emit_comments: false,
    };
    let mut tree = Tree::default();
    for next in Parser::new_from_str_with_options(text, options) {
        let (event, _) =
            next.map_err(|error| Refusal::Syntax(format!("{} at line {}", error.info(), error.marker().line())))?;
        tree.take(event)?;
    }
    Ok(tree.documents)
}

/// Writes a value as JSON, which is YAML with all texts quoted, without any character that a reader could take for a
/// line end.
///
/// # Errors
/// Fails if a value has no such form.
pub fn write(value: &Value) -> Result<String, serde_json::Error> {
    let mut written = String::new();
    for letter in serde_json::to_string(value)?.chars() {
        if is_odd(letter) || letter == '\u{feff}' {
            // All of them are in texts, and have four digits.
            let _written = write!(written, "\\u{:04x}", u32::from(letter));
        } else {
            written.push(letter);
        }
    }
    written.push('\n');
    Ok(written)
}

/// Tells whether a character is a line end to some readers, or no character to others.
fn is_odd(letter: char) -> bool {
    matches!(letter, '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}')
        || (letter < ' ' && !matches!(letter, '\t' | '\n' | '\r'))
}

#[derive(Default)]
struct Tree {
    documents: Vec<Value>,
    open: Vec<Open>,
    anchors: HashMap<usize, (Value, usize)>,
    /// The number of values, with aliases expanded.
    values: usize,
}

enum Open {
    List { items: Vec<Value>, anchor: usize, before: usize },
    Map { fields: Mapping, merged: HashSet<String>, key: Option<Key>, anchor: usize, before: usize },
}

enum Key {
    Name(String),
    Merge,
}

impl Tree {
    fn take(&mut self, event: Event<'_>) -> Result<(), Refusal> {
        match event {
            Event::DocumentStart(..) => self.anchors.clear(),
            Event::Scalar(text, style, anchor, tag) => {
                let is_plain = style == ScalarStyle::Plain;
                if self.awaits_key() && is_plain && tag.is_none() && text == "<<" {
                    return self.key(Key::Merge);
                }
                let value = match tag.as_deref() {
                    Some(tag) if is_core(tag, "str") => Value::String(text.into_owned()),
                    Some(tag) => return odd_tag(tag),
                    None if is_plain => resolve(&text)?,
                    None => Value::String(text.into_owned()),
                };
                self.put(value, anchor, 1)?;
            }
            Event::SequenceStart(_, anchor, tag) => {
                tag.as_deref().filter(|tag| !is_core(tag, "seq")).map_or(Ok(()), odd_tag)?;
                self.begin(Open::List { items: Vec::new(), anchor, before: self.values })?;
            }
            Event::MappingStart(_, anchor, tag) => {
                tag.as_deref().filter(|tag| !is_core(tag, "map")).map_or(Ok(()), odd_tag)?;
                let (fields, merged) = (Mapping::new(), HashSet::new());
                self.begin(Open::Map { fields, merged, key: None, anchor, before: self.values })?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let (value, anchor, before) = match self.open.pop() {
                    Some(Open::List { items, anchor, before }) => (Value::Sequence(items), anchor, before),
                    Some(Open::Map { fields, anchor, before, .. }) => (Value::Mapping(fields), anchor, before),
                    None => return Ok(()),
                };
                let size = self.values.saturating_sub(before).saturating_add(1);
                self.put(value, anchor, size)?;
            }
            Event::Alias(anchor) => {
                // The value of an alias is unknown inside of itself.
                let Some(size) = self.anchors.get(&anchor).map(|(_, size)| *size) else {
                    return doubtful("an alias stands for what it is part of");
                };
                self.count(size)?;
                let value = self.anchors.get(&anchor).map(|(value, _)| value.clone()).unwrap_or_default();
                self.place(value)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn awaits_key(&self) -> bool {
        matches!(self.open.last(), Some(Open::Map { key: None, .. }))
    }

    fn count(&mut self, size: usize) -> Result<(), Refusal> {
        self.values = self.values.saturating_add(size);
        if self.values > MOST_VALUES {
            return doubtful(format!(
                "it holds more than {MOST_VALUES} values, aliases counted as what they stand for"
            ));
        }
        Ok(())
    }

    fn begin(&mut self, open: Open) -> Result<(), Refusal> {
        if self.awaits_key() {
            return doubtful("a key is not plain text");
        }
        self.count(0)?;
        self.open.push(open);
        Ok(())
    }

    /// Adds a whole value.
    fn put(&mut self, value: Value, anchor: usize, size: usize) -> Result<(), Refusal> {
        self.count(1)?;
        if anchor > 0 {
            // The anchor keeps a second copy.
            self.count(size)?;
            self.anchors.insert(anchor, (value.clone(), size));
        }
        self.place(value)
    }

    fn place(&mut self, value: Value) -> Result<(), Refusal> {
        if self.awaits_key() {
            let name = match value {
                Value::String(text) => text,
                // Keys of labels are sometimes ports.
                Value::Number(number) if !number.is_f64() => number.to_string(),
                _ => return doubtful("a key is not plain text"),
            };
            return self.key(Key::Name(name));
        }
        match self.open.last_mut() {
            None => self.documents.push(value),
            Some(Open::List { items, .. }) => items.push(value),
            Some(Open::Map { fields, merged, key, .. }) => match key.take() {
                Some(Key::Name(name)) => {
                    merged.remove(&name);
                    fields.insert(name.into(), value);
                }
                Some(Key::Merge) => merge(fields, merged, value)?,
                None => {}
            },
        }
        Ok(())
    }

    fn key(&mut self, next: Key) -> Result<(), Refusal> {
        if let Some(Open::Map { fields, merged, key, .. }) = self.open.last_mut() {
            if let Key::Name(name) = &next
                && fields.contains_key(name.as_str())
                && !merged.contains(name)
            {
                return doubtful(format!("the key {name} stands twice in one mapping"));
            }
            *key = Some(next);
        }
        Ok(())
    }
}

/// Merges the mappings of `<<` into a mapping: of several, the first that has a key wins, and later keys win over all
/// of them.
fn merge(fields: &mut Mapping, merged: &mut HashSet<String>, value: Value) -> Result<(), Refusal> {
    let sources = match value {
        Value::Sequence(items) => items,
        other => vec![other],
    };
    let mut added = Mapping::new();
    for source in sources {
        let Value::Mapping(source) = source else { return doubtful("<< names something that is not a mapping") };
        for (key, value) in source {
            if !added.contains_key(&key) {
                added.insert(key, value);
            }
        }
    }
    for (key, value) in added {
        if fields.contains_key(&key) {
            return doubtful("<< follows a key that it brings too, and readers differ in which counts");
        }
        merged.extend(key.as_str().map(str::to_owned));
        fields.insert(key, value);
    }
    Ok(())
}

fn is_core(tag: &Tag, name: &str) -> bool {
    tag.handle() == "tag:yaml.org,2002:" && tag.suffix() == name
}

fn odd_tag(tag: &Tag) -> Result<(), Refusal> {
    doubtful(format!("it holds the tag {}{}, which parsers read differently", tag.handle(), tag.suffix()))
}

/// Returns the value of a plain scalar in YAML 1.1, as go-yaml resolves it.
fn resolve(text: &str) -> Result<Value, Refusal> {
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "y" | "Y" => Value::Bool(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "n" | "N" => Value::Bool(false),
        _ => {
            let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
            if !digits.starts_with(|letter: char| letter.is_ascii_digit() || letter == '.') {
                return Ok(Value::String(text.to_owned()));
            }
            return number(text, digits);
        }
    })
}

fn number(text: &str, digits: &str) -> Result<Value, Refusal> {
    let is_decimal = digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_decimal && (digits == "0" || !digits.starts_with('0')) {
        let number = text.trim_start_matches('+');
        if let Ok(number) = number.parse::<i64>() {
            return Ok(Value::Number(number.into()));
        }
        if let Ok(number) = number.parse::<u64>() {
            return Ok(Value::Number(number.into()));
        }
        return doubtful(format!("the number {text} is too large"));
    }
    let lower = digits.to_ascii_lowercase();
    let is_other_base = ["0x", "0b", "0o"].iter().any(|start| lower.starts_with(start));
    let without = digits.replace('_', "");
    let is_float =
        without.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'-' | b'+'))
            && without.parse::<f64>().is_ok();
    if is_other_base
        || matches!(&*lower, ".inf" | ".nan")
        || (is_float && (is_decimal || without.len() != digits.len()))
    {
        return doubtful(format!("not every reader takes {text} for the same number; quote it"));
    }
    if is_float && let Ok(number) = text.parse::<f64>() {
        return Ok(Value::Number(Number::from(number)));
    }
    Ok(Value::String(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> serde_json::Value {
        let read = documents(text).unwrap();
        let written: Vec<String> = read.iter().map(|value| write(value).unwrap()).collect();
        // Both readers read the written text as the same values.
        assert_eq!(documents(&written.join("---\n")).unwrap(), read);
        assert_eq!(crate::yaml::documents_as::<Value>(&written.join("---\n")).unwrap(), read);
        serde_json::to_value(read).unwrap()
    }

    #[test]
    fn what_all_readers_take_alike_is_read_and_written_anew() {
        for (text, expected) in [
            (
                "a: [x, 'yes', yes, 1, -2, 1.5, ~, 1.2.3, 10m, 1e3]",
                r#"[{"a":["x","yes",true,1,-2,1.5,null,"1.2.3","10m",1000.0]}]"#,
            ),
            ("\u{feff}a: b\r\nc: |\r\n  d\r\n  e\r\n", r#"[{"a":"b","c":"d\ne\n"}]"#),
            ("a: &x {b: c}\nd: *x\n", r#"[{"a":{"b":"c"},"d":{"b":"c"}}]"#),
            ("<<: {a: 1, b: 2}\nb: 3\n", r#"[{"a":1,"b":3}]"#),
            ("<<: [{a: 1}, {a: 2, b: 2}]\n", r#"[{"a":1,"b":2}]"#),
            ("'<<': {a: 1}\n8080: x\n", r#"[{"<<":{"a":1},"8080":"x"}]"#),
            ("a: !!str 1\n---\nb: \"\\u2028\\u00ff\\x7f\"\n...\n", "[{\"a\":\"1\"},{\"b\":\"\u{2028}\u{ff}\u{7f}\"}]"),
            ("# x\rresources: [a]\r", r#"[{"resources":["a"]}]"#),
        ] {
            assert_eq!(json(text).to_string(), expected, "{text:?}");
        }
    }

    #[test]
    fn what_readers_differ_in_is_refused() {
        for text in [
            "a: 1\na: 2\n",
            "a: 1\n<<: {a: 2}\n",
            "<<: b\n",
            "a: !!binary aGVsbG8=\n",
            "a: !own b\n",
            "a: !!map [b]\n",
            "? [a]\n: b\n",
            "a: 010\n",
            "a: 0x1f\n",
            "a: 1_000\n",
            "a: .inf\n",
            "a: b # c\u{2028}d: e\n",
            "a: b # c\u{85}d: e\n",
        ] {
            assert!(matches!(documents(text), Err(Refusal::Doubtful(_))), "{text:?}: {:?}", documents(text));
        }
        assert!(matches!(documents("a: [\n"), Err(Refusal::Syntax(_))));
    }

    #[test]
    fn aliases_are_counted_before_they_are_expanded() {
        let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
        for level in 1..10 {
            let held = vec![format!("*a{}", level - 1); 10].join(",");
            bomb = [bomb, format!("a{level}: &a{level} [{held}]\n")].concat();
        }
        assert!(matches!(documents(&bomb), Err(Refusal::Doubtful(why)) if why.contains("aliases")));
    }
}
