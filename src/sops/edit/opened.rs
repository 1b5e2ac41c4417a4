//! A decrypted file in memory: its values, and changes to them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::draft::{Draft, ValueChange};
use super::entry::{Entry, is_data};
use super::keep::{Keep, Reuse};
use super::plaintext;
use super::seal::{Plan, seal};
use crate::secret::Secret;
use crate::sops::binary;
use crate::sops::cipher::DataKey;
use crate::sops::error::SopsError;
use crate::sops::exposed::Secrets;
use crate::sops::file::SopsFile;
use crate::sops::format::Format;
use crate::sops::keys::identities::Opener;
use crate::sops::parsed::Parsed;
use crate::sops::path::Path;
use crate::sops::value::{Value, ValueType};

/// Holds the content of a leaf of the file.
#[derive(Debug)]
pub(in crate::sops) struct State {
    pub(in crate::sops) value: Value,
    pub(in crate::sops) encrypted: bool,
}

/// Holds a decrypted file. Its values are in memory only, and wiped when it is dropped.
pub struct Opened {
    pub(in crate::sops) file: SopsFile,
    pub(in crate::sops) key: DataKey,
    /// The identities that opened it: one, or one for each needed group.
    pub(in crate::sops) openers: Vec<Opener>,
    /// The content of each leaf of the file.
    pub(in crate::sops) states: Vec<State>,
    pub(in crate::sops) keep: Keep,
    /// The plain text; a file without a plain text that reads as its values can be viewed but not edited.
    pub(super) draft: Result<Draft, SopsError>,
    entries: Vec<Entry>,
    changes: Vec<ValueChange>,
}

impl Opened {
    pub(in crate::sops) fn new(file: SopsFile, key: DataKey, states: Vec<State>) -> Self {
        let keep = Keep::collect(&file, &key, &states);
        let draft = plaintext::write(&file, &key, &states).and_then(|text| Draft::new(file.format, text, &keep));
        let mut opened =
            Self { file, key, openers: Vec::new(), states, keep, draft, entries: Vec::new(), changes: Vec::new() };
        opened.refresh();
        opened
    }

    /// Returns the file as it was read.
    pub fn file(&self) -> &SopsFile {
        &self.file
    }

    /// Returns the identities that opened it: one, or one for each needed group.
    pub fn openers(&self) -> &[Opener] {
        &self.openers
    }

    /// Returns all present values in the order of the file, encrypted or not.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Finds a value by the name that an operator typed: dotted (`stringData.password`) or a JSON Pointer
    /// (`/data/tls.crt`).
    pub fn find(&self, document: usize, words: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.document == document && entry.path.is_named(words))
    }

    /// Changes an existing value. A value of a Secret becomes a string, the only type that the API server accepts
    /// there; elsewhere a number, boolean or time keeps its type if the text parses as one.
    ///
    /// # Errors
    /// If there is no such value, or it cannot be written safely (it is shared through an anchor, or carries a tag).
    pub fn set(&mut self, document: usize, path: &Path, secret: &Secret) -> Result<(), SopsError> {
        let (keep, file) = (&self.keep, &self.file);
        let draft = self.draft.as_mut().map_err(|error| error.clone())?;
        let found = draft.parsed().leaves.iter().position(|leaf| leaf.document == document && leaf.path == *path);
        let position = found.ok_or_else(|| SopsError::NoSuchValue(path.to_string()))?;
        let old = draft.parsed().leaves.get(position).map_or_else(Value::null, |leaf| leaf.value.duplicate());
        // A value of the file keeps its type.
        let kept = keep.at(document, path).map(|kept| &kept.value);
        let kept = kept.filter(|kept| kept.kind != ValueType::Null && kept.display().expose() == secret.expose());
        let leaf = draft.parsed().leaves.get(position);
        let of_secret = leaf.is_some_and(|leaf| Secrets::find(draft.parsed()).holds(leaf));
        let value = match kept {
            _ if of_secret && old.kind != ValueType::Bytes => Value::text(secret.expose()),
            Some(kept) => kept.duplicate(),
            None => file.format.typed_like(&old, secret.expose()),
        };
        if value == old {
            return Ok(());
        }
        draft.set(position, &value, keep)?;
        self.refresh();
        Ok(())
    }

    /// Changes an existing value below `data` of a Secret, which is encoded as base64 first.
    ///
    /// # Errors
    /// As [`Opened::set`].
    pub fn set_decoded(&mut self, document: usize, path: &Path, secret: &Secret) -> Result<(), SopsError> {
        self.set(document, path, &Secret::new(STANDARD.encode(secret.expose())))
    }

    /// Adds a string under a new key; creates a missing mapping at the top.
    ///
    /// # Errors
    /// If the key exists, or there is no mapping for it.
    pub fn add(&mut self, document: usize, path: &Path, secret: &Secret) -> Result<(), SopsError> {
        let draft = self.draft.as_mut().map_err(|error| error.clone())?;
        draft.add(document, path, &Value::text(secret.expose()), &self.keep)?;
        self.refresh();
        Ok(())
    }

    /// Renames the key of an entry, with everything below it.
    ///
    /// # Errors
    /// If there is no such entry, or another has that key.
    pub fn rename(&mut self, document: usize, path: &Path, name: &str) -> Result<(), SopsError> {
        let draft = self.draft.as_mut().map_err(|error| error.clone())?;
        draft.rename(document, path, name, &self.keep)?;
        self.refresh();
        Ok(())
    }

    /// Removes an entry, with everything below it.
    ///
    /// # Errors
    /// If there is no such entry, or it cannot be removed without touching others.
    pub fn remove(&mut self, document: usize, path: &Path) -> Result<(), SopsError> {
        let draft = self.draft.as_mut().map_err(|error| error.clone())?;
        draft.remove(document, path, &self.keep)?;
        self.refresh();
        Ok(())
    }

    /// Replaces the whole plain text, such as after editing it as text; returns whether it differs from the one before.
    ///
    /// # Errors
    /// If it cannot be read, with the line; the text before stays.
    pub fn replace(&mut self, text: Secret) -> Result<bool, SopsError> {
        let text = self.inside(text);
        let draft = self.draft.as_mut().map_err(|error| error.clone())?;
        let differs = draft.replace(text, &self.keep)?;
        self.refresh();
        Ok(differs)
    }

    /// Names the first value of the plain text that saving would change, with its line, never the value itself.
    pub fn changed_by_sealing(&self) -> Option<String> {
        let text = self.plaintext().ok()?;
        super::changed::changed(self.file.format, text.expose(), &self.file.rule)
    }

    /// Checks a plain text, without using it.
    ///
    /// # Errors
    /// If it could not be used.
    pub fn validate(&self, text: &Secret) -> Result<(), SopsError> {
        let text = &self.inside(text.duplicate());
        let parsed = super::draft::read(self.file.format, text, &self.keep)?;
        let plan = Plan::new(&parsed, &self.file.rule, &self.keep);
        seal(self.file.format, text.expose(), &parsed, &plan, Reuse::new(&self.keep, &parsed), &self.key).map(|_| ())
    }

    /// Undoes the last change; returns whether there was one.
    pub fn undo(&mut self) -> bool {
        self.turn(true)
    }

    /// Redoes the last undone change; returns whether there was one.
    pub fn redo(&mut self) -> bool {
        self.turn(false)
    }

    /// Tells whether there is a change to undo.
    pub fn can_undo(&self) -> bool {
        self.draft.as_ref().is_ok_and(|draft| draft.can_turn(true))
    }

    /// Tells whether there is an undone change to redo.
    pub fn can_redo(&self) -> bool {
        self.draft.as_ref().is_ok_and(|draft| draft.can_turn(false))
    }

    fn turn(&mut self, back: bool) -> bool {
        let turned = self.draft.as_mut().is_ok_and(|draft| draft.turn(back, &self.keep));
        self.refresh();
        turned
    }

    /// Tells whether a value is the original one at an entry's place.
    pub fn held(&self, entry: &Entry, secret: &Secret) -> bool {
        let kept = self.keep.at(entry.document, &entry.path);
        kept.is_some_and(|kept| kept.value.display().expose() == secret.expose())
    }

    /// Returns the original value at a place.
    pub fn original(&self, document: usize, path: &Path) -> Option<Secret> {
        self.keep.at(document, path).map(|kept| kept.value.display())
    }

    /// Returns the values that differ from the file.
    pub fn changes(&self) -> &[ValueChange] {
        &self.changes
    }

    /// Tells whether there is something to save: a value, a comment, or the order.
    pub fn is_changed(&self) -> bool {
        self.draft.as_ref().is_ok_and(|draft| draft.text() != draft.original())
    }

    /// Returns the present text with every value decrypted and without the `sops` block, like `sops decrypt` except for
    /// the layout.
    ///
    /// # Errors
    /// If the file has no such text that reads as its values.
    pub fn plaintext(&self) -> Result<Secret, SopsError> {
        match &self.draft {
            Ok(draft) => self.outside(draft.text()),
            Err(_) => self.outside(&plaintext::write(&self.file, &self.key, &self.states)?),
        }
    }

    /// Returns the original plain text.
    ///
    /// # Errors
    /// As [`Opened::plaintext`].
    pub fn original_plaintext(&self) -> Result<Secret, SopsError> {
        match &self.draft {
            Ok(draft) => self.outside(draft.original()),
            Err(_) => self.outside(&plaintext::write(&self.file, &self.key, &self.states)?),
        }
    }

    /// Takes a binary file's content out of the JSON for editing.
    fn outside(&self, text: &Secret) -> Result<Secret, SopsError> {
        if self.file.format != Format::Binary {
            return Ok(text.duplicate());
        }
        if self.entries.iter().any(|entry| entry.value_type == ValueType::Bytes) {
            return Err(SopsError::Unsupported("its content is not text; decrypt it to a file".to_owned()));
        }
        binary::content(text)
    }

    /// Puts a binary file's content into JSON.
    fn inside(&self, text: Secret) -> Secret {
        if self.file.format == Format::Binary { binary::envelope(&text) } else { text }
    }

    /// Returns the parsed plain text, if it can be edited.
    pub(in crate::sops) fn parsed(&self) -> Result<&Parsed, SopsError> {
        self.draft.as_ref().map(Draft::parsed).map_err(Clone::clone)
    }

    /// Returns the content of the file on the disk.
    pub(in crate::sops) fn kept(&self) -> &Keep {
        &self.keep
    }

    /// Reads the values from the present text.
    fn refresh(&mut self) {
        let Ok(draft) = &self.draft else {
            let kept = self.keep.values().iter();
            self.entries = kept
                .map(|kept| Entry::new(&self.file, kept.document, &kept.path, &kept.value, kept.encrypted, 0))
                .collect();
            return;
        };
        let parsed = draft.parsed();
        let plan = Plan::new(parsed, &self.file.rule, &self.keep);
        let entries = parsed.leaves.iter().zip(&plan.leaves).map(|(leaf, encrypted)| {
            let secret = parsed.text_at(leaf.document, &["kind"]) == Some("Secret");
            let mut entry = Entry::new(&self.file, leaf.document, &leaf.path, &leaf.value, *encrypted, leaf.line);
            entry.base64 = secret && is_data(&leaf.path);
            entry
        });
        self.entries = entries.collect();
        self.changes = draft.changes(&self.keep);
    }
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Opened").field("values", &self.entries.len()).finish_non_exhaustive()
    }
}
