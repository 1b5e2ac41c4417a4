//! The functions of texts.

use std::fmt::Write as _;

use base64::Engine as _;
use sha2::{Digest as _, Sha256};

use super::functions::Arguments;
use super::{Failed, Value, print};
use crate::yaml::sigs;

/// The longest slug, as in flux-operator.
const LONGEST_SLUG: usize = 63;

/// Calls a function of texts; `None` for another function.
pub(super) fn call(given: &Arguments<'_>) -> Result<Option<Value>, Failed> {
    let one = |change: fn(&str) -> String| {
        given.exactly(1)?;
        given.text(0).map(|text| Some(Value::Text(change(text))))
    };
    // The text comes last, so that a pipeline can pass it.
    let two = |change: fn(&str, &str) -> Value| {
        given.exactly(2)?;
        Ok(Some(change(given.text(0)?, given.text(1)?)))
    };
    let text = |text: String| Ok(Some(Value::Text(text)));
    match given.name {
        "trim" => one(|text| text.trim().to_owned()),
        "upper" => one(str::to_uppercase),
        "lower" => one(str::to_lowercase),
        "title" => {
            given.exactly(1)?;
            text(title(given.text(0)?)?)
        }
        "contains" => two(|part, text| Value::Bool(text.contains(part))),
        "hasPrefix" => two(|part, text| Value::Bool(text.starts_with(part))),
        "hasSuffix" => two(|part, text| Value::Bool(text.ends_with(part))),
        "trimPrefix" => two(|part, text| Value::Text(text.strip_prefix(part).unwrap_or(text).to_owned())),
        "trimSuffix" => two(|part, text| Value::Text(text.strip_suffix(part).unwrap_or(text).to_owned())),
        "trimAll" | "trimall" => {
            two(|letters, text| Value::Text(text.trim_matches(|letter| letters.contains(letter)).to_owned()))
        }
        "replace" => {
            given.exactly(3)?;
            text(given.text(2)?.replace(given.text(0)?, given.text(1)?))
        }
        "repeat" => {
            given.exactly(2)?;
            text(given.text(1)?.repeat(given.length(0)?))
        }
        "quote" | "squote" => {
            let mut words = Vec::new();
            for value in given.values.iter().filter(|value| **value != Value::Nil) {
                let printed = print::plain(value)?;
                words.push(if given.name == "quote" { print::quoted(&printed)? } else { format!("'{printed}'") });
            }
            text(words.join(" "))
        }
        "cat" => {
            let words = given.values.iter().filter(|value| **value != Value::Nil).map(print::plain);
            text(words.collect::<Result<Vec<_>, _>>()?.join(" "))
        }
        "indent" | "nindent" => {
            given.exactly(2)?;
            let pad = " ".repeat(given.length(0)?);
            let indented = format!("{pad}{}", given.text(1)?.replace('\n', &format!("\n{pad}")));
            text(if given.name == "indent" { indented } else { format!("\n{indented}") })
        }
        "trunc" => {
            given.exactly(2)?;
            let (length, whole) = (given.int(0)?, given.text(1)?);
            let count = usize::try_from(length.unsigned_abs()).unwrap_or(usize::MAX);
            let cut = match (length < 0, count >= whole.len()) {
                (_, true) => Some(whole),
                (true, false) => whole.get(whole.len().saturating_sub(count)..),
                (false, false) => whole.get(..count),
            };
            // Go would split a character in two.
            text(cut.ok_or_else(|| given.odd())?.to_owned())
        }
        "substr" => {
            given.exactly(3)?;
            let whole = given.text(2)?;
            let end = usize::try_from(given.int(1)?).ok().filter(|end| *end <= whole.len()).unwrap_or(whole.len());
            let start = usize::try_from(given.int(0)?).unwrap_or_default();
            text(whole.get(start..end).ok_or_else(|| given.odd())?.to_owned())
        }
        "toString" => {
            given.exactly(1)?;
            text(print::plain(given.at(0)?)?)
        }
        "regexMatch"
        | "mustRegexMatch"
        | "regexFind"
        | "mustRegexFind"
        | "regexReplaceAll"
        | "mustRegexReplaceAll"
        | "regexReplaceAllLiteral"
        | "mustRegexReplaceAllLiteral" => regular(given).map(Some),
        _ => encoded(given),
    }
}

/// Calls a function that encodes a value.
fn encoded(given: &Arguments<'_>) -> Result<Option<Value>, Failed> {
    let one = |change: fn(&str) -> String| {
        given.exactly(1)?;
        given.text(0).map(|text| Some(Value::Text(change(text))))
    };
    let text = |text: String| Ok(Some(Value::Text(text)));
    match given.name {
        "b64enc" => one(|text| base64::engine::general_purpose::STANDARD.encode(text)),
        "b64dec" => {
            given.exactly(1)?;
            let bytes = base64::engine::general_purpose::STANDARD.decode(given.text(0)?).map_err(|_| given.odd())?;
            text(String::from_utf8(bytes).map_err(|_| given.odd())?)
        }
        "sha256sum" => one(|text| {
            Sha256::digest(text.as_bytes()).iter().fold(String::new(), |mut out, byte| {
                let _written = write!(out, "{byte:02x}");
                out
            })
        }),
        "adler32sum" => one(|text| adler32(text).to_string()),
        "slugify" => {
            given.exactly(1)?;
            let whole = given.text(0)?;
            if !whole.is_ascii() {
                return Failed::unknown("its function slugify is given letters beyond ASCII");
            }
            text(slug(whole))
        }
        "toYaml" | "mustToYaml" => {
            given.exactly(1)?;
            text(sigs::write(&given.at(0)?.json()?))
        }
        "toJson" | "mustToJson" | "toRawJson" | "mustToRawJson" => {
            given.exactly(1)?;
            text(json(given)?)
        }
        _ => Ok(None),
    }
}

/// Writes JSON as Go does, with sorted keys.
fn json(given: &Arguments<'_>) -> Result<String, Failed> {
    let mut value = given.at(0)?.json()?;
    value.sort_all_objects();
    let written = serde_json::to_string(&value).map_err(|_| given.odd())?;
    if given.name.contains("Raw") {
        return Ok(written);
    }
    Ok(written
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029"))
}

/// Capitalises every word.
fn title(text: &str) -> Result<String, Failed> {
    if !text.is_ascii() {
        return Failed::unknown("its function title is given letters beyond ASCII");
    }
    let mut begins = true;
    Ok(text
        .chars()
        .map(|letter| {
            let made = if begins { letter.to_ascii_uppercase() } else { letter };
            begins = !(letter.is_ascii_alphanumeric() || letter == '_');
            made
        })
        .collect())
}

/// Matches and replaces by a regular expression. Go's syntax equals ours, as long as everything is ASCII.
fn regular(given: &Arguments<'_>) -> Result<Value, Failed> {
    let (pattern, text) = (given.text(0)?, given.text(1)?);
    if !pattern.is_ascii() || !text.is_ascii() {
        return Err(given.odd());
    }
    let regex = regex::Regex::new(pattern).map_err(|_| given.odd())?;
    Ok(match given.name.trim_start_matches("must").to_ascii_lowercase().as_str() {
        "regexmatch" => {
            given.exactly(2)?;
            Value::Bool(regex.is_match(text))
        }
        "regexfind" => {
            given.exactly(2)?;
            Value::Text(regex.find(text).map_or("", |found| found.as_str()).to_owned())
        }
        "regexreplaceall" => {
            given.exactly(3)?;
            Value::Text(regex.replace_all(text, given.text(2)?).into_owned())
        }
        _ => {
            given.exactly(3)?;
            Value::Text(regex.replace_all(text, regex::NoExpand(given.text(2)?)).into_owned())
        }
    })
}

/// Builds a slug from ASCII (`gosimple/slug` in English).
fn slug(text: &str) -> String {
    let mut out = String::new();
    for letter in text.trim().to_ascii_lowercase().chars() {
        match letter {
            '"' | '\'' => {}
            '&' => out.push_str("and"),
            '@' => out.push_str("at"),
            letter if letter.is_ascii_alphanumeric() || letter == '_' => out.push(letter),
            _ if out.ends_with('-') => {}
            _ => out.push('-'),
        }
    }
    let out = out.trim_matches(['-', '_']);
    if out.len() <= LONGEST_SLUG {
        return out.to_owned();
    }
    // It is cut at the end of a word.
    let head = out.get(..=LONGEST_SLUG).unwrap_or(out);
    head.rfind('-').and_then(|at| head.get(..at)).or_else(|| out.get(..LONGEST_SLUG)).unwrap_or(out).to_owned()
}

/// Returns the Adler-32 checksum of a text (RFC 1950).
pub(in crate::flux_operator) fn adler32(text: &str) -> u32 {
    let (low, high) = text.bytes().fold((1_u32, 0_u32), |(low, high), byte| {
        let low = low.wrapping_add(u32::from(byte)) % 65_521;
        (low, high.wrapping_add(low) % 65_521)
    });
    high << 16 | low
}
