//! Whole numbers that do not fit 64 bits: they are valid YAML, and Go's readers, which count here, take them for
//! floats; the library has no value for them.

use std::borrow::Cow;
use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle};

/// The digits of the largest number of 64 bits; most texts have no such run, and need only one pass over the bytes.
const DIGITS: usize = 19;

/// Rewrites such numbers as floats, if a text has any.
pub(super) fn as_floats(text: &str) -> Cow<'_, str> {
    if !has_run(text) {
        return Cow::Borrowed(text);
    }
    let mut places: Vec<(Range<usize>, f64)> = Vec::new();
    for next in Parser::new_from_str(text) {
        // The library reports invalid YAML.
        let Ok((event, span)) = next else { break };
        let Event::Scalar(word, ScalarStyle::Plain, _, None) = event else { continue };
        if let (Some(number), Some(place)) = (too_large(&word), span.byte_range()) {
            places.push((place, number));
        }
    }
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (place, number) in places {
        out.push_str(text.get(done..place.start).unwrap_or_default());
        // With an exponent it is a float to every reader.
        out.push_str(&format!("{number:.17e}").replace('e', "e+"));
        done = place.end;
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(text.get(done..).unwrap_or_default());
    Cow::Owned(out)
}

fn has_run(text: &str) -> bool {
    let mut run = 0;
    text.bytes().any(|byte| {
        run = if byte.is_ascii_digit() {
            run + 1
        } else if byte == b'_' {
            run
        } else {
            0
        };
        run >= DIGITS
    })
}

/// Reads a whole number that fits neither 64 signed nor 64 unsigned bits.
fn too_large(word: &str) -> Option<f64> {
    let (sign, digits) = match word.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", word.strip_prefix('+').unwrap_or(word)),
    };
    let digits = digits.replace('_', "");
    let is_whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = format!("{sign}{digits}");
    if !is_whole || number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok() {
        return None;
    }
    number.parse::<f64>().ok().filter(|number| number.is_finite())
}

#[cfg(test)]
mod tests {
    use crate::yaml::{Value, documents, from_str};

    #[test]
    fn numbers_beyond_64_bits_are_floats_as_go_reads_them() {
        let text = "a: 123456789012345678901\nb: [18446744073709551616, -9223372036854775809]\nc: 18446744073709551615\nd: -9223372036854775808\ne: '123456789012345678901'\nf: 123456789012345678901 # 123456789012345678901\ng: |\n  123456789012345678901\nh: !!str 123456789012345678901\ni: id-123456789012345678901\n";
        let value: Value = from_str(text).unwrap();
        let float = |value: &Value| value.is_f64().then(|| value.as_f64()).flatten();
        assert_eq!(float(&value["a"]), Some(123_456_789_012_345_680_000.0));
        assert_eq!(float(&value["b"][0]), Some(18_446_744_073_709_551_616.0));
        assert_eq!(float(&value["b"][1]), Some(-9_223_372_036_854_775_809.0));
        assert_eq!((value["c"].as_u64(), value["d"].as_i64()), (Some(u64::MAX), Some(i64::MIN)));
        assert_eq!(float(&value["f"]), float(&value["a"]));
        for (key, word) in
            [("e", "123456789012345678901"), ("g", "123456789012345678901\n"), ("i", "id-123456789012345678901")]
        {
            assert_eq!(value[key].as_str(), Some(word));
        }
        assert_eq!(value["h"].as_str(), Some("123456789012345678901"));
        assert_eq!(documents(text).unwrap().len(), 1);
        assert!(documents("a: 123456789012345678901\nb: [\n").is_err());
    }
}
