//! The notation `path=value` of `helm --set`, as far as `valuesFrom[].targetPath` uses it (helm/pkg/strvals).
//!
//! The value is parsed too: a comma in it begins another `path=value`, braces make a list, a backslash escapes. That
//! surprises users, so it is reproduced.

use serde_json::Value;

/// Represents one step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathStep {
    /// A key of a map.
    Key(String),
    /// An index in a list.
    Index(usize),
}

/// The largest index that helm accepts.
const LARGEST_INDEX: usize = 65_536;

/// Parses a path and the text to set there into assignments, in order.
///
/// A text in quotes stays text, as in fluxcd/pkg; otherwise `true`, `null`, `12` become a boolean, null, a number.
///
/// # Errors
/// Fails with the reason, without the text.
pub fn parse(path: &str, text: &str) -> Result<Vec<(Vec<PathStep>, Value)>, String> {
    let quoted = ['\'', '"'].into_iter().any(|quote| text.starts_with(quote) && text.ends_with(quote));
    let text = if quoted { text.trim_matches(['\'', '"']) } else { text };
    let mut input = format!("{path}={text}").chars().collect::<Vec<_>>().into_iter().peekable();
    let mut settings = Vec::new();
    while input.peek().is_some() {
        let steps = steps(&mut input)?;
        let value = if input.next_if_eq(&'{').is_some() {
            let mut items = Vec::new();
            loop {
                let (item, end) = until(&mut input, &[',', '}']);
                if !(item.is_empty() && items.is_empty() && end == Some('}')) {
                    items.push(typed(&item, quoted));
                }
                match end {
                    Some(',') => {}
                    Some(_) => break,
                    None => return Err("a list in braces does not end".to_owned()),
                }
            }
            input.next_if_eq(&',');
            Value::Array(items)
        } else {
            typed(&until(&mut input, &[',']).0, quoted)
        };
        settings.push((steps, value));
    }
    Ok(settings)
}

type Input = std::iter::Peekable<std::vec::IntoIter<char>>;

fn steps(input: &mut Input) -> Result<Vec<PathStep>, String> {
    let mut steps = Vec::new();
    loop {
        let (key, end) = until(input, &['=', '[', ',', '.']);
        if !key.is_empty() {
            steps.push(PathStep::Key(key));
        }
        match end {
            Some('=') => return Ok(steps),
            Some('.') => {}
            Some('[') => {
                let (index, _) = until(input, &[']']);
                let index = index.parse().ok().filter(|index| *index <= LARGEST_INDEX);
                steps.push(PathStep::Index(index.ok_or("an index in brackets is not a number that helm accepts")?));
            }
            _ => return Err("a part has no value: a comma in the value begins a new path; escape it as \\,".to_owned()),
        }
    }
}

fn until(input: &mut Input, stops: &[char]) -> (String, Option<char>) {
    let mut text = String::new();
    while let Some(next) = input.next() {
        if next == '\\' {
            text.extend(input.next());
        } else if stops.contains(&next) {
            return (text, Some(next));
        } else {
            text.push(next);
        }
    }
    (text, None)
}

fn typed(text: &str, quoted: bool) -> Value {
    match text {
        _ if quoted => Value::from(text),
        _ if text.eq_ignore_ascii_case("true") => Value::Bool(true),
        _ if text.eq_ignore_ascii_case("false") => Value::Bool(false),
        _ if text.eq_ignore_ascii_case("null") => Value::Null,
        "0" => Value::from(0),
        _ if !text.starts_with('0') => text.parse::<i64>().map_or_else(|_| Value::from(text), Value::from),
        _ => Value::from(text),
    }
}

#[cfg(test)]
mod tests {
    use super::{PathStep, parse};
    use serde_json::json;

    #[test]
    fn values_become_what_they_look_like_unless_quoted() {
        let one = |text: &str| parse("a", text).unwrap().remove(0).1;
        assert_eq!(one("12"), json!(12));
        assert_eq!(one("'12'"), json!("12"));
        assert_eq!(one("012"), json!("012"));
        assert_eq!(one("True"), json!(true));
        assert_eq!(one("null"), json!(null));
        assert_eq!(one("{a,2}"), json!(["a", 2]));
        assert_eq!(one("pass\\,word"), json!("pass,word"));
        assert_eq!(one("line\n"), json!("line\n"));
    }

    #[test]
    fn paths_have_keys_indexes_and_escapes() {
        let key = |key: &str| PathStep::Key(key.to_owned());
        let (path, _) = parse(r"a.b[1].c\.d", "x").unwrap().remove(0);
        assert_eq!(path, [key("a"), key("b"), PathStep::Index(1), key("c.d")]);
    }

    #[test]
    fn a_comma_in_a_value_is_a_trap() {
        let why = parse("password", "hunter,2").unwrap_err();
        assert!(why.contains("comma") && !why.contains("hunter"));
        assert_eq!(parse("a", "1,b=2").unwrap().len(), 2);
    }
}
