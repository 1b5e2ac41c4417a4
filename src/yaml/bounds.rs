//! Measures a text before it is parsed: the depth of its nesting, the size of its expanded aliases, the number of its
//! documents.
//!
//! One pass over the bytes is enough for nearly every text: it has few brackets, and no alias. Only the others are read
//! event by event, which takes about as long as parsing does, and expands nothing.

use std::collections::HashMap;

use granit_parser::{ErrorKind, Event, Options, Parser};

/// The deepest nesting of lists and mappings; the YAML library stops there, too, but only after it has split the text.
const DEEPEST: usize = 128;

/// The most that all aliases of a text may expand to, in bytes of text and [`NODE`] for each value.
const EXPANSION: usize = 4 * 1024 * 1024;

/// The weight of a value beside its text.
const NODE: usize = 16;

/// The most documents in one text.
const DOCUMENTS: usize = 20_000;

/// The most lines that begin with `%`: the library compares each with all before it.
const DIRECTIVES: usize = 100;

/// The number of brackets that cannot cost time, however they are nested.
const FEW_BRACKETS: usize = 1_000;

/// The number of aliases that cannot expand a text much, however they are nested.
const FEW_ALIASES: usize = 8;

/// Describes the place at which a text exceeds a bound, and which one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beyond {
    /// The line, counted from 1.
    pub line: usize,
    /// The thing of which there is too much.
    pub why: String,
}

/// Refuses a text that would become too deep or too large.
///
/// # Errors
/// Describes the exceeded bound, and the place.
pub fn check(text: &str) -> Result<(), Beyond> {
    let seen = look(text)?;
    if seen.brackets <= FEW_BRACKETS && !(seen.anchors && seen.aliases > 0) {
        return Ok(());
    }
    count(text, seen.aliases)
}

/// The result of one pass over the bytes; each number is an upper bound.
struct Seen {
    brackets: usize,
    anchors: bool,
    aliases: usize,
}

fn look(text: &str) -> Result<Seen, Beyond> {
    let mut seen = Seen { brackets: 0, anchors: false, aliases: 0 };
    let (mut line, mut documents, mut directives) = (1, 0, 0);
    let bytes = text.as_bytes();
    let mut before = b'\n';
    for (at, &byte) in bytes.iter().enumerate() {
        match byte {
            b'[' | b'{' => seen.brackets += 1,
            b'&' | b'*' if begins(before) && bytes.get(at + 1).is_some_and(|&next| is_name(next)) => {
                if byte == b'&' {
                    seen.anchors = true;
                } else {
                    seen.aliases += 1;
                }
            }
            b'-' if before == b'\n' && bytes.get(at..at + 3) == Some(b"---".as_slice()) => {
                documents += 1;
                if documents > DOCUMENTS {
                    return Err(Beyond { line, why: format!("it has more than {DOCUMENTS} documents") });
                }
            }
            b'%' if before == b'\n' => {
                directives += 1;
                if directives > DIRECTIVES {
                    return Err(Beyond { line, why: format!("it has more than {DIRECTIVES} directives") });
                }
            }
            b'\n' => line += 1,
            _ => {}
        }
        before = byte;
    }
    Ok(seen)
}

/// Tells whether an anchor or an alias may begin after this byte.
fn begins(before: u8) -> bool {
    before.is_ascii_whitespace() || matches!(before, b'[' | b'{' | b',' | b':' | b'"' | b'\'') || !before.is_ascii()
}

/// Tells whether the name of an anchor may contain this byte.
fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') || !byte.is_ascii()
}

/// Reads the text event by event.
fn count(text: &str, aliases: usize) -> Result<(), Beyond> {
    let mut options = Options::default();
    options.set_emit_comments(false);
    let mut scale = Scale::default();
    for next in Parser::new_from_str_with_options(text, options) {
        match next {
            Ok((event, span)) => {
                scale.take(&event).map_err(|why| Beyond { line: span.start.line(), why })?;
            }
            Err(error) if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) => {
                return Err(Beyond { line: error.marker().line(), why: too_deep() });
            }
            // The two parsers accept different texts as YAML, and this one must not judge that; if it cannot count, a
            // text passes only if it cannot expand much.
            Err(_)
                if aliases <= FEW_ALIASES
                    && text.bytes().filter(|byte| b"[{".contains(byte)).count() <= FEW_BRACKETS =>
            {
                return Ok(());
            }
            Err(error) => return Err(Beyond { line: error.marker().line(), why: error.info() }),
        }
    }
    Ok(())
}

fn too_deep() -> String {
    format!("its lists and mappings stand more than {DEEPEST} deep in each other")
}

/// Weighs anchored values, and their aliases.
#[derive(Default)]
struct Scale {
    /// The anchor of each open list or mapping (zero for none), and the weight when it began.
    open: Vec<(usize, usize)>,
    anchored: HashMap<usize, usize>,
    /// The weight so far, with aliases expanded.
    weight: usize,
    /// The aliases' part of it.
    expanded: usize,
}

impl Scale {
    fn take(&mut self, event: &Event<'_>) -> Result<(), String> {
        match event {
            Event::DocumentStart(..) => self.anchored.clear(),
            Event::MappingStart(_, anchor, _) | Event::SequenceStart(_, anchor, _) => {
                self.open.push((*anchor, self.weight));
                if self.open.len() > DEEPEST {
                    return Err(too_deep());
                }
                self.weight = self.weight.saturating_add(NODE);
            }
            Event::MappingEnd | Event::SequenceEnd => {
                if let Some((anchor, before)) = self.open.pop()
                    && anchor != 0
                {
                    self.anchored.insert(anchor, self.weight.saturating_sub(before));
                }
            }
            Event::Scalar(text, _, anchor, _) => {
                let weight = text.len().saturating_add(NODE);
                self.weight = self.weight.saturating_add(weight);
                if *anchor != 0 {
                    self.anchored.insert(*anchor, weight);
                }
            }
            Event::Alias(anchor) => {
                let Some(weight) = self.anchored.get(anchor) else {
                    return Err("an alias stands inside its own anchor".to_owned());
                };
                self.weight = self.weight.saturating_add(*weight);
                self.expanded = self.expanded.saturating_add(*weight);
                if self.expanded > EXPANSION {
                    return Err(format!("its aliases stand for more than {} MiB", EXPANSION / 1024 / 1024));
                }
            }
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    fn why(text: &str) -> String {
        check(text).map_or_else(|beyond| format!("{}: {}", beyond.line, beyond.why), |()| "passes".to_owned())
    }

    /// `a` holds nine values, `b` nine of `a`, and so on.
    fn laughs(levels: usize) -> String {
        let letter = |level: usize| char::from(b'a' + u8::try_from(level).unwrap());
        let mut text = "a: &a [x,x,x,x,x,x,x,x,x]\n".to_owned();
        for level in 1..levels {
            let before = format!("*{}", letter(level - 1));
            let held = vec![before; 9].join(",");
            text = [text, format!("{0}: &{0} [{held}]\n", letter(level))].concat();
        }
        text
    }

    #[test]
    fn what_becomes_too_much_is_refused_at_its_line() {
        let long = "x".repeat(100_000);
        let many = vec!["x"; 50_000].join(",");
        let aliases = vec!["*a"; 25_000].join(",");
        for (text, line, word) in [
            (laughs(12), 6, "aliases"),
            (format!("a: &a {long}\nb: [{aliases}]\n"), 2, "aliases"),
            (format!("a: &a [{many}]\nb: [{aliases}]\n"), 2, "aliases"),
            ("---\na: 1\n---\nb: &b\n  c: *b\n".to_owned(), 5, "own anchor"),
            (format!("a:\n  - {}", "[".repeat(100_000)), 2, "deep"),
            (format!("{}{}", "[".repeat(50_000), "]".repeat(50_000)), 1, "deep"),
            ("{a: ".repeat(50_000), 1, "deep"),
            // Closing brackets in quotes hide no depth.
            (format!("a: {}", "[\"]\", ".repeat(2_000)), 1, "deep"),
            (format!("a: 1\n{}", "---\n".repeat(30_000)), 20_002, "documents"),
            (format!("{}--- a\n", "%TAG !a! tag:x\n".repeat(200)), 101, "directives"),
        ] {
            let said = why(&text);
            assert!(said.starts_with(&format!("{line}: ")) && said.contains(word), "{said}: {text:.40}");
        }
    }

    #[test]
    fn what_people_write_passes() {
        let schemas =
            "- properties: {x: {type: string, enum: [a, b]}, y: {type: array, items: {type: object}}}\n".repeat(20_000);
        for text in [
            laughs(4),
            "base: &base {image: a, env: [b]}\none: {<<: *base}\ntwo: {<<: *base}\n".to_owned(),
            "schedule: '*/5 * * * *'\ntext: |\n  **bold** & [link](x) *em* &c\n".to_owned(),
            format!("a:\n{schemas}"),
            (0..100).map(|depth| " ".repeat(depth) + "a:\n").collect(),
            // The parser reports invalid YAML.
            "a: [\n".to_owned(),
            "a: &x *y\n".to_owned(),
            String::new(),
        ] {
            assert_eq!(why(&text), "passes", "{text:.60}");
        }
    }
}
