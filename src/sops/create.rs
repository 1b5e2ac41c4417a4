//! Encrypting a plain document for the first time, in the layout of sops 3.13.

use jiff::Timestamp;

use super::cipher::{DataKey, is_sealed};
use super::error::SopsError;
use super::file::SopsFile;
use super::format::Format;
use super::mac;
use super::opened::seconds;
use super::parsed::{Comment, Parsed};
use super::patch::Patches;
use super::recipients::{self, Wrapped};
use super::rules::{Rule, Verdict};
use super::value::{Value, ValueType};
use crate::secret::Secret;

/// The version that new files name: that of the sops whose layout they have.
const VERSION: &str = "3.13.3";

/// Encrypts a plain YAML text for recipients, leaving everything that the expression does not reach byte for byte as it is, and appends a
/// `sops` block to each document. Comments inside what is encrypted are encrypted too, since old passwords like to stay in them.
///
/// # Errors
/// When the expression is invalid or reaches nothing, when the text is encrypted already or is not YAML that SOPS can hold, when a
/// recipient is no public key, and when an anchor, alias or tag touches what is to be encrypted.
pub fn create(
    plaintext: &Secret,
    recipients: &[String],
    encrypted_regex: &str,
    now: Timestamp,
) -> Result<String, SopsError> {
    let text = plaintext.expose();
    let rule = Rule::encrypted_regex(encrypted_regex)?;
    let parsed = Format::Yaml.read(text)?;
    if !parsed.metadata.is_empty() || parsed.documents.iter().any(|document| document.block.is_some()) {
        return Err(SopsError::AlreadyEncrypted);
    }
    if recipients.is_empty() {
        return Err(SopsError::Metadata("it names no recipients".to_owned()));
    }
    let key = DataKey::generate();
    let mut patches = Patches::default();
    let sealed = seal(text, &parsed, &rule, &key, &mut patches)?;
    if sealed == 0 {
        return Err(SopsError::NothingEncrypted(encrypted_regex.to_owned()));
    }
    let modified = seconds(now);
    let values = parsed.leaves.iter().map(|leaf| (&leaf.value, rule.verdict(&leaf.path) == Verdict::Encrypted));
    let mac = key.encrypt(&Value::text(mac::compute(values, false)), &modified).unwrap_or_default();
    let block = block(&recipients::wrap(&key, recipients)?, encrypted_regex, &modified, &mac);
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let block = block.replace('\n', newline);
    // An empty document gets its block too: sops looks for it in the first one.
    for document in &parsed.documents {
        if document.braces {
            return Err(SopsError::Unsupported(
                "it is written in braces, to which no sops block can be appended".to_owned(),
            ));
        }
        let glued = !text.get(..document.end).is_some_and(|before| before.ends_with('\n'));
        let start = if glued { newline } else { "" };
        patches.put((document.end..document.end, Secret::new(format!("{start}{block}"))));
    }
    let encrypted = patches.apply(text).ok_or_else(|| SopsError::ReadBack("changes overlap".to_owned()))?;
    let encrypted = encrypted.expose().to_owned();
    check(&encrypted, &parsed, key)?;
    Ok(encrypted)
}

/// Encrypts what the rule reaches; returns how many values that were.
fn seal(text: &str, parsed: &Parsed, rule: &Rule, key: &DataKey, patches: &mut Patches) -> Result<usize, SopsError> {
    let mut count: usize = 0;
    for leaf in parsed.leaves.iter().filter(|leaf| rule.verdict(&leaf.path) == Verdict::Encrypted) {
        // Empty strings and null stay as they are.
        if leaf.value.canonical.is_empty() {
            continue;
        }
        if leaf.alias || leaf.decorated {
            let message =
                format!("{} is to be encrypted but carries an anchor, an alias or a tag; write it out", leaf.path);
            return Err(SopsError::Shape { line: leaf.line, message });
        }
        if leaf.value.kind == ValueType::Text && is_sealed(leaf.value.canonical.expose()) {
            return Err(SopsError::AlreadyEncrypted);
        }
        if let Some(sealed) = key.encrypt(&leaf.value, &leaf.path.authenticated()) {
            let mut written = Format::Yaml.ciphertext(leaf.style, leaf.in_flow, &sealed);
            // A comment behind the header of a block (`a: | # …`) stays behind the value.
            if let Some(comment) = parsed.comment_inside(leaf).and_then(|comment| seal_comment(comment, key)) {
                written = format!("{written} {comment}");
            }
            patches.put(Format::Yaml.replacement(text, leaf, written));
            count = count.saturating_add(1);
        }
    }
    for comment in parsed.comments.iter().filter(|comment| rule.verdict(&comment.parent) == Verdict::Encrypted) {
        let in_header = parsed.leaves.iter().any(|leaf| leaf.span.contains(&comment.span.start));
        if let Some(sealed) = seal_comment(comment, key).filter(|_| !in_header) {
            patches.put((comment.span.clone(), Secret::new(sealed)));
        }
    }
    Ok(count)
}

/// Encrypts a comment; an empty one stays as it is.
fn seal_comment(comment: &Comment, key: &DataKey) -> Option<String> {
    let value = Value { kind: ValueType::Comment, canonical: comment.text.duplicate() };
    key.encrypt(&value, &comment.parent.authenticated()).map(|sealed| format!("#{sealed}"))
}

/// Reads the result back and compares it with the plain text.
fn check(encrypted: &str, parsed: &Parsed, key: DataKey) -> Result<(), SopsError> {
    let wrong = |error: SopsError| SopsError::ReadBack(error.to_string());
    let opened = SopsFile::parse(Format::Yaml, encrypted).map_err(wrong)?.open(key).map_err(wrong)?;
    let found = opened.file.parsed.leaves.iter().zip(&opened.states);
    let same = parsed.leaves.len() == opened.states.len()
        && parsed.leaves.iter().zip(found).all(|(leaf, (other, state))| {
            leaf.document == other.document && leaf.path == other.path && leaf.value == state.value
        });
    if same { Ok(()) } else { Err(SopsError::ReadBack("a value".to_owned())) }
}

/// Writes the `sops` block as sops 3.13 does: sorted at every level, indented by four.
fn block(wrapped: &[Wrapped], encrypted_regex: &str, modified: &str, mac: &str) -> String {
    let mut lines = vec!["sops:".to_owned(), "    age:".to_owned()];
    for one in wrapped {
        lines.push("        - enc: |".to_owned());
        lines.extend(one.armor.lines().map(|line| format!("            {line}")));
        lines.push(format!("          recipient: {}", one.recipient));
    }
    lines.push(format!("    encrypted_regex: {}", expression(encrypted_regex)));
    lines.push(format!("    lastmodified: \"{modified}\""));
    // Flux looks for `mac: ENC[`, so it is never quoted.
    lines.push(format!("    mac: {mac}"));
    lines.push(format!("    version: {VERSION}"));
    lines.push(String::new());
    lines.join("\n")
}

/// Writes an expression bare where YAML cannot mistake it, else in single quotes.
fn expression(text: &str) -> String {
    let bare = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '^' || c == '(')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "^$()|._+-".contains(c));
    // Alphabetic words such as `true` would not be strings; with a bracket or an anchor nothing else is possible.
    if bare && text.contains(['^', '$', '(']) { text.to_owned() } else { format!("'{}'", text.replace('\'', "''")) }
}
