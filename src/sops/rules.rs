//! Which values are encrypted: the one rule that a file carries in its `sops` block.

use regex::Regex;

use super::error::SopsError;
use super::marks::Marks;
use super::parsed::Parsed;
use super::path::Path;

/// What applies where a file names no rule, and sops then writes out.
const DEFAULT_SUFFIX: &str = "_unencrypted";

/// Decides which values of a file are encrypted.
///
/// A rule looks at every key on the way to a value, and one that fits is enough: `^data$` also encrypts `metadata.annotations.data`.
#[derive(Debug)]
pub(super) enum Rule {
    /// Everything but what lies below a key with this ending.
    UnencryptedSuffix(String),
    /// Only what lies below a key with this ending.
    EncryptedSuffix(String),
    /// Everything but what lies below a key that this fits.
    UnencryptedRegex(Regex),
    /// Only what lies below a key that this fits.
    EncryptedRegex(Regex),
    /// What comments mark. Which comment belongs to which value is go-yaml's own guess, so what is encrypted in a file is read off its
    /// values, and only what is new is decided by its comments.
    Comments(Marks),
}

/// What a rule says of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is to be encrypted.
    Encrypted,
    /// It is to stay as it is.
    Plain,
    /// The value itself shows whether it is encrypted.
    AsFound,
}

impl Rule {
    /// Reads the rule from the `sops` block; more than one is an error, and none means sops's default.
    pub(super) fn read(parsed: &Parsed) -> Result<Self, SopsError> {
        let mut rules = Vec::new();
        for key in [
            "unencrypted_suffix",
            "encrypted_suffix",
            "unencrypted_regex",
            "encrypted_regex",
            "unencrypted_comment_regex",
            "encrypted_comment_regex",
        ] {
            if let Some(text) = parsed.metadata_text(key).filter(|text| !text.is_empty()) {
                rules.push((key, text));
            }
        }
        match rules.as_slice() {
            [] => Ok(Self::UnencryptedSuffix(DEFAULT_SUFFIX.to_owned())),
            [("unencrypted_suffix", text)] => Ok(Self::UnencryptedSuffix((*text).to_owned())),
            [("encrypted_suffix", text)] => Ok(Self::EncryptedSuffix((*text).to_owned())),
            [("unencrypted_regex", text)] => compile(text).map(Self::UnencryptedRegex),
            [("encrypted_regex", text)] => Self::encrypted_regex(text),
            [(key, text)] => {
                Ok(Self::Comments(Marks { regex: compile(text)?, encrypts: *key == "encrypted_comment_regex" }))
            }
            _ => Err(SopsError::Metadata("it holds more than one rule for what is encrypted".to_owned())),
        }
    }

    /// Builds the usual rule for Kubernetes: only what lies below a key that the expression fits is encrypted.
    pub(super) fn encrypted_regex(text: &str) -> Result<Self, SopsError> {
        compile(text).map(Self::EncryptedRegex)
    }

    /// Says whether a value at a path is to be encrypted.
    pub(super) fn verdict(&self, path: &Path) -> Verdict {
        let encrypted = match self {
            Self::UnencryptedSuffix(suffix) => !path.keys().any(|key| key.ends_with(suffix)),
            Self::EncryptedSuffix(suffix) => path.keys().any(|key| key.ends_with(suffix)),
            Self::UnencryptedRegex(regex) => !path.keys().any(|key| regex.is_match(key)),
            Self::EncryptedRegex(regex) => path.keys().any(|key| regex.is_match(key)),
            Self::Comments(_) => return Verdict::AsFound,
        };
        if encrypted { Verdict::Encrypted } else { Verdict::Plain }
    }
}

impl std::fmt::Display for Rule {
    /// Writes the rule as a configuration has it.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::UnencryptedSuffix(text) => write!(formatter, "unencrypted_suffix: {text}"),
            Self::EncryptedSuffix(text) => write!(formatter, "encrypted_suffix: {text}"),
            Self::UnencryptedRegex(regex) => write!(formatter, "unencrypted_regex: {regex}"),
            Self::EncryptedRegex(regex) => write!(formatter, "encrypted_regex: {regex}"),
            Self::Comments(marks) => {
                let prefix = if marks.encrypts { "" } else { "un" };
                write!(formatter, "{prefix}encrypted_comment_regex: {}", marks.regex)
            }
        }
    }
}

/// Compiles an expression. sops takes an invalid one for one that never fits, and so encrypts nothing or everything without a word.
fn compile(text: &str) -> Result<Regex, SopsError> {
    Regex::new(text).map_err(|error| {
        let message = error.to_string();
        let last = message.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        SopsError::Rule { rule: text.to_owned(), message: last }
    })
}

#[cfg(test)]
mod tests {
    use super::{Rule, SopsError, Verdict};
    use crate::sops::path::{Path, Segment};

    #[test]
    fn any_key_on_the_way_decides() {
        let path = |keys: &[&str]| Path::new(keys.iter().map(|key| Segment::Key((*key).to_owned())).collect());
        let rule = Rule::encrypted_regex("^(data|stringData)$").unwrap();
        assert_eq!(rule.verdict(&path(&["stringData", "a"])), Verdict::Encrypted);
        assert_eq!(rule.verdict(&path(&["metadata", "annotations", "data"])), Verdict::Encrypted);
        assert_eq!(rule.verdict(&path(&["metadata", "name"])), Verdict::Plain);
    }

    #[test]
    fn an_invalid_expression_is_refused() {
        assert!(matches!(Rule::encrypted_regex("^(data"), Err(SopsError::Rule { .. })));
    }
}
