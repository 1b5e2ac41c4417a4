//! The encrypted values: the one rule of a file in its `sops` block.

use regex::Regex;

use super::error::SopsError;
use super::marks::Marks;
use super::path::Path;
use crate::yaml::expression;

/// The rule of a file that names none, which sops then writes into it.
pub(super) const DEFAULT_SUFFIX: &str = "_unencrypted";

/// Decides which values of a file are encrypted.
///
/// A rule checks every key on the way to a value, and one match is enough: `^data$` also encrypts
/// `metadata.annotations.data`.
#[derive(Debug)]
pub(super) enum Rule {
    /// Everything: binary files have no rule.
    Everything,
    /// Everything except below a key with this ending.
    UnencryptedSuffix(String),
    /// Only below a key with this ending.
    EncryptedSuffix(String),
    /// Everything except below a key that matches.
    UnencryptedRegex(Regex),
    /// Only below a key that matches.
    EncryptedRegex(Regex),
    /// Values with a comment. go-yaml guesses the value of each comment, so a file's values themselves show what is
    /// encrypted, and comments decide only for new values.
    Comments(Marks),
}

/// Names the six kinds of rules; a file has one at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RuleKind {
    /// Everything but keys with this ending.
    UnencryptedSuffix,
    /// Only keys with this ending.
    EncryptedSuffix,
    /// Everything but keys that match.
    UnencryptedRegex,
    /// Only keys that match.
    EncryptedRegex,
    /// Everything but entries below a comment that matches.
    UnencryptedComment,
    /// Only entries below a comment that matches.
    EncryptedComment,
}

impl RuleKind {
    /// All kinds, in sops's order.
    pub const ALL: [Self; 6] = [
        Self::UnencryptedSuffix,
        Self::EncryptedSuffix,
        Self::UnencryptedRegex,
        Self::EncryptedRegex,
        Self::UnencryptedComment,
        Self::EncryptedComment,
    ];

    /// Returns the name of the field in the `sops` block and in `.sops.yaml`.
    pub fn key(self) -> &'static str {
        match self {
            Self::UnencryptedSuffix => "unencrypted_suffix",
            Self::EncryptedSuffix => "encrypted_suffix",
            Self::UnencryptedRegex => "unencrypted_regex",
            Self::EncryptedRegex => "encrypted_regex",
            Self::UnencryptedComment => "unencrypted_comment_regex",
            Self::EncryptedComment => "encrypted_comment_regex",
        }
    }

    /// Tells whether the rule is a regular expression.
    pub fn is_expression(self) -> bool {
        !matches!(self, Self::UnencryptedSuffix | Self::EncryptedSuffix)
    }

    /// Finds the kind of a field.
    pub fn from_field(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.key() == key)
    }
}

/// Tells the decision of a rule about a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The rule encrypts the value.
    Encrypted,
    /// The rule leaves the value as it is.
    Plain,
    /// The value itself shows whether it is encrypted.
    AsFound,
}

impl Rule {
    /// Compiles the rule that a file names; `None` means sops's default.
    pub(super) fn compile(rule: Option<(RuleKind, &str)>) -> Result<Self, SopsError> {
        Ok(match rule {
            None => Self::UnencryptedSuffix(DEFAULT_SUFFIX.to_owned()),
            Some((RuleKind::UnencryptedSuffix, text)) => Self::UnencryptedSuffix(text.to_owned()),
            Some((RuleKind::EncryptedSuffix, text)) => Self::EncryptedSuffix(text.to_owned()),
            Some((RuleKind::UnencryptedRegex, text)) => Self::UnencryptedRegex(compile(text)?),
            Some((RuleKind::EncryptedRegex, text)) => Self::encrypted_regex(text)?,
            Some((kind @ (RuleKind::UnencryptedComment | RuleKind::EncryptedComment), text)) => {
                Self::Comments(Marks { regex: compile(text)?, encrypts: kind == RuleKind::EncryptedComment })
            }
        })
    }

    /// Builds the usual rule for Kubernetes: it encrypts only values below a key that matches the expression.
    pub(super) fn encrypted_regex(text: &str) -> Result<Self, SopsError> {
        compile(text).map(Self::EncryptedRegex)
    }

    /// Tells whether it selects values, as it does in every format but the binary.
    pub(super) fn is_of_values(&self) -> bool {
        !matches!(self, Self::Everything)
    }

    /// Decides whether to encrypt a value at a path.
    pub(super) fn verdict(&self, path: &Path) -> Verdict {
        let encrypted = match self {
            Self::Everything => true,
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
    /// Writes the rule in the form of a configuration.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Everything => formatter.write_str("of binary files"),
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

/// Compiles an expression. sops treats an invalid one as one that never matches, and so silently encrypts nothing or
/// everything.
fn compile(text: &str) -> Result<Regex, SopsError> {
    expression::compile(text).map_err(|message| SopsError::Rule { rule: text.to_owned(), message })
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
