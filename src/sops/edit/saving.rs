//! Saving an opened file with as few changed bytes as possible, and verifying the result before it is used.

use jiff::Timestamp;

use super::draft::Draft;
use super::keep::Reuse;
use super::opened::Opened;
use super::patch::Patches;
use super::seal::{Plan, seal};
use crate::secret::Secret;
use crate::sops::cipher::DataKey;
use crate::sops::error::SopsError;
use crate::sops::file::SopsFile;
use crate::sops::format::Format;
use crate::sops::mac;
use crate::sops::parsed::{BLOCK, Leaf, Parsed};
use crate::sops::scrub::scrubbed;
use crate::sops::value::{Value, ValueType};

impl Opened {
    /// Returns the encrypted text with the changes. Only changed values, `lastmodified` and `mac` differ from the file;
    /// without a change, nothing does. The result is parsed, decrypted and compared with the intended values before it
    /// is returned.
    ///
    /// # Errors
    /// If a value cannot be written, nothing in it would be encrypted, or it does not read back as intended.
    pub fn save(&self, now: Timestamp) -> Result<String, SopsError> {
        if !self.is_changed() {
            return Ok(self.file.text.clone());
        }
        self.saved(now).map(|(text, _)| text)
    }

    /// Returns the encrypted text with the changes, and the file that was opened from it.
    ///
    /// # Errors
    /// As [`Opened::save`].
    pub(in crate::sops) fn saved(&self, now: Timestamp) -> Result<(String, Self), SopsError> {
        let draft = self.draft.as_ref().map_err(Clone::clone)?;
        let (text, mut again) = scrubbed(|| {
            let plan = Plan::new(draft.parsed(), &self.file.rule, &self.keep);
            self.sealed(&Sealing { block_of: &self.file, key: &self.key, plan, fresh: false }, now)
        })?;
        again.openers.clone_from(&self.openers);
        Ok((text, again))
    }

    /// Encrypts the present text, inserts the `sops` block of a file, and opens the result to verify its values.
    pub(in crate::sops) fn sealed(&self, sealing: &Sealing<'_>, now: Timestamp) -> Result<(String, Self), SopsError> {
        let draft = self.draft.as_ref().map_err(Clone::clone)?;
        let (text, parsed, format) = (draft.text().expose(), draft.parsed(), self.file.format);
        let Sealing { block_of, key, plan, fresh } = sealing;
        let values = parsed.leaves.iter().map(|leaf| &leaf.value).zip(plan.leaves.iter().copied());
        let computed = mac::compute(values, block_of.mac_only_encrypted());
        let modified = seconds(now);
        let mac = key.encrypt(&Value::text(computed), &modified);
        let mac = mac.ok_or_else(|| SopsError::ReadBack("the MAC".to_owned()))?;
        let blocks = blocks(block_of, &mac, &modified)?;
        plan.vouch(parsed)?;
        // Values may be empty, but a file in which the rule covers none would pass for a secret.
        let reached = |(leaf, encrypted): (&Leaf, &bool)| *encrypted && leaf.value.kind != ValueType::Null;
        if !parsed.leaves.iter().zip(&plan.leaves).any(reached) {
            return Err(SopsError::NothingEncrypted(block_of.rule.to_string()));
        }
        let mut found = SopsError::ReadBack("the sops block has no place".to_owned());
        for places in [self.same_places(draft), Some(ends(parsed))].into_iter().flatten() {
            let reuse = if *fresh { Reuse::fresh(&self.keep) } else { Reuse::new(&self.keep, parsed) };
            let mut patches = seal(format, text, parsed, plan, reuse, key)?;
            for (index, place) in places.iter().enumerate() {
                let block = blocks.get(index).or_else(|| blocks.first());
                let Some(block) = block else { continue };
                patches.put((*place..*place, Secret::new(at_line_start(format, text, *place, block))));
            }
            let Some(whole) = patches.apply(text) else { continue };
            let whole = whole.expose().to_owned();
            match check(&whole, block_of, key, parsed) {
                Ok(again) => return Ok((whole, again)),
                Err(error) => found = error,
            }
        }
        Err(found)
    }

    /// Finds the place of each block in the present text: the text before or after it must be the same. `None` if there
    /// is no such place.
    fn same_places(&self, draft: &Draft) -> Option<Vec<usize>> {
        let (old, new) = (draft.original().expose(), draft.text().expose());
        if self.file.parsed.documents.len() != draft.parsed().documents.len() {
            return None;
        }
        let before = old.bytes().zip(new.bytes()).take_while(|(one, other)| one == other).count();
        let behind = old.bytes().rev().zip(new.bytes().rev()).take_while(|(one, other)| one == other).count();
        let mut cut: usize = 0;
        let ends = ends(draft.parsed());
        let places = self.file.parsed.documents.iter().zip(ends).map(|(document, end)| {
            let block = document.block.as_ref()?;
            let at = block.start.checked_sub(cut)?;
            cut = cut.saturating_add(block.len());
            let rest = old.len().checked_sub(at)?;
            Some(if rest <= behind {
                new.len().checked_sub(rest)?
            } else if at <= before {
                at
            } else {
                end
            })
        });
        places.collect()
    }

    /// Opens a text that [`Opened::save`] returned, with the present data key.
    ///
    /// # Errors
    /// If it is not encrypted with that key, or damaged.
    pub fn reopened(&self, text: &str) -> Result<Self, SopsError> {
        let mut again = reopened(text, &self.file, &self.key)?;
        again.openers.clone_from(&self.openers);
        Ok(again)
    }
}

/// Describes how a text is encrypted.
pub(in crate::sops) struct Sealing<'a> {
    /// The file whose `sops` block the text gets.
    pub(in crate::sops) block_of: &'a SopsFile,
    /// The data key that the block wraps.
    pub(in crate::sops) key: &'a DataKey,
    pub(in crate::sops) plan: Plan,
    /// Whether no ciphertext of the file may stay, as with a new data key.
    pub(in crate::sops) fresh: bool,
}

/// Returns the `sops` block of each document of a file with a new MAC and time.
fn blocks(file: &SopsFile, mac: &str, modified: &str) -> Result<Vec<String>, SopsError> {
    let (format, parsed) = (file.format, &file.parsed);
    let blocks = parsed.documents.iter().enumerate().map(|(document, known)| {
        let span = known.block.clone()?;
        let mut patches = Patches::default();
        let own = |key: &'static str| parsed.metadata_copies(key).filter(move |leaf| leaf.document == document);
        let moved =
            |leaf: &Leaf| Some(leaf.span.start.checked_sub(span.start)?..leaf.span.end.checked_sub(span.start)?);
        for leaf in own("mac") {
            patches.put((moved(leaf)?, Secret::new(format.ciphertext(leaf.style, leaf.in_flow, mac))));
        }
        for leaf in own("lastmodified") {
            patches.put((moved(leaf)?, Secret::new(format.metadata(leaf, modified))));
        }
        patches.apply(file.text.get(span.clone())?).map(|block| block.expose().to_owned())
    });
    let whole: Option<Vec<String>> = blocks.collect();
    whole.ok_or_else(|| SopsError::Metadata(format!("a document has no {BLOCK} block of its own")))
}

/// Opens a newly written text with a data key; it must be wrapped as in `like`.
fn reopened(text: &str, like: &SopsFile, key: &DataKey) -> Result<Opened, SopsError> {
    let wrong = |what: &str| SopsError::ReadBack(what.to_owned());
    let key = DataKey::from_bytes(key.bytes()).ok_or_else(|| wrong("the data key"))?;
    let file = SopsFile::parse(like.format, text).map_err(|error| wrong(&error.to_string()))?;
    if !file.is_wrapped_like(like) {
        return Err(wrong("the sops block"));
    }
    file.open(key).map_err(|error| wrong(&error.to_string()))
}

/// Reads a text before it is written to the disk and compares it with the intended values.
pub(in crate::sops) fn check(text: &str, like: &SopsFile, key: &DataKey, parsed: &Parsed) -> Result<Opened, SopsError> {
    let wrong = |what: &str| SopsError::ReadBack(what.to_owned());
    let again = reopened(text, like, key)?;
    let found = again.keep.values();
    let same =
        parsed.leaves.len() == found.len()
            && parsed.leaves.iter().zip(found).all(|(leaf, kept)| {
                leaf.document == kept.document && leaf.path == kept.path && leaf.value == kept.value
            });
    if !same {
        return Err(wrong("a value"));
    }
    let comments = |parsed: &Parsed| parsed.comments.iter().map(|one| one.text.duplicate()).collect::<Vec<_>>();
    match &again.draft {
        Ok(draft) if comments(draft.parsed()) == comments(parsed) => Ok(again),
        Ok(_) => Err(wrong("a comment")),
        Err(error) => Err(wrong(&error.to_string())),
    }
}

/// Returns the places at the end of each document for a `sops` block.
fn ends(parsed: &Parsed) -> Vec<usize> {
    parsed.documents.iter().map(|document| document.end).collect()
}

/// Puts a block on a line of its own if the text before it does not end with one; in brackets it brings its comma.
fn at_line_start(format: Format, text: &str, place: usize, block: &str) -> String {
    let before = text.get(..place).unwrap_or_default();
    let glued = !before.is_empty()
        && !before.ends_with('\n')
        && block.starts_with(|first: char| first.is_ascii_alphabetic() || first == '[');
    if !glued {
        return block.to_owned();
    }
    format!("{}{block}", format.newline(text))
}

/// Returns a time in the form of `lastmodified`: to the second, in UTC.
pub(in crate::sops) fn seconds(now: Timestamp) -> String {
    now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
