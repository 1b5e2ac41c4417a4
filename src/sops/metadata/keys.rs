//! Wrapping the data key for the recipients of a block, whole or in parts, and unwrapping it with the available
//! identities.

use zeroize::Zeroizing;

use super::{KeyGroup, Metadata};
use crate::sops::cipher::DataKey;
use crate::sops::error::SopsError;
use crate::sops::keys::identities::{Identities, Opener};
use crate::sops::keys::recipients;
use crate::sops::keys::shamir;

impl Metadata {
    /// Refuses a new data key if a key of another kind (PGP, a cloud) reads the file, too: only sops can wrap it for
    /// that.
    ///
    /// # Errors
    /// If there is such a key.
    pub(in crate::sops) fn refuse_other_kinds(&self) -> Result<(), SopsError> {
        match self.other_kinds().join(", ") {
            kinds if kinds.is_empty() => Ok(()),
            kinds => Err(SopsError::Unsupported(format!(
                "it is also encrypted for {kinds}, for which only sops can wrap a new data key"
            ))),
        }
    }

    /// Wraps a new data key for every recipient.
    ///
    /// # Errors
    /// If a recipient is no public key, a group is empty, or it has a key of another kind (PGP, a cloud), which only
    /// sops can use.
    pub(in crate::sops) fn wrap_all(&mut self, key: &DataKey) -> Result<(), SopsError> {
        self.refuse_other_kinds()?;
        if self.groups.is_empty() || self.groups.iter().any(|group| group.age.is_empty()) {
            let message =
                if self.groups.len() > 1 { "one of its groups names no recipients" } else { "it names no recipients" };
            return Err(SopsError::Metadata(message.to_owned()));
        }
        self.grouped = self.groups.len() > 1;
        if !self.grouped {
            self.shamir_threshold = None;
            return self.groups.iter_mut().try_for_each(|group| group.wrap(key.bytes(), true));
        }
        let (count, needed) = (self.groups.len(), self.needed());
        let parts = shamir::split(key.bytes(), count, needed).ok_or_else(|| {
            SopsError::Metadata(format!("{needed} of {count} groups cannot be asked for: from 2 to {count}"))
        })?;
        self.shamir_threshold = Some(needed);
        self.groups.iter_mut().zip(parts).try_for_each(|(group, part)| group.wrap(&part, true))
    }

    /// Wraps the data key for those recipients that lack it, and leaves the others as they are. If the key is split,
    /// all parts are generated anew.
    ///
    /// # Errors
    /// As [`Metadata::wrap_all`]; with a single group, keys of other kinds may stay.
    pub(in crate::sops) fn wrap_missing(&mut self, key: &DataKey) -> Result<(), SopsError> {
        let wrapped = |group: &KeyGroup| !group.is_empty() && group.age.iter().all(|one| !one.armor.is_empty());
        let complete = !self.groups.is_empty() && self.groups.iter().all(wrapped);
        match self.groups.as_mut_slice() {
            _ if complete => Ok(()),
            [only] if !only.is_empty() => only.wrap(key.bytes(), false),
            _ => self.wrap_all(key),
        }
    }

    /// Unwraps the data key; also returns the identities that did.
    pub(in crate::sops) fn unwrap(&self, identities: &Identities) -> Result<(DataKey, Vec<Opener>), SopsError> {
        let wrong_length = || SopsError::DataKey("it does not have 32 bytes".to_owned());
        if let [only] = self.groups.as_slice() {
            let (bytes, opener) = self.opened(only, identities)?;
            return Ok((DataKey::from_bytes(&bytes).ok_or_else(wrong_length)?, vec![opener]));
        }
        let (mut parts, mut openers, mut missing, mut damage) = (Vec::new(), Vec::new(), Vec::new(), None);
        for (group, number) in self.groups.iter().zip(1_usize..) {
            if parts.len() == self.needed() {
                // These are enough: the rest would only prompt more.
                break;
            }
            match self.opened(group, identities) {
                Ok((part, opener)) => {
                    parts.push(part);
                    openers.push(opener);
                }
                Err(error) => {
                    missing.push(format!("group {number} ({})", group.named()));
                    if matches!(error, SopsError::DataKey(_) | SopsError::Unanswered { .. }) {
                        damage = Some(error);
                    }
                }
            }
        }
        if parts.len() < self.needed() {
            return Err(damage.unwrap_or(SopsError::MissingGroups {
                needed: self.needed(),
                opened: parts.len(),
                count: self.groups.len(),
                missing,
            }));
        }
        let whole =
            shamir::combine(&parts).ok_or_else(|| SopsError::DataKey("its parts do not fit together".to_owned()))?;
        Ok((DataKey::from_bytes(&whole).ok_or_else(wrong_length)?, openers))
    }

    fn opened(&self, group: &KeyGroup, identities: &Identities) -> Result<(Zeroizing<Vec<u8>>, Opener), SopsError> {
        if group.age.is_empty() {
            let others = self.other_kinds().join(", ");
            let message = format!("it is encrypted for {others} only; age and SSH keys are handled");
            return Err(SopsError::Unsupported(message));
        }
        identities.unwrap(&group.age)
    }
}

impl KeyGroup {
    fn is_empty(&self) -> bool {
        self.age.is_empty() && self.others.is_empty()
    }

    fn wrap(&mut self, bytes: &[u8], again: bool) -> Result<(), SopsError> {
        for one in self.age.iter_mut().filter(|one| again || one.armor.is_empty()) {
            *one = recipients::wrap(bytes, &one.recipient)?;
        }
        Ok(())
    }

    /// Returns the names of the group's keys for an operator.
    fn named(&self) -> String {
        let others = self.others().into_iter().map(|(kind, name)| format!("{kind} {name}"));
        self.recipients().into_iter().chain(others).collect::<Vec<_>>().join(" or ")
    }
}
