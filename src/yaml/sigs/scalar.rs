//! The types of plain scalars (go-yaml v2, `resolve.go`), and the writing of numbers.

/// Classifies a plain scalar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Plain {
    Null,
    Bool(bool),
    Integer(i64),
    /// A number that is too large for the signed one.
    Unsigned(u64),
    Float(f64),
    /// A time: it is read as a text, and a text of this form is quoted.
    Time,
    Text,
}

/// Resolves a plain scalar.
pub(super) fn resolve(text: &str) -> Plain {
    let Some(first) = text.bytes().next() else { return Plain::Null };
    match first {
        b'+' | b'-' | b'0'..=b'9' => special(text).unwrap_or_else(|| number(text)),
        b'.' => special(text).unwrap_or_else(|| float(text)),
        _ => special(text).unwrap_or(Plain::Text),
    }
}

fn special(text: &str) -> Option<Plain> {
    Some(match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Plain::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Plain::Bool(false),
        "~" | "null" | "Null" | "NULL" => Plain::Null,
        ".nan" | ".NaN" | ".NAN" => Plain::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Plain::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Plain::Float(f64::NEG_INFINITY),
        _ => return None,
    })
}

fn float(text: &str) -> Plain {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
    let parsed = text.parse::<f64>().ok().filter(|number| is_plain && number.is_finite());
    parsed.map_or(Plain::Text, Plain::Float)
}

fn number(text: &str) -> Plain {
    if is_time(text) {
        return Plain::Time;
    }
    let plain = text.replace('_', "");
    let (is_negative, unsigned) = match plain.as_bytes().first() {
        Some(b'-') => (true, plain.get(1..).unwrap_or_default()),
        Some(b'+') => (false, plain.get(1..).unwrap_or_default()),
        _ => (false, plain.as_str()),
    };
    let is_signed = unsigned.len() != plain.len();
    if let Some(number) = integer(unsigned) {
        if is_negative {
            if let Some(number) = 0_i64.checked_sub_unsigned(number) {
                return Plain::Integer(number);
            }
        } else if let Ok(number) = i64::try_from(number) {
            return Plain::Integer(number);
        } else if !is_signed {
            return Plain::Unsigned(number);
        }
    }
    // The part before or after the point may be missing, but a number has digits.
    if unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.') { float(&plain) } else { Plain::Text }
}

/// Reads the digits of a whole number by their prefix, as Go does; a leading zero means octal.
fn integer(digits: &str) -> Option<u64> {
    let lower = digits.to_ascii_lowercase();
    let (digits, radix) = if let Some(digits) = lower.strip_prefix("0x") {
        (digits, 16)
    } else if let Some(digits) = lower.strip_prefix("0b") {
        (digits, 2)
    } else if let Some(digits) = lower.strip_prefix("0o") {
        (digits, 8)
    } else if let Some(digits) = lower.strip_prefix('0').filter(|digits| !digits.is_empty()) {
        (digits, 8)
    } else {
        (lower.as_str(), 10)
    };
    // Rust would accept another sign.
    let is_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_alphanumeric());
    u64::from_str_radix(digits, radix).ok().filter(|_| is_digits)
}

/// Tells whether a text is a time (go-yaml v2, `parseTimestamp`).
fn is_time(text: &str) -> bool {
    let Some((year, rest)) = text.split_once('-') else { return false };
    if year.len() != 4 || !is_digits(year) {
        return false;
    }
    let (date, time) = match rest.find(['T', 't', ' ']) {
        Some(at) => (rest.get(..at).unwrap_or_default(), rest.get(at..)),
        None => (rest, None),
    };
    let Some((month, day)) = date.split_once('-') else { return false };
    let short = |text: &str| (1..=2).contains(&text.len()) && is_digits(text);
    let number = |text: &str| text.parse::<i8>().unwrap_or_default();
    let is_date = short(month)
        && short(day)
        && jiff::civil::Date::new(year.parse().unwrap_or_default(), number(month), number(day)).is_ok();
    is_date && time.is_none_or(is_time_of_day)
}

fn is_time_of_day(text: &str) -> bool {
    let (with_zone, text) = (!text.starts_with(' '), text.get(1..).unwrap_or_default());
    let text = if with_zone {
        match text.strip_suffix('Z').or_else(|| text.rfind(['+', '-']).and_then(|at| text.get(..at))) {
            Some(text) => text,
            None => return false,
        }
    } else {
        text
    };
    let parts: Vec<&str> = text.split(':').collect();
    let [hour, minute, second] = parts[..] else { return false };
    let below = |text: &str, end: u8| {
        (1..=2).contains(&text.len()) && is_digits(text) && text.parse::<u8>().is_ok_and(|number| number < end)
    };
    let (second, fraction) = second.split_once(['.', ',']).unwrap_or((second, "0"));
    below(hour, 24) && below(minute, 60) && below(second, 60) && !fraction.is_empty() && is_digits(fraction)
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Tells whether a text is a number of base 60, which is quoted for the sake of other readers (`isBase60Float`).
pub(super) fn is_base_60(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (text, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let mut parts = text.split(':');
    let head = parts.next().unwrap_or_default();
    let mut sixties = parts.peekable();
    head.starts_with(|first: char| first.is_ascii_digit())
        && is_number(head)
        && is_number(fraction)
        && sixties.peek().is_some()
        && sixties.all(|part| match part.as_bytes() {
            [digit] => digit.is_ascii_digit(),
            [ten, digit] => (b'0'..=b'5').contains(ten) && digit.is_ascii_digit(),
            _ => false,
        })
}

/// Returns a number in Go's form `g`, from the shortest digits of scientific notation (`1.5e3`).
pub(super) fn general(scientific: &str) -> String {
    let (digits, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if !(-4..6).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", exponent.unsigned_abs());
    }
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |digits| ("-", digits));
    let digits = digits.replace('.', "");
    let place = usize::try_from(exponent.saturating_add(1)).unwrap_or_default();
    if exponent < 0 {
        let zeros = usize::try_from(exponent.unsigned_abs()).unwrap_or_default().saturating_sub(1);
        format!("{sign}0.{}{digits}", "0".repeat(zeros))
    } else if digits.len() <= place {
        format!("{sign}{digits}{}", "0".repeat(place.saturating_sub(digits.len())))
    } else {
        format!("{sign}{}.{}", digits.get(..place).unwrap_or_default(), digits.get(place..).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::{Plain, general, is_base_60, resolve};

    #[test]
    fn plain_scalars_are_what_yaml_1_1_says() {
        for (text, expected) in [
            ("", Plain::Null),
            ("~", Plain::Null),
            ("on", Plain::Bool(true)),
            ("N", Plain::Bool(false)),
            ("oN", Plain::Text),
            ("0755", Plain::Integer(493)),
            ("0o17", Plain::Integer(15)),
            ("0x1F", Plain::Integer(31)),
            ("-0b11", Plain::Integer(-3)),
            ("1_000", Plain::Integer(1000)),
            ("0999991", Plain::Float(999_991.0)),
            ("+12", Plain::Integer(12)),
            ("--1", Plain::Text),
            ("+-1", Plain::Text),
            ("18446744073709551615", Plain::Unsigned(u64::MAX)),
            ("1e3", Plain::Float(1000.0)),
            ("1.", Plain::Float(1.0)),
            ("1e999", Plain::Text),
            (".5", Plain::Float(0.5)),
            (".", Plain::Text),
            ("1.2.3", Plain::Text),
            ("10m", Plain::Text),
            ("2024-01-01", Plain::Time),
            ("2024-1-1T10:00:00Z", Plain::Time),
            ("2024-13-01", Plain::Text),
            ("0x", Plain::Text),
            ("infinity", Plain::Text),
            ("1 ", Plain::Text),
        ] {
            assert_eq!(resolve(text), expected, "{text:?}");
        }
        assert!(is_base_60("1:30") && is_base_60("12:30:45.5") && !is_base_60("a:1") && !is_base_60("1:99"));
    }

    #[test]
    fn numbers_are_written_as_go_writes_them() {
        for (number, expected) in [
            (1.5, "1.5"),
            (1e21, "1e+21"),
            (1_234_567.0, "1.234567e+06"),
            (1e-7, "1e-07"),
            (100.0, "100"),
            (-0.25, "-0.25"),
            (123_456.75, "123456.75"),
        ] {
            assert_eq!(general(&format!("{number:e}")), expected);
        }
    }
}
