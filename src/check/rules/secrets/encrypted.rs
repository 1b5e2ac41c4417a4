//! The encrypted files of a repository, each with its creation rule and recipients, for rules that compare them.

use std::collections::BTreeSet;

use crate::check::Context;
use crate::repo::{contents, readers};

/// Holds an encrypted file that a creation rule matches.
pub(in crate::check) struct EncryptedFile {
    /// The file.
    pub(super) file: String,
    /// The configuration that contains the rule.
    pub(super) config: String,
    /// The recipients that the rule names.
    pub(super) wanted: Vec<String>,
    /// The recipients of the file.
    pub(super) readers: BTreeSet<String>,
}

/// Lists the encrypted files, sorted by name; they are read once.
pub(super) fn all<'c>(context: &'c Context<'_>) -> &'c [EncryptedFile] {
    context.once.encrypted.get_or_init(|| {
        let snapshot = context.snapshot;
        let of = |file: &String| {
            let text = contents::text(&snapshot.root, file).ok().filter(|text| crate::sops::sniff(text).is_some())?;
            let creation = snapshot.creation(file).ok()?;
            let (config, wanted) = (creation.config.clone(), creation.rule.recipients());
            Some(EncryptedFile { file: file.clone(), config, wanted, readers: readers::recipients(file, &text) })
        };
        context.listed().iter().filter(|file| !readers::is_config(file)).filter_map(of).collect()
    })
}

/// Names files: the first few, and the number of the others.
pub(super) fn named(files: &[&str]) -> String {
    let first = files.iter().take(3).copied().collect::<Vec<_>>().join(", ");
    match files.len().saturating_sub(3) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}
