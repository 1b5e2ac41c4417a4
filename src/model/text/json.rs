//! JSON without characters that steer a terminal in its strings: they are escaped as `\uXXXX`, and the value stays the
//! same.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};

use super::{Shown, hides_or_steers, joins};

/// Returns a value as JSON, indented for people.
///
/// # Errors
/// Fails if the value cannot be written as JSON, which is a defect.
pub fn json<T: Serialize + ?Sized>(value: &T) -> Result<Shown, serde_json::Error> {
    written(value, PrettyFormatter::new())
}

/// Returns a value as JSON on one line, for streams of values.
///
/// # Errors
/// As [`json`].
pub fn json_lines<T: Serialize + ?Sized>(value: &T) -> Result<Shown, serde_json::Error> {
    written(value, CompactFormatter)
}

fn written<T: Serialize + ?Sized>(value: &T, layout: impl Formatter) -> Result<Shown, serde_json::Error> {
    let mut out = Vec::new();
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut out, Escaping(layout)))?;
    // The output of serde_json is UTF-8.
    Ok(Shown(String::from_utf8_lossy(&out).into_owned()))
}

/// Escapes more than JSON requires, in the layout of another formatter.
struct Escaping<F>(F);

/// Passes methods on to the formatter that lays out.
macro_rules! passed_on {
    ($($name:ident($($argument:ident: $of:ty),*)),* $(,)?) => {
        $(fn $name<W: ?Sized + Write>(&mut self, writer: &mut W $(, $argument: $of)*) -> io::Result<()> {
            self.0.$name(writer $(, $argument)*)
        })*
    };
}

impl<F: Formatter> Formatter for Escaping<F> {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        // The logs of services read a text that begins with two of these as a command, anywhere in a line.
        let commands = fragment.contains("##");
        if fragment.is_ascii() && !fragment.contains('\u{7f}') && !commands {
            return writer.write_all(fragment.as_bytes());
        }
        // A string contains no C0 except for JSON's layout; serde_json has escaped the others.
        let steers = |character: char| !character.is_ascii_control() || character == '\u{7f}';
        let mut units = [0; 2];
        let mut letters = [0; 4];
        for character in fragment.chars() {
            let hidden = steers(character) && (hides_or_steers(character) || joins(character));
            if hidden || commands && character == '#' {
                for unit in character.encode_utf16(&mut units) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            } else {
                writer.write_all(character.encode_utf8(&mut letters).as_bytes())?;
            }
        }
        Ok(())
    }

    /// Raw values have such characters in their strings alone, too.
    fn write_raw_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        self.write_string_fragment(writer, fragment)
    }

    passed_on! {
        begin_array(), end_array(), begin_array_value(first: bool), end_array_value(),
        begin_object(), end_object(), begin_object_key(first: bool), end_object_key(),
        begin_object_value(), end_object_value(),
    }
}

#[cfg(test)]
mod tests {
    use super::{json, json_lines};

    #[test]
    fn the_value_stays_and_nothing_steers() {
        let hostile = "\u{1b}[2J\u{9b}\u{7f}\u{202e}\u{2066}\u{e0041}\u{feff}\n日本\"\\";
        let value = serde_json::json!({hostile: [hostile, 1, null, true], "b": {}, "c": []});
        for text in [json(&value).unwrap(), json_lines(&value).unwrap()] {
            let text = text.as_str();
            assert_eq!(serde_json::from_str::<serde_json::Value>(text).unwrap(), value);
            assert!(!text.chars().any(|it| it != '\n' && super::hides_or_steers(it)), "{text:?}");
        }
        assert_eq!(json_lines("\u{202e}\u{e0041}").unwrap().as_str(), r#""\u202e\udb40\udc41""#);
        let command = serde_json::json!({"a###[b": "##vso[c # d"});
        let text = json_lines(&command).unwrap();
        assert!(!text.as_str().contains("##"), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(text.as_str()).unwrap(), command);
        let plain = serde_json::json!({"a": [1, {"b": "c"}]});
        assert_eq!(json(&plain).unwrap().as_str(), serde_json::to_string_pretty(&plain).unwrap());
        assert_eq!(json_lines(&plain).unwrap().as_str(), plain.to_string());
    }
}
