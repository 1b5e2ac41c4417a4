//! The values of a Secret that must stay secret, and those that reveal nothing: references to a password manager,
//! variables that Flux substitutes, hosts, addresses, names of users, public keys.
//!
//! A doubtful value counts as confidential: a short word below an unknown key may be a password.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Value;
use address::{is_email, is_harmless_address, is_key_with_slashes, is_place};
use filled::says_nothing;
use keys::{KEPT, SAID, is_number_of, is_uuid, says_password, words};
use public::{is_public_key, without_blocks};
pub use random::holds_token;
use random::is_random;

mod address;
mod filled;
mod keys;
mod lines;
mod public;
mod random;

pub(super) use filled::{closing, filled};
use lines::is_surely_confidential_line;
pub(super) use lines::{is_confidential_line, is_structured};

/// Tells whether a value below `stringData` must stay secret; `key` is its key.
pub fn is_confidential(key: &str, text: &str) -> bool {
    let text = filled(text);
    let text = text.trim();
    if holds_private_key(text) {
        return true;
    }
    if says_nothing(text) {
        return false;
    }
    // The text beside a certificate is judged for itself; a bare word after it is suspicious.
    if let Some(rest) = without_blocks(text) {
        let is_bare = |line: &str| !line.is_empty() && !line.contains([' ', ':', '=', '#', '-']);
        let begins = text.starts_with("-----BEGIN ");
        return rest.lines().map(str::trim).any(|line| is_confidential_line(key, line) || begins && is_bare(line));
    }
    if is_structured(text) {
        return text.lines().any(|line| is_confidential_line(key, line));
    }
    let words = words(key);
    let is_password = says_password(&words);
    if is_key_with_slashes(&words, text) {
        return true;
    }
    if is_public_key(text) || (is_harmless_address(text) || is_email(text)) && (!is_password || is_place(text)) {
        return false;
    }
    // An address that is not harmless grants access.
    if text.contains("://") && !text.contains(char::is_whitespace) || holds_token(text) {
        return true;
    }
    let says = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    if words.iter().any(|word| word == "public") && says(&["key", "keys"]) {
        return false;
    }
    if is_number_of(&words) && is_uuid(text) {
        return false;
    }
    is_password || says(&KEPT) || is_random(text) || !says(&SAID)
}

/// Tells whether a value below `data`, in base64, must stay secret.
pub fn is_confidential_data(key: &str, encoded: &str) -> bool {
    let filled_in = filled(encoded);
    if says_nothing(filled_in.trim()) {
        return false;
    }
    let compact: String = encoded.split_whitespace().collect();
    match STANDARD.decode(compact).map(String::from_utf8) {
        Ok(Ok(text)) => is_confidential(key, &text),
        // Bytes, or no base64: the author may have meant the text itself.
        _ => true,
    }
}

/// Tells whether a value of a block of a Secret (`data`, `stringData`) must stay secret: a value that is neither text
/// nor boolean is doubtful.
pub fn is_confidential_value(block: &str, key: &str, value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) => false,
        Value::String(text) if block == "data" => is_confidential_data(key, text),
        Value::String(text) => is_confidential(key, text),
        _ => true,
    }
}

/// The text that `flux build kustomization` and `flux diff` write in place of a decrypted value (fluxcd/flux2,
/// internal/build).
const MASK: &str = "**SOPS**";

/// Tells whether a value is the mask of `flux build`, as it is or in base64.
pub fn is_mask(value: &str) -> bool {
    value == MASK || value.trim() == STANDARD.encode(MASK)
}

/// Tells whether a text is only a placeholder, a reference or empty.
pub fn is_placeholder(text: &str) -> bool {
    says_nothing(filled(text).trim())
}

/// Tells whether a key or the value itself marks the value as secret. Unlike [`is_confidential`] it counts nothing
/// doubtful as confidential: it judges values outside of Secrets, too.
pub fn is_surely_confidential(key: &str, text: &str) -> bool {
    let text = filled(text);
    let text = text.trim();
    if holds_private_key(text) {
        return true;
    }
    let is_certificate = || without_blocks(text).is_some_and(|rest| rest.trim().is_empty());
    if says_nothing(text) || is_public_key(text) || is_certificate() || is_number_of(&words(key)) && is_uuid(text) {
        return false;
    }
    // `secretName` is a name, and `tokenTTL` a time.
    let kept = words(key).last().is_some_and(|word| KEPT.contains(&word.as_str()));
    let opens = text.contains("://") && !is_harmless_address(text);
    let is_harmless = is_harmless_address(text) && (is_place(text) || !is_password_alone(&words(key)));
    let is_key = is_key_with_slashes(&words(key), text);
    kept && !is_harmless || is_key || is_random(text) || holds_token(text) || opens
}

/// Tells the same for a value of several lines, too, each judged by its own key.
pub fn is_surely_confidential_text(key: &str, text: &str) -> bool {
    let filled_in = filled(text);
    let text = filled_in.trim();
    let rest = without_blocks(text);
    let text = rest.as_deref().unwrap_or(text);
    if holds_private_key(text) {
        return true;
    }
    if is_structured(text) {
        return text.lines().any(is_surely_confidential_line);
    }
    // The operator substitutes `$(value)`, and the number of a client is in every login.
    let is_put_in = text.starts_with("$(") && text.ends_with(')');
    let is_number = is_number_of(&words(key)) && !holds_token(text) && !text.contains("://");
    !is_put_in && !is_number && is_surely_confidential(key, text)
}

/// Tells the same for a value in base64; another text is not confidential.
pub fn is_surely_confidential_data(key: &str, encoded: &str) -> bool {
    let compact: String = encoded.split_whitespace().collect();
    match STANDARD.decode(compact).map(String::from_utf8) {
        Ok(Ok(text)) => is_surely_confidential_text(key, &text),
        _ => false,
    }
}

fn holds_private_key(text: &str) -> bool {
    // The second is the armour of OpenPGP (RFC 9580, section 6.2), in which Flux reads its keys, too.
    ["PRIVATE KEY-----", "PRIVATE KEY BLOCK-----", "AGE-SECRET-KEY-"].iter().any(|mark| text.contains(mark))
}

/// Tells whether the last word of a key means a password and nothing else: a token or a secret may be the name of one.
fn is_password_alone(words: &[String]) -> bool {
    words
        .last()
        .is_some_and(|last| last.ends_with("password") || matches!(last.as_str(), "passwd" | "pwd" | "passphrase"))
}

/// Tells whether the value of a variable is no secret, in every place: a number or a sentence under no secret name, or
/// a value whose own name is that of a host, a user or the like.
pub(super) fn is_said_openly(key: &str, name: &str, value: &str) -> bool {
    let says = |words: &[String], list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let (of_key, own) = (words(key), words(name));
    let is_number = value.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
    let is_called = own.last().is_some_and(|last| SAID.contains(&last.as_str())) && !says(&own, &KEPT);
    let is_sentence = value.split_whitespace().count() > 2;
    (is_number || is_sentence) && !says(&of_key, &KEPT) && !says(&own, &KEPT)
        || is_called && !value.contains("://") && !is_random(value)
}

#[cfg(test)]
mod tests;
