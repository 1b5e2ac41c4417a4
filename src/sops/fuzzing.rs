//! The properties that the fuzzer checks on every text; `cargo test` replays its corpus with the same functions
//! (fuzz/README.md).

use std::sync::LazyLock;

use jiff::Timestamp;

use super::cipher::{DataKey, sealed_type};
use super::config::Config;
use super::edit::create::{NewFile, create};
use super::error::SopsError;
use super::file::SopsFile;
use super::format::Format;
use super::keys::identities::{Identities, generate};
use super::parsed::Parsed;
use super::rules::RuleKind;
use crate::secret::Secret;

/// A target: its name, which is that of its corpus, and its function.
pub type FuzzTarget = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [FuzzTarget; 6] =
    [("yaml", yaml), ("json", json), ("dotenv", dotenv), ("ini", ini), ("ciphertext", ciphertext), ("config", config)];

/// A key that is generated in every run and protects nothing.
static KEY: LazyLock<(Identities, String)> = LazyLock::new(|| {
    let (text, recipient) = generate();
    (Identities::from_text(&text).unwrap_or_default(), recipient)
});

/// Reads, encrypts, opens, edits and saves YAML.
pub fn yaml(bytes: &[u8]) {
    round(Format::Yaml, bytes);
}

/// Reads, encrypts, opens, edits and saves JSON.
pub fn json(bytes: &[u8]) {
    round(Format::Json, bytes);
}

/// Reads, encrypts, opens, edits and saves dotenv.
pub fn dotenv(bytes: &[u8]) {
    round(Format::Dotenv, bytes);
}

/// Reads, encrypts, opens, edits and saves INI.
pub fn ini(bytes: &[u8]) {
    round(Format::Ini, bytes);
}

/// Reads a ciphertext and tries to decrypt it.
pub fn ciphertext(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let decrypted = DataKey::generate().decrypt(text, "path:");
    assert!(decrypted.is_err(), "nobody has this key");
    let _known = sealed_type(text);
}

/// Reads a `.sops.yaml` and queries it for a path.
pub fn config(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(config) = Config::parse(text) else { return };
    for path in ["apps/staging/secret.yaml", "", "a b/é.json"] {
        if let Some(rule) = config.rule_for(path) {
            assert!(rule.fits(path), "the rule that was found fits");
            let _words = (rule.recipients(), rule.values_text());
        }
    }
}

fn round(format: Format, bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (identities, recipient) = &*KEY;
    if let Ok(file) = SopsFile::parse(format, text) {
        assert!(file.verify(identities).is_err(), "nobody has encrypted it for this key");
    }
    let Ok(parsed) = format.read(text) else { return };
    spans(text, &parsed);
    let wanted = NewFile {
        groups: vec![vec![recipient.clone()]],
        rule: Some((RuleKind::UnencryptedSuffix, "_plain".to_owned())),
        ..NewFile::default()
    };
    let encrypted = match create(format, &Secret::new(text), &wanted, Timestamp::UNIX_EPOCH) {
        Ok(encrypted) => encrypted,
        Err(SopsError::ReadBack(what)) => panic_on(&format!("it was read otherwise than written: {what}")),
        Err(_) => return,
    };
    let opened = SopsFile::parse(format, encrypted.as_str()).and_then(|file| file.decrypt(identities));
    let mut opened = match opened {
        Ok(opened) => opened,
        Err(error) => panic_on(&format!("what was encrypted does not open: {error}")),
    };
    let before: Vec<_> = parsed.leaves.iter().map(|leaf| leaf.value.canonical.expose()).collect();
    let after: Vec<_> = opened.states.iter().map(|state| state.value.canonical.expose()).collect();
    assert_eq!(before, after, "it opens as what it was");
    edit(&mut opened, format, identities);
}

/// Changes one value, and saves: only that one differs.
fn edit(opened: &mut super::Opened, format: Format, identities: &Identities) {
    let entries = opened.entries();
    let Some(index) = entries.iter().position(|entry| entry.encrypted && !entry.secret.is_empty()) else { return };
    let Some(entry) = entries.get(index) else { return };
    let (document, path) = (entry.document, entry.path.clone());
    let before: Vec<String> = entries.iter().map(|entry| entry.secret.expose().to_owned()).collect();
    // Values that cannot be changed are refused, such as one that an anchor shares.
    if opened.set(document, &path, &Secret::new("changed")).is_err() {
        return;
    }
    let saved = match opened.save(Timestamp::UNIX_EPOCH) {
        Ok(saved) => saved,
        Err(SopsError::ReadBack(what)) => panic_on(&format!("a change is read otherwise than written: {what}")),
        Err(_) => return,
    };
    let again = SopsFile::parse(format, saved).and_then(|file| file.decrypt(identities));
    let again = match again {
        Ok(again) => again,
        Err(error) => panic_on(&format!("what was saved does not open: {error}")),
    };
    assert_eq!(again.entries().len(), before.len(), "no value came or went");
    for ((number, entry), old) in again.entries().iter().enumerate().zip(&before) {
        let wanted = if number == index { "changed" } else { old };
        assert_eq!(entry.secret.expose(), wanted, "only one value is other");
    }
}

/// Checks that every place is in the text, at borders of letters, and that no two written ones overlap.
fn spans(text: &str, parsed: &Parsed) {
    let mut last = 0;
    for leaf in parsed.leaves.iter().filter(|leaf| !leaf.alias) {
        assert!(text.get(leaf.span.clone()).is_some(), "a value lies in the text");
        assert!(leaf.span.start >= last, "values follow each other");
        last = leaf.span.end;
    }
    for comment in &parsed.comments {
        assert!(text.get(comment.span.clone()).is_some(), "a comment lies in the text");
    }
    for document in &parsed.documents {
        assert!(text.get(..document.end).is_some(), "a document ends in the text");
    }
}

/// Ends the run with the finding.
#[allow(clippy::panic, reason = "a fuzzer reports by panicking")]
fn panic_on(what: &str) -> ! {
    panic!("{what}")
}
