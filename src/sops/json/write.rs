//! Writes one JSON value in the place of another.

use std::fmt::Write as _;

use super::read::typed;
use crate::secret::Secret;
use crate::sops::value::{Value, ValueType};

/// Writes a plain value. JSON has no times and no infinite numbers; they become strings.
pub(in crate::sops) fn plain(value: &Value) -> Secret {
    match value.kind {
        ValueType::Null => Secret::new("null"),
        ValueType::Boolean | ValueType::Integer => value.display(),
        ValueType::Float
            if value.canonical.expose().bytes().all(|byte| byte.is_ascii_digit() || b"-.".contains(&byte)) =>
        {
            value.display()
        }
        _ => Secret::new(quoted(value.canonical.expose())),
    }
}

/// Types a new text: as the old value if it parses as that type, else as a string.
pub(in crate::sops) fn typed_like(old: &Value, text: &str) -> Value {
    match old.kind {
        ValueType::Integer | ValueType::Float | ValueType::Boolean => {
            typed(old.kind, text).unwrap_or_else(|| Value::text(text))
        }
        _ => Value::text(text),
    }
}

/// Returns a string as Go's `encoding/json` writes it, which also escapes letters that browsers would misread.
pub(in crate::sops) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len().saturating_add(2));
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                // Writing to a String cannot fail.
                let _ = write!(quoted, "\\u{:04x}", u32::from(character));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::{plain, quoted, typed_like};
    use crate::sops::value::{Value, ValueType};

    #[test]
    fn strings_are_escaped_as_go_escapes_them() {
        assert_eq!(quoted("a\"\\\n\u{1}<&\u{2028}é"), r#""a\"\\\n\u0001\u003c\u0026\u2028é""#);
    }

    #[test]
    fn a_value_keeps_its_type_where_it_can() {
        assert_eq!(typed_like(&Value::integer(1), "2"), Value::integer(2));
        assert_eq!(typed_like(&Value::integer(1), "02"), Value::text("02"));
        assert_eq!(typed_like(&Value::float(1.5), "2").kind, ValueType::Float);
        assert_eq!(typed_like(&Value::text("1"), "2"), Value::text("2"));
        assert_eq!(plain(&Value::float(f64::INFINITY)).expose(), "\"+Inf\"");
        assert_eq!(plain(&Value::boolean(true)).expose(), "true");
    }
}
