//! Which values of a Secret must stay secret, and which say nothing: references to a password manager, variables that Flux fills in, hosts,
//! addresses, names of users, public keys.
//!
//! What is doubtful is taken for confidential: a short word below a key that says nothing may be a password.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Value;
use address::{is_email, is_harmless_address, is_place};
use filled::says_nothing;
use keys::{KEPT, SAID, is_number_of, is_uuid, says_password, words};
use public::{is_public_key, without_blocks};
use random::{holds_token, is_random};

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
    // Whatever stands beside a certificate is judged for itself; behind it no word is there for nothing.
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
    if is_public_key(text) || (is_harmless_address(text) || is_email(text)) && (!is_password || is_place(text)) {
        return false;
    }
    // An address that is not harmless opens a door.
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
        // Bytes, or no base64: whoever wrote it may have meant the text itself.
        _ => true,
    }
}

/// Tells whether a value of a block of a Secret (`data`, `stringData`) must stay secret: what is neither text nor a truth value is doubtful.
pub fn is_confidential_value(block: &str, key: &str, value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) => false,
        Value::String(text) if block == "data" => is_confidential_data(key, text),
        Value::String(text) => is_confidential(key, text),
        _ => true,
    }
}

/// What `flux build kustomization` and `flux diff` write in the place of a value that they decrypted (fluxcd/flux2, internal/build).
const MASK: &str = "**SOPS**";

/// Tells whether a value is the mask of `flux build`, as it is or in base64.
pub fn is_mask(value: &str) -> bool {
    value == MASK || value.trim() == STANDARD.encode(MASK)
}

/// Tells whether a text is nothing but what somebody else fills in, or says nothing.
pub fn is_placeholder(text: &str) -> bool {
    says_nothing(filled(text).trim())
}

/// Tells whether a key or the value itself says that it is to be kept. Unlike [`is_confidential`] it takes nothing doubtful for confidential:
/// it judges values that need not be those of a Secret.
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
    kept && !is_harmless || is_random(text) || holds_token(text) || opens
}

/// Tells the same of a value of several lines too, of which each is judged by its own key.
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
    // `$(value)` is put in by the operator, and the number of a client stands in every login.
    let is_put_in = text.starts_with("$(") && text.ends_with(')');
    let is_number = is_number_of(&words(key)) && !holds_token(text) && !text.contains("://");
    !is_put_in && !is_number && is_surely_confidential(key, text)
}

/// Tells the same of a value in base64; what is none says nothing.
pub fn is_surely_confidential_data(key: &str, encoded: &str) -> bool {
    let compact: String = encoded.split_whitespace().collect();
    match STANDARD.decode(compact).map(String::from_utf8) {
        Ok(Ok(text)) => is_surely_confidential_text(key, &text),
        _ => false,
    }
}

fn holds_private_key(text: &str) -> bool {
    // The second is the armour of OpenPGP (RFC 9580, section 6.2), in which Flux takes its keys too.
    ["PRIVATE KEY-----", "PRIVATE KEY BLOCK-----", "AGE-SECRET-KEY-"].iter().any(|mark| text.contains(mark))
}

/// Tells whether the last word of a key is one for a password and for nothing else: a token or a secret may be the name of one.
fn is_password_alone(words: &[String]) -> bool {
    words
        .last()
        .is_some_and(|last| last.ends_with("password") || matches!(last.as_str(), "passwd" | "pwd" | "passphrase"))
}

/// Tells whether the value of a variable is no secret, whatever it stands in: a number or a sentence where no name says that it is to be kept, or what
/// its own name calls a host, a user or the like.
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
