//! Configurations of several values, line by line.

use super::address::{is_harmless_address, is_key_with_slashes, is_place};
use super::filled::says_nothing;
use super::keys::{KEPT, says_password, words};
use super::public::is_public_key;
use super::random::{holds_token, is_random};

/// Values of settings that are a choice, for every key.
const CHOICES: [&str; 16] = [
    "none", "nothing", "disable", "disabled", "enable", "enabled", "auto", "default", "generate", "optional",
    "required", "never", "always", "on", "off", "no",
];

/// Words of the key of a whole text that describe its lines.
const OWN: [&str; 8] = ["password", "passwd", "pass", "pwd", "pw", "passphrase", "token", "key"];

/// Words before a value that only a blank separates: .netrc, Redis, SQL.
const STATED: [&str; 10] =
    ["password", "passwd", "pass", "pwd", "passphrase", "token", "secret", "requirepass", "masterauth", "auth_pass"];

/// Tells whether a text is a configuration of several values.
pub(in crate::yaml) fn is_structured(text: &str) -> bool {
    text.contains('\n') && !text.starts_with("-----BEGIN ")
        || text.starts_with('{') && text.ends_with('}') && text.contains([':', '='])
}

/// Tells whether a line of a configuration surely holds a secret: a password, a token, an address with one.
pub(super) fn is_surely_confidential_line(line: &str) -> bool {
    let line = line.trim();
    if line.is_empty() || line.starts_with(['#', ';', '[']) || line.starts_with("//") {
        return false;
    }
    let mut pairs = line.split([',', '{', '}']).map(str::trim).filter(|part| !part.is_empty());
    pairs.any(|pair| {
        let Some((key, value)) = pair.split_once([':', '=']) else { return holds_token(pair) || is_stated(pair) };
        let clean = |text: &str| text.trim().trim_matches(['"', '\'', ' ']).to_owned();
        let (key, value) = (clean(key), clean(value.split(" #").next().unwrap_or_default()));
        let of_key = words(&key);
        if CHOICES.contains(&value.to_ascii_lowercase().as_str()) || says_nothing(&value) || is_public_key(&value) {
            return false;
        }
        let whole = if value.starts_with("//") { format!("{key}:{value}") } else { value.clone() };
        if whole.contains("://") {
            let whole = whole.trim_matches(['"', '\'', '`', '[', ']', '(', ')', ';']);
            return !is_harmless_address(whole) && !whole.contains([' ', '"', '\'', '`']);
        }
        // A Secret's name is a word, too.
        let is_name = of_key.last().is_some_and(|last| last.ends_with("secret"))
            && value.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        let is_word = value.len() > 3
            && value.contains(char::is_alphanumeric)
            && !value.contains([' ', '(', '$', '|', '>', '*', '&', '!'])
            && !is_place(&value);
        says_password(&of_key) && !key.contains(' ') && is_word && !is_name || holds_token(&value)
    })
}

/// Tells whether a line of a configuration is confidential: its own key marks it as secret, or its value is random.
pub(in crate::yaml) fn is_confidential_line(of: &str, line: &str) -> bool {
    let line = line.trim();
    if line.is_empty() || line.starts_with(['#', ';', '[']) || line.starts_with("//") || line.starts_with("-----") {
        return false;
    }
    let pairs = line.split([',', '{', '}']).map(str::trim).filter(|part| !part.is_empty());
    for pair in pairs {
        let Some((key, value)) = pair.split_once([':', '=']) else {
            // A line of its own belongs to the key of the whole text.
            let kept = words(of).iter().any(|word| OWN.contains(&word.as_str()));
            if is_random(pair) || holds_token(pair) || is_stated(pair) || kept && !pair.contains(' ') && pair.len() > 5
            {
                return true;
            }
            continue;
        };
        let clean = |text: &str| text.trim().trim_matches(['"', '\'', ' ']).to_owned();
        let (key, value) = (clean(key), clean(value.split(" #").next().unwrap_or_default()));
        let of_key = words(&key);
        let is_password = says_password(&of_key);
        let is_choice = CHOICES.contains(&value.to_ascii_lowercase().as_str());
        if is_choice
            || says_nothing(&value)
            || is_public_key(&value)
            || value.starts_with('/')
                && !value.starts_with("//")
                && (!is_password || is_place(&value))
                && !is_key_with_slashes(&of_key, &value)
            || value == "|"
            || value == ">"
        {
            continue;
        }
        if value.contains("://") || value.starts_with("//") {
            let whole = if value.starts_with("//") { format!("{key}:{value}") } else { value.clone() };
            if !is_harmless_address(&whole) {
                return true;
            }
            continue;
        }
        let is_small_number = value.len() < 4 && value.bytes().all(|byte| byte.is_ascii_digit());
        // This is the rest between two filled-in parts.
        if value.bytes().all(|byte| matches!(byte, b':' | b'@' | b'/' | b'.')) {
            continue;
        }
        let kept = is_password || of_key.iter().any(|word| KEPT.contains(&word.as_str()));
        let public = of_key.iter().any(|word| word == "public");
        let of_parts = || value.split_whitespace().any(is_random);
        // A passphrase is words alone; a line of a program has other signs.
        let is_phrase = || is_password && !key.contains(' ') && value.chars().all(is_of_phrase);
        let is_kept = || !is_small_number && !value.contains(' ') || of_parts() || is_phrase();
        if kept && !public && is_kept() || is_random(&value) || holds_token(&value) {
            return true;
        }
    }
    false
}

/// Tells whether a line states a password without a sign: `password hunter2`, `machine a login b password c`, `PASSWORD
/// 'c'`.
fn is_stated(line: &str) -> bool {
    let parts: Vec<&str> = line.split_whitespace().collect();
    let is_login = matches!(parts.first(), Some(&("machine" | "default" | "login")));
    parts.windows(2).any(|pair| {
        let [name, value] = pair else { return false };
        let is_name = STATED.contains(&name.to_ascii_lowercase().as_str());
        let is_quoted = value.starts_with(['\'', '"']) && value.len() > 2;
        let value = value.trim_end_matches([';', ')']).trim_matches(['\'', '"']);
        let is_value = !says_nothing(value) && !CHOICES.contains(&value.to_ascii_lowercase().as_str());
        is_name && is_value && (is_login || is_quoted || parts.len() == 2)
    })
}

fn is_of_phrase(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '\'')
}
