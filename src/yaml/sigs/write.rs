//! Writing a value as go-yaml v2 does: blocks of two spaces, lists at the indentation of their key, lines folded after
//! the eightieth column.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde_json::Value;

use super::scalar::{self, Plain, resolve};

/// The column after which a line is folded at the next space.
const WIDTH: usize = 80;

/// The longest key on the line of its value.
const LONGEST_KEY: usize = 128;

/// Writes a value, keys sorted.
pub fn write(value: &Value) -> String {
    let mut writer = Writer { is_blank: true, is_indented: true, ..Writer::default() };
    writer.node(value, None, false);
    writer.line(None);
    writer.out
}

#[derive(Default)]
struct Writer {
    out: String,
    column: usize,
    /// Whether the last written character is a space.
    is_blank: bool,
    /// Whether the line has only indentation and indicators.
    is_indented: bool,
}

/// Lists the allowed forms of a scalar (`yaml_emitter_analyze_scalar`).
struct Forms {
    is_multiline: bool,
    plain: bool,
    single: bool,
    block: bool,
}

impl Writer {
    /// Writes a value; `indent` is that of its parent.
    fn node(&mut self, value: &Value, indent: Option<usize>, in_mapping: bool) {
        match value {
            Value::Null => self.plain("null", indent, false),
            Value::Bool(flag) => self.plain(if *flag { "true" } else { "false" }, indent, false),
            Value::Number(number) => self.plain(&written(number), indent, false),
            Value::String(text) => self.text(text, indent, false),
            Value::Array(items) if items.is_empty() => self.indicator("[]", true, false, false),
            Value::Object(fields) if fields.is_empty() => self.indicator("{}", true, false, false),
            Value::Array(items) => {
                let is_flush = in_mapping && !self.is_indented;
                let indent = if is_flush { indent } else { Some(deeper(indent)) };
                for item in items {
                    self.line(indent);
                    self.indicator("-", true, false, true);
                    self.node(item, indent, false);
                }
            }
            Value::Object(fields) => {
                let indent = Some(deeper(indent));
                let sorted: BTreeMap<Key<'_>, &Value> = fields.iter().map(|(key, value)| (Key(key), value)).collect();
                for (Key(key), value) in sorted {
                    self.line(indent);
                    if key.len() <= LONGEST_KEY && !key.contains(is_break) {
                        self.text(key, indent, true);
                        self.indicator(":", false, false, false);
                    } else {
                        self.indicator("?", true, false, true);
                        self.text(key, indent, false);
                        self.line(indent);
                        self.indicator(":", true, false, true);
                    }
                    self.node(value, indent, true);
                }
            }
        }
    }

    fn text(&mut self, text: &str, indent: Option<usize>, is_key: bool) {
        let forms = forms(text);
        if text.contains('\n') {
            return if forms.block && !is_key { self.literal(text, indent) } else { self.double(text, indent, is_key) };
        }
        let is_text = resolve(text) == Plain::Text && !scalar::is_base_60(text);
        if !is_text || forms.is_multiline {
            self.double(text, indent, is_key);
        } else if forms.plain {
            self.plain(text, indent, is_key);
        } else if forms.single {
            self.single(text, indent, is_key);
        } else {
            self.double(text, indent, is_key);
        }
    }

    /// Begins a line, unless the current one is empty.
    fn line(&mut self, indent: Option<usize>) {
        let indent = indent.unwrap_or_default();
        if !self.is_indented || self.column > indent || (self.column == indent && !self.is_blank) {
            self.end_line();
        }
        while self.column < indent {
            self.put(' ');
        }
        self.is_blank = true;
        self.is_indented = true;
    }

    fn end_line(&mut self) {
        self.out.push('\n');
        self.column = 0;
    }

    fn put(&mut self, letter: char) {
        self.out.push(letter);
        // A line end of another kind resets the column.
        self.column = if is_break(letter) { 0 } else { self.column.saturating_add(1) };
    }

    fn indicator(&mut self, text: &str, needs_space: bool, is_blank: bool, keeps_indentation: bool) {
        if needs_space && !self.is_blank {
            self.put(' ');
        }
        text.chars().for_each(|letter| self.put(letter));
        self.is_blank = is_blank;
        self.is_indented &= keeps_indentation;
    }

    fn end_scalar(&mut self) {
        self.is_blank = false;
        self.is_indented = false;
    }

    /// Tells whether the line is folded at a space; the next letter follows it.
    fn folds(&self, next: Option<&char>, after_space: bool, is_key: bool) -> bool {
        !is_key && !after_space && self.column > WIDTH && next != Some(&' ')
    }

    fn plain(&mut self, text: &str, indent: Option<usize>, is_key: bool) {
        if !self.is_blank && !text.is_empty() {
            self.put(' ');
        }
        let mut after_space = false;
        let mut letters = text.chars().peekable();
        while let Some(letter) = letters.next() {
            if letter == ' ' && self.folds(letters.peek(), after_space, is_key) {
                self.line(Some(deeper(indent)));
            } else {
                self.put(letter);
            }
            after_space = letter == ' ';
            self.is_indented &= after_space;
        }
        self.end_scalar();
    }

    fn single(&mut self, text: &str, indent: Option<usize>, is_key: bool) {
        self.indicator("'", true, false, false);
        let mut after_space = true;
        let mut letters = text.chars().peekable();
        while let Some(letter) = letters.next() {
            let is_inside = letters.peek().is_some();
            if letter == ' ' && is_inside && self.folds(letters.peek(), after_space, is_key) {
                self.line(Some(deeper(indent)));
            } else {
                if letter == '\'' {
                    self.put('\'');
                }
                self.put(letter);
            }
            after_space = letter == ' ';
            self.is_indented = false;
        }
        self.indicator("'", false, false, false);
        self.end_scalar();
    }

    fn double(&mut self, text: &str, indent: Option<usize>, is_key: bool) {
        self.indicator("\"", true, false, false);
        let mut after_space = true;
        let mut letters = text.chars().peekable();
        while let Some(letter) = letters.next() {
            if let Some(escaped) = escape(letter) {
                escaped.chars().for_each(|letter| self.put(letter));
            } else if letter == ' ' && letters.peek().is_some() && !is_key && !after_space && self.column > WIDTH {
                self.line(Some(deeper(indent)));
                if letters.peek() == Some(&' ') {
                    self.put('\\');
                }
            } else {
                self.put(letter);
            }
            after_space = letter == ' ';
        }
        self.indicator("\"", false, false, false);
        self.end_scalar();
    }

    fn literal(&mut self, text: &str, indent: Option<usize>) {
        self.indicator("|", true, false, false);
        if text.starts_with(|letter| letter == ' ' || is_break(letter)) {
            self.indicator("2", false, false, false);
        }
        let mut ends = text.chars().rev().map(is_break);
        match (ends.next(), ends.next()) {
            (Some(true), Some(true) | None) => self.indicator("+", false, false, false),
            (Some(true), Some(false)) => {}
            _ => self.indicator("-", false, false, false),
        }
        self.end_line();
        self.is_indented = true;
        self.is_blank = true;
        let mut after_break = true;
        for letter in text.chars() {
            if is_break(letter) {
                self.put(letter);
                self.is_indented = true;
                after_break = true;
            } else {
                if after_break {
                    self.line(Some(deeper(indent)));
                }
                self.put(letter);
                self.is_indented = false;
                after_break = false;
            }
        }
    }
}

fn deeper(indent: Option<usize>) -> usize {
    indent.map_or(0, |indent| indent.saturating_add(2))
}

fn written(number: &serde_json::Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() => {
            // A float without a fraction passes through as a whole number.
            let (digits, is_whole) = (format!("{float}"), float.fract() == 0.0 && float.abs() < 1e19);
            if is_whole { digits } else { scalar::general(&format!("{float:e}")) }
        }
        _ => number.to_string(),
    }
}

fn is_break(letter: char) -> bool {
    matches!(letter, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// The characters that go-yaml considers printable: none beyond the first plane, no tab and no carriage return.
fn is_printable(letter: char) -> bool {
    matches!(letter, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
}

fn escape(letter: char) -> Option<String> {
    let short = match letter {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '"' => '"',
        '\\' => '\\',
        '\u{85}' => 'N',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        letter if is_printable(letter) => return None,
        letter => {
            let code = u32::from(letter);
            return Some(match code {
                0..=0xff => format!("\\x{code:02X}"),
                0x100..=0xffff => format!("\\u{code:04X}"),
                _ => format!("\\U{code:08X}"),
            });
        }
    };
    Some(format!("\\{short}"))
}

fn forms(text: &str) -> Forms {
    if text.is_empty() {
        return Forms { is_multiline: false, plain: true, single: true, block: false };
    }
    let is_blank = |letter: Option<char>| letter.is_none_or(|letter| letter == ' ' || letter == '\t');
    let mut indicators = text.starts_with("---") || text.starts_with("...");
    let (mut breaks, mut special, mut break_space, mut space_break) = (false, false, false, false);
    let mut previous: Option<char> = None;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        // A line end counts as a blank before a word, but not after one.
        let follows = is_blank(letters.peek().copied());
        let precedes = is_blank(previous) || previous.is_some_and(is_break) || previous == Some('\0');
        indicators |= match letter {
            '#' => precedes,
            ':' => follows,
            '?' | '-' if previous.is_none() => follows,
            ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => {
                previous.is_none()
            }
            _ => false,
        };
        special |= !is_printable(letter);
        breaks |= is_break(letter);
        break_space |= letter == ' ' && previous.is_some_and(is_break);
        space_break |= is_break(letter) && previous == Some(' ');
        previous = Some(letter);
    }
    let is_edge = |letter: Option<char>| letter.is_some_and(|letter| letter == ' ' || is_break(letter));
    let edges = is_edge(text.chars().next()) || is_edge(previous);
    Forms {
        is_multiline: breaks,
        plain: !(indicators || edges || breaks || special),
        single: !(break_space || space_break || special),
        block: !(previous == Some(' ') || space_break || special),
    }
}

/// A key in go-yaml's order (`keyList`): numbers within it count by their value, letters come last.
#[derive(PartialEq, Eq)]
struct Key<'a>(&'a str);

impl PartialOrd for Key<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let (own, others): (Vec<char>, Vec<char>) = (self.0.chars().collect(), other.0.chars().collect());
        let Some(at) = own.iter().zip(&others).position(|(a, b)| a != b) else { return own.len().cmp(&others.len()) };
        let first = |letters: &[char]| letters.get(at).copied().unwrap_or_default();
        let (a, b) = (first(&own), first(&others));
        match (a.is_alphabetic(), b.is_alphabetic()) {
            (true, true) => return a.cmp(&b),
            (true, false) => return Ordering::Greater,
            (false, true) => return Ordering::Less,
            (false, false) => {}
        }
        let before = own.iter().take(at).rev().take_while(|letter| letter.is_ascii_digit());
        let is_within = (a == '0' || b == '0') && before.clone().any(|letter| *letter != '0');
        let number = |letters: &[char]| {
            let digits = letters.iter().skip(at).map_while(|letter| letter.to_digit(10));
            digits.fold((u64::from(is_within), 0_usize), |(number, count), digit| {
                (number.wrapping_mul(10).wrapping_add(u64::from(digit)), count.saturating_add(1))
            })
        };
        number(&own).cmp(&number(&others)).then(a.cmp(&b))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::write;
    use crate::yaml::sigs::read;

    #[test]
    fn values_are_written_as_go_yaml_writes_them() {
        for (value, expected) in [
            (
                json!({"b": [1, {"x": 1, "y": []}], "a": {}, "a10": null, "a9": true}),
                "a: {}\na9: true\na10: null\nb:\n- 1\n- x: 1\n  \"y\": []\n",
            ),
            (
                json!({"a": "${X}", "b": "on", "c": "'x", "d": "", "e": "x: y", "f": " x"}),
                "a: ${X}\nb: \"on\"\nc: '''x'\nd: \"\"\ne: 'x: y'\nf: ' x'\n",
            ),
            (
                json!({"a": "x\ny\n", "b": "x\n\ny", "c": "\n", "d": " x\n"}),
                "a: |\n  x\n  y\nb: |-\n  x\n\n  y\nc: |2+\n\nd: |2\n   x\n",
            ),
            (json!({"a": "\ttab", "b": "\u{1f600}"}), "a: \"\\ttab\"\nb: \"\\U0001F600\"\n"),
            (json!([[1], ["a"]]), "- - 1\n- - a\n"),
        ] {
            assert_eq!(write(&value), expected);
            assert_eq!(read(expected).unwrap(), value);
        }
        let long: Vec<String> = (0..40).map(|number| format!("word{number}")).collect();
        for text in [long.join(" "), format!("'{}'", long.join(" ")), format!("\t{}", long.join(" "))] {
            let value: Value = json!({"a": {"b": [text]}});
            let written = write(&value);
            assert!(written.lines().all(|line| line.len() < 96) && written.lines().count() > 3, "{written}");
            assert_eq!(read(&written).unwrap(), value, "{written}");
        }
    }
}
