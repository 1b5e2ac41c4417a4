//! Writes one scalar in the place of another, so that nothing around it changes.

use std::fmt::Write as _;
use std::ops::Range;

use super::resolve;
use crate::secret::Secret;
use crate::sops::parsed::{Leaf, Style};
use crate::sops::value::{Value, ValueType};

/// The default indentation of a block below its key.
const INDENT: usize = 2;

/// Writes a ciphertext in the place of a scalar: bare, as sops does, unless the scalar was quoted or is in brackets,
/// where YAML would read the brackets and commas of `ENC[…,…]`.
pub(in crate::sops) fn ciphertext(style: Style, in_flow: bool, sealed: &str) -> String {
    match style {
        Style::Single => format!("'{sealed}'"),
        Style::Double => format!("\"{sealed}\""),
        _ if in_flow => format!("\"{sealed}\""),
        _ => sealed.to_owned(),
    }
}

/// Writes a plain value in the place of a scalar, in the scalar's own style if that can hold it.
pub(in crate::sops) fn plain(source: &str, leaf: &Leaf, value: &Value) -> Secret {
    if value.kind == ValueType::Null {
        return Secret::new("null");
    }
    if value.kind != ValueType::Text {
        return value.display();
    }
    let text = value.canonical.expose();
    if let Some(block) = literal(source, leaf, text) {
        return block;
    }
    Secret::new(match leaf.style {
        Style::Single if !text.chars().any(char::is_control) => format!("'{}'", text.replace('\'', "''")),
        Style::Plain | Style::Block if is_safe_plain(text) => text.to_owned(),
        _ => quoted(text),
    })
}

/// Writes a key: bare if possible, else in double quotes; in brackets always quoted.
pub(super) fn key(name: &str, in_flow: bool) -> String {
    // `.dockerconfigjson` is the usual name of a key.
    if !in_flow && is_safe_plain(name.strip_prefix('.').unwrap_or(name)) && resolve::is_plain_string(name) {
        name.to_owned()
    } else {
        quoted(name)
    }
}

/// Returns the bytes to replace and their new text; after a bare colon (`key:`), a space must come first.
pub(in crate::sops) fn replacement(source: &str, leaf: &Leaf, written: String) -> (Range<usize>, Secret) {
    let before = source.get(..leaf.span.start).and_then(|text| text.chars().next_back());
    let glued = leaf.span.is_empty() && before.is_some_and(|character| !character.is_whitespace());
    let mut written = written;
    if glued {
        written.insert(0, ' ');
    }
    (leaf.span.clone(), Secret::new(written))
}

/// Types a new text: as the old value if it parses as that type, else as a string, the only type that Kubernetes
/// accepts in a Secret.
pub(in crate::sops) fn typed_like(old: &Value, text: &str) -> Value {
    match old.kind {
        ValueType::Text | ValueType::Null | ValueType::Bytes | ValueType::Comment => Value::text(text),
        kind => match resolve::scalar(text, None, true) {
            Ok(value) if value.kind == kind => value,
            // sops shows the float 2.0 as 2.
            Ok(value) if value.kind == ValueType::Integer && kind == ValueType::Float => {
                value.canonical.expose().parse().map_or_else(|_| Value::text(text), Value::float)
            }
            _ => Value::text(text),
        },
    }
}

/// Returns a text of several lines as a literal block, if it fits there and survives unchanged.
fn literal(source: &str, leaf: &Leaf, text: &str) -> Option<Secret> {
    let (body, header) = match text.strip_suffix('\n') {
        Some(body) => (body, "|"),
        None => (text, "|-"),
    };
    let awkward = |line: &str| {
        line.ends_with([' ', '\t']) || line.chars().any(|c| c.is_control() && c != '\t' || c == '\u{feff}')
    };
    // A comment after it would become part of the block.
    let behind = source.get(leaf.span.end..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    let fits = !leaf.in_flow
        && behind.trim().is_empty()
        && body.contains('\n')
        && !body.ends_with('\n')
        && !body.starts_with([' ', '\t', '\n'])
        && !body.split('\n').any(awkward);
    if !fits {
        return None;
    }
    // The indentation is that of the rest of the document, as far as the place of this value shows it.
    let depth = leaf.path.len().saturating_sub(1);
    let step = leaf.column.checked_div(depth).filter(|step| (INDENT..=8).contains(step)).unwrap_or(INDENT);
    let margin = " ".repeat(leaf.column.saturating_add(step));
    let mut block = header.to_owned();
    for line in body.split('\n') {
        block.push('\n');
        if !line.is_empty() {
            block.push_str(&margin);
            block.push_str(line);
        }
    }
    Some(Secret::new(block))
}

/// Writes a new text: bare if possible, such as a version or an expression, else quoted.
pub(in crate::sops) fn text(text: &str) -> String {
    let expression = text.starts_with(|c: char| c.is_ascii_alphabetic() || "^(_".contains(c))
        && text.contains(['^', '$', '('])
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "^$()|._+-".contains(c));
    if expression || is_safe_plain(text) {
        text.to_owned()
    } else if text.chars().any(char::is_control) {
        quoted(text)
    } else {
        format!("'{}'", text.replace('\'', "''"))
    }
}

/// Tells whether a text without quotes reads as the same string everywhere; careful rather than complete. Kubernetes
/// reads YAML 1.1, in which `yes` is true and `12:30` a number.
fn is_safe_plain(text: &str) -> bool {
    let old_boolean = matches!(text.to_ascii_lowercase().as_str(), "y" | "n" | "yes" | "no" | "on" | "off");
    let first = text.chars().next();
    first.is_some_and(|c| c.is_ascii_alphabetic() || c == '/' || c == '_' || c.is_ascii_digit() && !text.contains(':'))
        && !old_boolean
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_./@+=%-: ".contains(c))
        && resolve::is_plain_string(text)
}

/// Returns a text in double quotes, which can hold every text.
pub(in crate::sops) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len().saturating_add(2));
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            // Line breaks of YAML 1.1, the byte order mark, and characters that no YAML text may hold.
            '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => escape(&mut quoted, character),
            character if character.is_control() => escape(&mut quoted, character),
            character => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

fn escape(quoted: &mut String, character: char) {
    // Writing to a String cannot fail.
    let _ = write!(quoted, "\\u{:04X}", u32::from(character));
}

#[cfg(test)]
mod tests {
    use super::{is_safe_plain, quoted};

    #[test]
    fn only_what_every_reader_takes_for_the_same_string_stands_bare() {
        for text in ["postgres://user@db:5432/app", "staging", "a b", "v1.2.3", "/etc/ssl"] {
            assert!(is_safe_plain(text), "{text}");
        }
        for text in
            ["", "yes", "ON", "12:30", "5", "0x1F", "true", "a: b", "a #b", "- a", "<<", "~", "a ", "2001-1-2", "é"]
        {
            assert!(!is_safe_plain(text), "{text}");
        }
    }

    #[test]
    fn what_yaml_cannot_show_is_escaped() {
        assert_eq!(quoted("a\"\\\n\u{1}\u{85}"), r#""a\"\\\n\u0001\u0085""#);
    }
}
