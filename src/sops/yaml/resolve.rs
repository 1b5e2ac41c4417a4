//! The meaning of a plain scalar in go-yaml v3, which SOPS hashes: `0755` is 493, `yes` a string, `2001-1-2` a time.
//!
//! It follows `resolve.go` of go-yaml v3 step by step, since a value of another type gives another MAC.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::timestamp;
use crate::sops::value::{Value, ValueType};

/// The prefix of YAML's own tags, written `!!`.
const CORE: &str = "tag:yaml.org,2002:";

/// Reports a whole number that is too large for SOPS, which refuses numbers beyond 64 bits with a sign.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLarge;

/// Types a scalar from its text, its explicit tag, and whether it is plain (neither quoted nor a block).
pub(super) fn scalar(text: &str, tag: Option<&str>, plain: bool) -> Result<Value, TooLarge> {
    let tag = tag.filter(|tag| *tag != "!");
    let Some(tag) = tag else {
        return if plain { untagged(text, true) } else { Ok(Value::text(text)) };
    };
    let Some(core) = tag.strip_prefix(CORE) else {
        return Ok(Value::text(text));
    };
    match core {
        "binary" => {
            let bytes = STANDARD.decode(text.replace(['\n', ' '], "")).ok();
            // sops drops go-yaml's error and keeps null.
            Ok(bytes.and_then(|bytes| String::from_utf8(bytes).ok()).map_or_else(Value::null, Value::text))
        }
        "null" | "bool" | "int" | "float" | "timestamp" => {
            let value = untagged(text, core == "timestamp")?;
            Ok(match (core, value.kind) {
                ("float", ValueType::Integer) => {
                    value.canonical.expose().parse().map_or_else(|_| Value::null(), Value::float)
                }
                ("null", ValueType::Null)
                | ("bool", ValueType::Boolean)
                | ("int", ValueType::Integer)
                | ("float", ValueType::Float)
                | ("timestamp", ValueType::Time) => value,
                _ => Value::null(),
            })
        }
        // This is mostly `!!str`.
        _ => Ok(Value::text(text)),
    }
}

/// Tells whether a plain text is read as a string, so that its type needs no quotes.
pub(super) fn is_plain_string(text: &str) -> bool {
    untagged(text, true).is_ok_and(|value| value.kind == ValueType::Text) && text != "<<"
}

fn untagged(text: &str, times: bool) -> Result<Value, TooLarge> {
    match text {
        "true" | "True" | "TRUE" => return Ok(Value::boolean(true)),
        "false" | "False" | "FALSE" => return Ok(Value::boolean(false)),
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Value::null()),
        ".nan" | ".NaN" | ".NAN" => return Ok(Value::float(f64::NAN)),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Ok(Value::float(f64::INFINITY)),
        "-.inf" | "-.Inf" | "-.INF" => return Ok(Value::float(f64::NEG_INFINITY)),
        _ => {}
    }
    let number = match text.as_bytes().first() {
        Some(b'.') => go_float(text),
        Some(b'0'..=b'9' | b'+' | b'-') => {
            if let Some(time) = timestamp::parse(text).filter(|_| times) {
                return Ok(time);
            }
            numeric(&text.replace('_', ""))?
        }
        _ => None,
    };
    Ok(number.unwrap_or_else(|| Value::text(text)))
}

/// Reads a number without its underscores, in go-yaml's order: whole number, float, then `0b` and `0o`.
fn numeric(plain: &str) -> Result<Option<Value>, TooLarge> {
    match go_integer(plain) {
        Some(Ok(number)) => return Ok(Some(Value::integer(number))),
        Some(Err(TooLarge)) => return Err(TooLarge),
        None => {}
    }
    if is_yaml_float(plain)
        && let Some(number) = plain.parse::<f64>().ok().filter(|number| number.is_finite())
    {
        return Ok(Some(Value::float(number)));
    }
    // Go's ParseInt has already parsed 0b and 0o, with any sign; the rest is a doubled sign such as `0b-1`, which
    // go-yaml accepts.
    for (prefix, radix) in [("0b", 2), ("0o", 8)] {
        if let Some(digits) = plain.strip_prefix(prefix) {
            return Ok(i64::from_str_radix(digits, radix).ok().map(Value::integer));
        }
        if let Some(digits) = plain.strip_prefix('-').and_then(|rest| rest.strip_prefix(prefix)) {
            return Ok(i64::from_str_radix(&format!("-{digits}"), radix).ok().map(Value::integer));
        }
    }
    Ok(None)
}

/// Reads a whole number as Go's `ParseInt(text, 0, 64)` does; `Err` if only `ParseUint` can hold it.
fn go_integer(text: &str) -> Option<Result<i64, TooLarge>> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (digits, radix) = match unsigned.as_bytes() {
        [b'0', b'x' | b'X', _, ..] => (unsigned.get(2..)?, 16),
        [b'0', b'b' | b'B', _, ..] => (unsigned.get(2..)?, 2),
        [b'0', b'o' | b'O', _, ..] => (unsigned.get(2..)?, 8),
        [b'0', _, ..] => (unsigned.get(1..)?, 8),
        _ => (unsigned, 10),
    };
    if !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    if negative {
        return 0_i64.checked_sub_unsigned(magnitude).map(Ok);
    }
    match i64::try_from(magnitude) {
        Ok(number) => Some(Ok(number)),
        // ParseUint accepts no sign, so a number with `+` that is too large is a float.
        Err(_) if text.starts_with('+') => None,
        Err(_) => Some(Err(TooLarge)),
    }
}

/// Tells whether a text has go-yaml's form of a float: `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`.
fn is_yaml_float(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let mantissa_fits = match mantissa.split_once('.') {
        Some(("", fraction)) => digits(fraction),
        Some((whole, fraction)) => digits(whole) && (fraction.is_empty() || digits(fraction)),
        None => digits(mantissa),
    };
    mantissa_fits && exponent.is_none_or(|text| digits(text.strip_prefix(['-', '+']).unwrap_or(text)))
}

/// Reads a float that begins with its point as Go's `ParseFloat` does: an underscore is allowed between two digits.
fn go_float(text: &str) -> Option<Value> {
    let bytes = text.as_bytes();
    let between_digits = |position: usize| {
        let digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
        digit(position.checked_sub(1)) && digit(position.checked_add(1))
    };
    if bytes.iter().enumerate().any(|(position, byte)| *byte == b'_' && !between_digits(position)) {
        return None;
    }
    let plain = text.replace('_', "");
    let number = plain.parse::<f64>().ok().filter(|number| is_yaml_float(&plain) && number.is_finite())?;
    Some(Value::float(number))
}

#[cfg(test)]
mod tests {
    use super::{TooLarge, scalar};
    use crate::sops::value::ValueType;

    /// Every row was checked against go-yaml v3 itself; see `tests/sops/vectors/*/zoo.yaml` for the same through sops.
    #[test]
    fn plain_scalars_read_as_go_yaml_reads_them() {
        use ValueType::{Boolean, Float, Integer, Null, Text, Time};
        for (text, kind, canonical) in [
            ("0755", Integer, "493"),
            ("0o17", Integer, "15"),
            ("-0o17", Integer, "-15"),
            ("010", Integer, "8"),
            ("08", Float, "8"),
            ("1_0", Integer, "10"),
            ("1_000.5", Float, "1000.5"),
            ("0x1F", Integer, "31"),
            ("0X1f", Integer, "31"),
            ("0b101", Integer, "5"),
            ("-0b101", Integer, "-5"),
            ("+5", Integer, "5"),
            ("-0", Integer, "0"),
            ("0", Integer, "0"),
            ("2.0", Float, "2"),
            ("-0.0", Float, "-0"),
            (".5", Float, "0.5"),
            (".5_0", Float, "0.5"),
            ("._5", Text, "._5"),
            ("5.", Float, "5"),
            ("1e3", Float, "1000"),
            ("1e999", Text, "1e999"),
            ("1e-7", Float, "0.0000001"),
            (".inf", Float, "+Inf"),
            ("-.INF", Float, "-Inf"),
            (".nan", Float, "NaN"),
            (".iNF", Text, ".iNF"),
            ("true", Boolean, "True"),
            ("FALSE", Boolean, "False"),
            ("tRue", Text, "tRue"),
            ("yes", Text, "yes"),
            ("on", Text, "on"),
            ("~", Null, ""),
            ("Null", Null, ""),
            ("nULL", Text, "nULL"),
            ("12:30", Text, "12:30"),
            ("1.2.3", Text, "1.2.3"),
            ("0x", Text, "0x"),
            ("0xZZ", Text, "0xZZ"),
            ("0b2", Text, "0b2"),
            ("-", Text, "-"),
            ("+-5", Text, "+-5"),
            ("1__0", Integer, "10"),
            ("9223372036854775807", Integer, "9223372036854775807"),
            ("-9223372036854775808", Integer, "-9223372036854775808"),
            ("18446744073709551616", Float, "18446744073709552000"),
            ("2001-1-2", Time, "2001-01-02T00:00:00Z"),
            ("2001-12-14t21:59:43.10-05:00", Time, "2001-12-14T21:59:43.1-05:00"),
            ("2001-13-01", Text, "2001-13-01"),
        ] {
            let value = scalar(text, None, true).unwrap();
            assert_eq!((value.kind, value.canonical.expose()), (kind, canonical), "{text}");
        }
        assert_eq!(scalar("9223372036854775808", None, true), Err(TooLarge));
    }

    #[test]
    fn quotes_and_tags_decide_before_the_text_does() {
        let read = |text, tag, plain| {
            let value = scalar(text, tag, plain).unwrap();
            (value.kind, value.canonical.expose().to_owned())
        };
        assert_eq!(read("5", None, false), (ValueType::Text, "5".to_owned()));
        assert_eq!(read("5", Some("tag:yaml.org,2002:str"), true), (ValueType::Text, "5".to_owned()));
        assert_eq!(read("5", Some("tag:yaml.org,2002:int"), false), (ValueType::Integer, "5".to_owned()));
        assert_eq!(read("5", Some("tag:yaml.org,2002:float"), true), (ValueType::Float, "5".to_owned()));
        assert_eq!(read("yes", Some("tag:yaml.org,2002:bool"), true), (ValueType::Null, String::new()));
        assert_eq!(read("aGk=", Some("tag:yaml.org,2002:binary"), true), (ValueType::Text, "hi".to_owned()));
        assert_eq!(read("5", Some("!mine"), true), (ValueType::Text, "5".to_owned()));
    }
}
