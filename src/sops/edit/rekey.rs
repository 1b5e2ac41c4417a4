//! For whom a file is encrypted, and with which data key: changing that, as `sops updatekeys` and `sops rotate` do.

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
    /// Returns the text encrypted for other recipients, group by group. The data key, the values, `mac` and `lastmodified` stay, as
    /// `sops updatekeys` leaves them, and so do the entries of recipients that stay. Whoever is taken out can still open what they have
    /// seen, until the data key is rotated and the values are changed.
    ///
    /// # Errors
    /// When a recipient is no public key, there would be none, a value of a Secret stands in plain text, or the result does not open.
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
        // As sops updatekeys has it: a threshold that is not said stays, and is no more than there are groups.
        let kept = metadata.shamir_threshold.map(|kept| kept.min(groups.len()));
        let threshold = shamir_threshold.or(kept).filter(|_| groups.len() > 1);
        let needed = |threshold: Option<usize>| threshold.unwrap_or(groups.len());
        if groups.len() > 1 && needed(threshold) != self.file.metadata().needed() {
            // The parts of another split: each is made and wrapped anew.
            for one in metadata.groups.iter_mut().flat_map(|group| &mut group.age) {
                one.armor.clear();
            }
        }
        metadata.shamir_threshold = threshold;
        self.with_metadata(metadata)
    }

    /// Returns the text with another `sops` block, in which the data key is wrapped for those recipients for whom it is not yet.
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

    /// Returns the text with a new data key, and so with every value encrypted anew: for the same recipients and by the same rule, or as
    /// a configuration says for new files.
    ///
    /// # Errors
    /// When a recipient is no public key or a key that only sops can use, the rule reaches nothing, a comment cannot be decrypted and so
    /// would be lost, or the result does not read back as what the file holds.
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
            // Those of other kinds would be lost with their groups.
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
        // The block is that of the new key already; the values below it still are those of the old one.
        let file = SopsFile::parse(self.file.format, self.file.with_metadata(&metadata)?)?;
        let other_rule = file.metadata().rule != self.file.metadata().rule;
        let plan = Plan::new(parsed, &file.rule, if other_rule { &NOTHING } else { self.kept() });
        self.sealed(&Sealing { block_of: &file, key: &key, plan, fresh: true }, now).map(|(text, _)| text)
    }
}

/// Under another rule nothing is decided by what the file holds encrypted now.
static NOTHING: Keep = Keep::nothing();
