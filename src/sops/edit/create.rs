//! Encrypting a plain document for the first time, in the layout of sops 3.13.

use jiff::Timestamp;

use super::keep::{Keep, Reuse};
use super::saving::seconds;
use super::seal::{Plan, seal};
use crate::secret::Secret;
use crate::sops::binary;
use crate::sops::cipher::{DataKey, is_sealed};
use crate::sops::error::SopsError;
use crate::sops::file::SopsFile;
use crate::sops::format::Format;
use crate::sops::mac;
use crate::sops::metadata::{self, KeyGroup, Metadata};
use crate::sops::parsed::{Leaf, Parsed};
use crate::sops::rules::{DEFAULT_SUFFIX, Rule, RuleKind};
use crate::sops::value::Value;

/// The version in new files: that of the sops with the same layout.
const VERSION: &str = "3.13.3";

/// Describes the recipients and the rule of a new file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewFile {
    /// The groups of recipients; with several, the data key is split between them.
    pub groups: Vec<Vec<String>>,
    /// The number of groups that open the file; all of them if it is not set.
    pub shamir_threshold: Option<usize>,
    /// The rule for the encrypted values; without one, all values are encrypted but those of keys that end in
    /// `_unencrypted`.
    pub rule: Option<(RuleKind, String)>,
    /// Whether the MAC covers the encrypted values alone.
    pub mac_only_encrypted: bool,
    /// The indentation of the `sops` block; 4 columns in YAML and a tab in JSON if it is not set.
    pub indent: Option<usize>,
}

impl NewFile {
    /// Builds the usual settings for Kubernetes files: one group of recipients, and an expression for the keys to
    /// encrypt.
    pub fn for_recipients(recipients: &[String], encrypted_regex: &str) -> Self {
        Self {
            groups: vec![recipients.to_vec()],
            rule: Some((RuleKind::EncryptedRegex, encrypted_regex.to_owned())),
            ..Self::default()
        }
    }

    /// Returns the rule for the file's block.
    pub(in crate::sops) fn rule(&self) -> (RuleKind, String) {
        self.rule.clone().unwrap_or_else(|| (RuleKind::UnencryptedSuffix, DEFAULT_SUFFIX.to_owned()))
    }
}

/// Encrypts a plain text, leaves all bytes unchanged that the rule does not cover, and adds a `sops` block to each
/// document. Comments inside of encrypted parts are encrypted, too, since they often hold old passwords.
///
/// # Errors
/// If the rule is invalid or covers nothing, if the text is encrypted already or SOPS cannot hold it in its format, if
/// a recipient is no public key, and if an anchor, alias or tag touches a value to encrypt.
pub fn create(format: Format, plaintext: &Secret, file: &NewFile, now: Timestamp) -> Result<String, SopsError> {
    let binary = (format == Format::Binary).then(|| binary::envelope(plaintext));
    let plaintext = binary.as_ref().unwrap_or(plaintext);
    encrypt(format, plaintext, &format.read(plaintext.expose())?, file, now)
}

/// Encrypts a parsed plain text.
pub(in crate::sops) fn encrypt(
    format: Format,
    plaintext: &Secret,
    parsed: &Parsed,
    file: &NewFile,
    now: Timestamp,
) -> Result<String, SopsError> {
    let text = plaintext.expose();
    // A binary file is one value without a rule, so none is written.
    let chosen = (format != Format::Binary).then(|| file.rule());
    let rule = match &chosen {
        Some((kind, expression)) => Rule::compile(Some((*kind, expression)))?,
        None => Rule::Everything,
    };
    if !parsed.metadata.is_empty() || parsed.documents.iter().any(|document| document.block.is_some()) {
        return Err(SopsError::AlreadyEncrypted);
    }
    let mut metadata =
        Metadata::new(file.groups.iter().map(|group| KeyGroup::for_recipients(group)).collect(), VERSION);
    metadata.shamir_threshold = file.shamir_threshold;
    metadata.mac_only_encrypted = file.mac_only_encrypted;
    let key = DataKey::generate();
    metadata.wrap_all(&key)?;
    let (keep, sealed) = (Keep::default(), |leaf: &Leaf| is_sealed(leaf.value.canonical.expose()));
    let plan = Plan::new(parsed, &rule, &keep);
    if plan.reached(parsed).next().is_some() {
        plan.vouch(parsed)?;
    }
    // Empty strings and null stay as they are.
    let reached: Vec<&Leaf> = plan.reached(parsed).filter(|leaf| !leaf.value.canonical.is_empty()).collect();
    // A comment that reads as a ciphertext would count as one of this file's.
    let sealed_comment = parsed.comments.iter().any(|comment| is_sealed(comment.text.expose()));
    if sealed_comment || reached.iter().any(|leaf| sealed(leaf)) {
        return Err(SopsError::AlreadyEncrypted);
    }
    if reached.is_empty() {
        return Err(SopsError::NothingEncrypted(rule.to_string()));
    }
    let mut patches = seal(format, text, parsed, &plan, Reuse::fresh(&keep), &key)?;
    metadata.rule = chosen;
    metadata.last_modified = seconds(now);
    let values = parsed.leaves.iter().map(|leaf| &leaf.value).zip(plan.leaves.iter().copied());
    let mac = Value::text(mac::compute(values, file.mac_only_encrypted));
    metadata.mac = key.encrypt(&mac, &metadata.last_modified).unwrap_or_default();
    // An empty document gets its block, too: sops looks for it in the first one.
    for document in &parsed.documents {
        patches.put(metadata::appended(format, text, document, &metadata, file.indent)?);
    }
    let encrypted = patches.apply(text).ok_or_else(|| SopsError::ReadBack("changes overlap".to_owned()))?;
    let encrypted = encrypted.expose().to_owned();
    check(format, &encrypted, parsed, key)?;
    Ok(encrypted)
}

/// Reads the result back and compares it with the plain text.
fn check(format: Format, encrypted: &str, parsed: &Parsed, key: DataKey) -> Result<(), SopsError> {
    let wrong = |error: SopsError| SopsError::ReadBack(error.to_string());
    let opened = SopsFile::parse(format, encrypted).map_err(wrong)?.open(key).map_err(wrong)?;
    let found = opened.file.parsed.leaves.iter().zip(&opened.states);
    let same = parsed.leaves.len() == opened.states.len()
        && parsed.leaves.iter().zip(found).all(|(leaf, (other, state))| {
            leaf.document == other.document && leaf.path == other.path && leaf.value == state.value
        });
    if same { Ok(()) } else { Err(SopsError::ReadBack("a value".to_owned())) }
}
