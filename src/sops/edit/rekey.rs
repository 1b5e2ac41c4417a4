//! The recipients and the data key of a file, and changes to them, as of `sops updatekeys` and `sops rotate`.

use jiff::Timestamp;

use super::create::NewFile;
use super::keep::Keep;
use super::opened::Opened;
use super::saving::Sealing;
use super::seal::Plan;
use crate::sops::cipher::{DataKey, is_sealed};
use crate::sops::error::SopsError;
use crate::sops::exposed;
use crate::sops::file::SopsFile;
use crate::sops::keys::recipients::Wrapped;
use crate::sops::metadata::{KeyGroup, Metadata};

impl Opened {
    /// Returns the text encrypted for other recipients, group by group. The data key, the values, `mac` and
    /// `lastmodified` stay, as with `sops updatekeys`, and so do the entries of remaining recipients. Removed
    /// recipients can still open the versions that they have, until the data key is rotated and the values are changed.
    ///
    /// # Errors
    /// If a recipient is no public key, there would be none, a value of a Secret is in plain text, or the result does
    /// not open.
    pub fn for_recipients(&self, groups: &[Vec<String>], shamir_threshold: Option<usize>) -> Result<String, SopsError> {
        let mut metadata = self.file.metadata().clone();
        if metadata.groups.len() == groups.len() {
            for (group, wanted) in metadata.groups.iter_mut().zip(groups) {
                let known = |recipient: &String| group.age.iter().find(|one| one.recipient == *recipient).cloned();
                let missing = |recipient: &String| Wrapped { recipient: recipient.clone(), armor: String::new() };
                let age = wanted.iter().map(|one| known(one).unwrap_or_else(|| missing(one))).collect();
                group.age = age;
            }
        } else {
            metadata.groups = groups.iter().map(|group| KeyGroup::for_recipients(group)).collect();
        }
        // As in sops updatekeys: a threshold that is not given stays, up to the number of groups.
        let kept = metadata.shamir_threshold.map(|kept| kept.min(groups.len()));
        let threshold = shamir_threshold.or(kept).filter(|_| groups.len() > 1);
        let needed = |threshold: Option<usize>| threshold.unwrap_or(groups.len());
        if groups.len() > 1 && needed(threshold) != self.file.metadata().needed() {
            // The parts of another split are all generated and wrapped anew.
            for one in metadata.groups.iter_mut().flat_map(|group| &mut group.age) {
                one.armor.clear();
            }
        }
        metadata.shamir_threshold = threshold;
        self.with_metadata(metadata)
    }

    /// Returns the text with another `sops` block, in which the data key is wrapped for its new recipients, too.
    pub(in crate::sops) fn with_metadata(&self, mut metadata: Metadata) -> Result<String, SopsError> {
        metadata.wrap_missing(&self.key)?;
        let text = self.file.with_metadata(&metadata)?;
        exposed::judge(&text)?;
        let wrong = |error: SopsError| SopsError::ReadBack(error.to_string());
        let again = SopsFile::parse(self.file.format, text.as_str()).map_err(wrong)?;
        if again.metadata != metadata {
            return Err(SopsError::ReadBack("the sops block".to_owned()));
        }
        let key = DataKey::from_bytes(self.key.bytes());
        again.open(key.ok_or_else(|| SopsError::ReadBack("the data key".to_owned()))?).map_err(wrong)?;
        Ok(text)
    }

    /// Returns the text with a new data key, and so with every value encrypted anew: for the same recipients and by the
    /// same rule, or by a configuration for new files.
    ///
    /// # Errors
    /// If a recipient is no public key or a key that only sops can use, the rule covers nothing, a comment cannot be
    /// decrypted and so would be lost, or the result does not read back as the same values.
    pub fn reencrypted(&self, wanted: Option<&NewFile>, now: Timestamp) -> Result<String, SopsError> {
        let parsed = self.parsed()?;
        if let Some(comment) = parsed.comments.iter().find(|comment| is_sealed(comment.text.expose())) {
            let line = comment.line;
            let message = "the comment cannot be decrypted and would be lost under a new data key; take it out first";
            return Err(SopsError::Shape { line, message: message.to_owned() });
        }
        let key = DataKey::generate();
        let mut metadata = self.file.metadata().clone();
        if let Some(wanted) = wanted {
            // Keys of other kinds would be lost with their groups.
            metadata.refuse_other_kinds()?;
            if !wanted.groups.iter().all(Vec::is_empty) {
                metadata.groups = wanted.groups.iter().map(|group| KeyGroup::for_recipients(group)).collect();
                metadata.shamir_threshold = wanted.shamir_threshold;
            }
            if self.file.rule.is_of_values() {
                metadata.rule = Some(wanted.rule());
            }
            metadata.mac_only_encrypted = wanted.mac_only_encrypted;
        }
        metadata.wrap_all(&key)?;
        // The block is that of the new key already; the values below it are still those of the old one.
        let file = SopsFile::parse(self.file.format, self.file.with_metadata(&metadata)?)?;
        let other_rule = file.metadata().rule != self.file.metadata().rule;
        let plan = Plan::new(parsed, &file.rule, if other_rule { &NOTHING } else { self.kept() });
        self.sealed(&Sealing { block_of: &file, key: &key, plan, fresh: true }, now).map(|(text, _)| text)
    }
}

/// Under another rule, the present encryption of a value decides nothing.
static NOTHING: Keep = Keep::nothing();
