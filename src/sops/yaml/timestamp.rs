//! Timestamps as go-yaml v3 recognizes them and Go's `MarshalText` (RFC 3339 with nanoseconds) writes them.

use std::fmt::Write as _;

use crate::secret::Secret;
use crate::sops::value::{Value, ValueType};

/// Reads a plain scalar as a time if go-yaml does; it accepts four forms, of which the second and third differ by `T`,
/// `t` or a space: `2006-1-2`, `2006-1-2T15:4:5.9Z07:00`, `2006-1-2t15:4:5.9Z07:00`, `2006-1-2 15:4:5.9`.
pub(super) fn parse(text: &str) -> Option<Value> {
    let (year, rest) = text.split_at_checked(4)?;
    let year: i16 = year.bytes().all(|byte| byte.is_ascii_digit()).then(|| year.parse().ok())??;
    let (month, rest) = number(rest.strip_prefix('-')?)?;
    let (day, rest) = number(rest.strip_prefix('-')?)?;
    let date = jiff::civil::Date::new(year, month, day).ok()?;
    if rest.is_empty() {
        return Some(written(&format!("{date}T00:00:00Z")));
    }
    let zoned = rest.starts_with(['T', 't']);
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (hour, rest) = number(rest)?;
    let (minute, rest) = number(rest.strip_prefix(':')?)?;
    let (second, rest) = number(rest.strip_prefix(':')?)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (fraction, rest) = fraction(rest);
    let offset = if zoned { zone(rest)? } else { rest.is_empty().then(|| "Z".to_owned())? };
    Some(written(&format!("{date}T{hour:02}:{minute:02}:{second:02}{fraction}{offset}")))
}

fn written(text: &str) -> Value {
    Value { kind: ValueType::Time, canonical: Secret::new(text) }
}

/// Takes one or two digits, as Go's `getnum` does.
fn number(text: &str) -> Option<(i8, &str)> {
    let length = text.bytes().take(2).take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at_checked(length)?;
    Some((digits.parse().ok()?, rest))
}

/// Takes a fraction of a second after `.` or `,`, cut to nanoseconds, without final zeros; empty if there is none.
fn fraction(text: &str) -> (String, &str) {
    let Some(after) = text.strip_prefix(['.', ',']) else { return (String::new(), text) };
    let length = after.bytes().take_while(u8::is_ascii_digit).count();
    let Some((digits, rest)) = after.split_at_checked(length).filter(|_| length > 0) else {
        return (String::new(), text);
    };
    let nanoseconds = digits.get(..9).unwrap_or(digits).trim_end_matches('0');
    let mut fraction = String::new();
    if !nanoseconds.is_empty() {
        // Writing to a String cannot fail.
        let _ = write!(fraction, ".{nanoseconds}");
    }
    (fraction, rest)
}

/// Reads `Z` or `±hh:mm` to the end of the text; an offset of zero is written `Z`.
fn zone(text: &str) -> Option<String> {
    if text == "Z" || text == "+00:00" || text == "-00:00" {
        return Some("Z".to_owned());
    }
    let (hours, minutes) = text.strip_prefix(['+', '-'])?.split_once(':')?;
    let within = |text: &str, limit: u8| {
        text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u8>().is_ok_and(|n| n < limit)
    };
    (within(hours, 24) && within(minutes, 60)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn times_are_recognised_and_written_as_go_does() {
        for (text, time) in [
            ("2001-12-14", "2001-12-14T00:00:00Z"),
            ("2001-1-2", "2001-01-02T00:00:00Z"),
            ("2001-12-15T02:59:43.1Z", "2001-12-15T02:59:43.1Z"),
            ("2001-12-15 2:59:43.100", "2001-12-15T02:59:43.1Z"),
            ("2001-12-15t2:5:3+01:00", "2001-12-15T02:05:03+01:00"),
            ("2001-12-15T02:59:43.1234567899+00:00", "2001-12-15T02:59:43.123456789Z"),
        ] {
            assert_eq!(parse(text).map(|value| value.canonical.expose().to_owned()).as_deref(), Some(time), "{text}");
        }
        for text in [
            "2001-12",
            "2001-02-30",
            "201-1-1",
            "2001-12-15T02:59",
            "2001-12-14 21:59:43.10 -5",
            "2001-1-2x",
            "2001-12-15T02:59:43",
        ] {
            assert!(parse(text).is_none(), "{text}");
        }
    }
}
