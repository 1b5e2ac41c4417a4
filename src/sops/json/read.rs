//! Reads JSON into values with their spans, typed as sops types them.

use std::collections::HashSet;
use std::ops::Range;

use super::members::Member;
use super::scan::Scanner;
use crate::sops::error::SopsError;
use crate::sops::parsed::{BLOCK, Document, Leaf, Node, NodeKind, Parsed, Style};
use crate::sops::path::{Path, Segment};
use crate::sops::value::{Value, ValueType};

/// The deepest nesting of objects and lists.
const DEEPEST: usize = 200;

/// Reads a JSON text.
pub(in crate::sops) fn read(text: &str) -> Result<Parsed, SopsError> {
    let mut reader = Reader::new(text, 0);
    if reader.scanner.peek() != Some(b'{') {
        let message = "SOPS wants an object ({…}) at the top".to_owned();
        return Err(SopsError::Shape { line: reader.scanner.line, message });
    }
    let start = reader.scanner.position;
    let members = reader.object(&Path::default())?;
    if reader.scanner.peek().is_some() {
        return Err(reader.scanner.wrong("something stands behind the object"));
    }
    let mut parsed = reader.parsed;
    parsed.documents.push(Document {
        block: block(&members),
        end: members.last().map_or(start.saturating_add(1), |member| member.value.end),
        column: 0,
        braces: false,
    });
    Ok(parsed)
}

/// Finds the span to cut for the plain text: the member and the comma that separates it from its neighbours.
fn block(members: &[Member]) -> Option<Range<usize>> {
    let place = members.iter().position(|member| member.name == BLOCK)?;
    let own = members.get(place)?;
    if let Some(before) = place.checked_sub(1).and_then(|place| members.get(place)) {
        return Some(before.value.end..own.value.end);
    }
    let end = members.get(place.saturating_add(1)).map_or(own.value.end, |next| next.key.start);
    Some(own.key.start..end)
}

pub(super) struct Reader<'a> {
    scanner: Scanner<'a>,
    parsed: Parsed,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str, position: usize) -> Self {
        Self { scanner: Scanner::new(text, position), parsed: Parsed::default() }
    }

    /// Reads the object at the reader's place for its members alone.
    pub(super) fn object_members(&mut self) -> Result<Vec<Member>, SopsError> {
        self.object(&Path::default())
    }

    fn object(&mut self, path: &Path) -> Result<Vec<Member>, SopsError> {
        self.scanner.take(b'{')?;
        let (mut members, mut seen) = (Vec::new(), HashSet::new());
        if self.scanner.took(b'}') {
            return Ok(members);
        }
        loop {
            let (key, name) = self.scanner.string()?;
            let name = name.expose().to_owned();
            if !seen.insert(name.clone()) {
                let message = format!("the key {name} stands there twice");
                return Err(SopsError::Shape { line: self.scanner.line, message });
            }
            self.scanner.take(b':')?;
            let value = self.entry(path.child(Segment::Key(name.clone())), key.clone())?;
            members.push(Member { name, key, value });
            if !self.scanner.took(b',') {
                self.scanner.take(b'}')?;
                return Ok(members);
            }
        }
    }

    fn list(&mut self, path: &Path) -> Result<(), SopsError> {
        self.scanner.take(b'[')?;
        if self.scanner.took(b']') {
            return Ok(());
        }
        for index in 0_usize.. {
            self.scanner.peek();
            let start = self.scanner.position;
            self.entry(path.child(Segment::Index(index)), start..start)?;
            if !self.scanner.took(b',') {
                break;
            }
        }
        self.scanner.take(b']')
    }

    fn entry(&mut self, path: Path, key: Range<usize>) -> Result<Range<usize>, SopsError> {
        let kind = match self.scanner.peek() {
            Some(b'{') => NodeKind::Mapping,
            Some(b'[') => NodeKind::List,
            _ => NodeKind::Scalar,
        };
        let (line, place) = (self.scanner.line, self.parsed.nodes.len());
        let braces = kind != NodeKind::Scalar;
        let end = key.end;
        self.parsed.nodes.push(Node {
            document: 0,
            path: path.clone(),
            kind,
            key,
            end,
            column: 0,
            line,
            in_flow: true,
            braces,
        });
        let value = self.value(&path)?;
        if let Some(node) = self.parsed.nodes.get_mut(place) {
            node.end = value.end;
        }
        Ok(value)
    }

    fn value(&mut self, path: &Path) -> Result<Range<usize>, SopsError> {
        if path.len() > DEEPEST {
            return Err(self.scanner.wrong("it nests too deeply"));
        }
        let next = self.scanner.peek();
        let start = self.scanner.position;
        let (span, style, value) = match next {
            Some(b'{') => {
                self.object(path)?;
                return Ok(start..self.scanner.position);
            }
            Some(b'[') => {
                self.list(path)?;
                return Ok(start..self.scanner.position);
            }
            Some(b'"') => {
                let (span, text) = self.scanner.string()?;
                (span, Style::Double, Value { kind: ValueType::Text, canonical: text })
            }
            _ => {
                let span = self.scanner.word();
                let word = self.scanner.text.get(span.clone()).unwrap_or_default();
                let value = scalar(word).ok_or_else(|| self.scanner.wrong("a value is missing, or is not JSON"))?;
                (span, Style::Plain, value)
            }
        };
        let leaf = Leaf {
            document: 0,
            path: path.clone(),
            value,
            span: span.clone(),
            style,
            in_flow: true,
            column: 0,
            line: self.scanner.line,
            alias: false,
            decorated: false,
        };
        let metadata = path.keys().next() == Some(BLOCK);
        if metadata {
            self.parsed.metadata.push(leaf);
        } else {
            self.parsed.leaves.push(leaf);
        }
        Ok(span)
    }
}

/// Reads a value without quotes. A number is whole if it is written so and has 64 bits at most, else it is floating.
pub(super) fn scalar(word: &str) -> Option<Value> {
    Some(match word {
        "null" => Value::null(),
        "true" => Value::boolean(true),
        "false" => Value::boolean(false),
        _ if !is_number(word) => return None,
        _ => match word.parse() {
            Ok(whole) => Value::integer(whole),
            Err(_) => Value::float(word.parse().ok().filter(|number: &f64| number.is_finite())?),
        },
    })
}

/// Tells whether a word is a number of JSON, which has no `+1`, `.5` or `01`.
fn is_number(word: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let word = word.strip_prefix('-').unwrap_or(word);
    let (word, exponent) = word.split_once(['e', 'E']).map_or((word, None), |(word, after)| (word, Some(after)));
    let (whole, fraction) = word.split_once('.').map_or((word, None), |(word, after)| (word, Some(after)));
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|after| digits(after.strip_prefix(['+', '-']).unwrap_or(after)))
}

/// Reads a text as a value of one kind.
pub(super) fn typed(kind: ValueType, text: &str) -> Option<Value> {
    let value = scalar(text)?;
    match (kind, value.kind) {
        (ValueType::Float, ValueType::Integer) => text.parse().ok().map(Value::float),
        (wanted, found) if wanted == found => Some(value),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{read, scalar};
    use crate::sops::value::ValueType;

    #[test]
    fn values_know_their_bytes_and_the_block_its_comma() {
        let text =
            "{\n\t\"a\": \"x\\u00e9\\ud83d\\ude00\",\n\t\"l\": [1, {\"b\": 2.50}],\n\t\"sops\": {\"mac\": \"m\"}\n}\n";
        let parsed = read(text).unwrap();
        let shown: Vec<_> = parsed
            .leaves
            .iter()
            .map(|leaf| {
                (leaf.path.pointer(), leaf.value.canonical.expose(), text.get(leaf.span.clone()).unwrap(), leaf.line)
            })
            .collect();
        assert_eq!(
            shown,
            [
                ("/a".to_owned(), "xé😀", "\"x\\u00e9\\ud83d\\ude00\"", 2),
                ("/l/0".to_owned(), "1", "1", 3),
                ("/l/1/b".to_owned(), "2.5", "2.50", 3)
            ]
        );
        let block = parsed.documents[0].block.clone().unwrap();
        assert_eq!(text.get(block).unwrap(), ",\n\t\"sops\": {\"mac\": \"m\"}");
        let first = "{\"sops\": {}, \"a\": 1}";
        let block = read(first).unwrap().documents[0].block.clone().unwrap();
        assert_eq!(first.get(block).unwrap(), "\"sops\": {}, ");
    }

    #[test]
    fn numbers_are_whole_where_they_fit() {
        let kind = |word| scalar(word).map(|value| (value.kind, value.canonical.expose().to_owned()));
        for (word, value) in [
            ("5", Some((ValueType::Integer, "5"))),
            ("9007199254740993", Some((ValueType::Integer, "9007199254740993"))),
            ("1.0", Some((ValueType::Float, "1"))),
            ("1e3", Some((ValueType::Float, "1000"))),
            ("9223372036854775808", Some((ValueType::Float, "9223372036854776000"))),
            ("01", None),
            ("+1", None),
            (".5", None),
            ("1e999", None),
            ("NaN", None),
        ] {
            assert_eq!(kind(word), value.map(|(kind, text)| (kind, text.to_owned())), "{word}");
        }
    }

    #[test]
    fn what_is_not_json_is_told_with_its_place() {
        let wrong = |text: &str| read(text).unwrap_err().to_string();
        assert_eq!(wrong("[1]"), "line 1: SOPS wants an object ({…}) at the top");
        assert_eq!(wrong("{\"a\": 1,\n \"a\": 2}"), "line 2: the key a stands there twice");
        assert_eq!(wrong("{\n  \"a\": }"), "line 2, column 8: a value is missing, or is not JSON");
        assert_eq!(wrong("{\"a\": \"b"), "line 1, column 8: a string does not end");
        assert_eq!(wrong("{\"a\": \"\\ud83d\"}"), "line 1, column 8: an escape in a string is not JSON");
        assert_eq!(wrong("{} x"), "line 1, column 4: something stands behind the object");
        assert!(wrong(&"{\"a\":".repeat(300)).contains("nests too deeply"));
    }
}
