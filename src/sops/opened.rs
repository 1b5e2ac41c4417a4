//! A decrypted file in memory: its values, changing them, and saving with as few changed bytes as possible.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::binary;
use super::cipher::DataKey;
use super::draft::{Draft, ValueChange};
use super::error::SopsError;
use super::exposed::Secrets;
use super::file::SopsFile;
use super::format::Format;
use super::identities::Opener;
use super::keep::{Keep, Reuse};
use super::mac;
use super::parsed::{BLOCK, Leaf, Parsed};
use super::patch::Patches;
use super::path::{Path, Segment};
use super::plaintext;
use super::scrub::scrubbed;
use super::seal::{Plan, seal};
use super::value::{Value, ValueType};
use crate::secret::Secret;

/// Shows one value of an opened file.
#[derive(Debug)]
pub struct Entry {
    /// The document it stands in, from zero.
    pub document: usize,
    /// Where it stands in the document.
    pub path: Path,
    /// Whether the file holds it encrypted, or will.
    pub encrypted: bool,
    /// Its type.
    pub value_type: ValueType,
    /// The value, as YAML writes it; empty for null.
    pub secret: Secret,
    /// Whether it is base64, as Kubernetes wants it: a value below `data` of a Secret.
    pub base64: bool,
    /// The line of the plain text on which it begins, from one.
    pub line: usize,
}

impl Entry {
    /// Decodes a value of `data`; `None` when it is not base64, or not text but, say, a keystore.
    pub fn decoded(&self) -> Option<Secret> {
        String::from_utf8(self.bytes()?).ok().map(Secret::new)
    }

    /// Decodes a value of `data` to the bytes that it holds; `None` when it is not base64.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        // The API server passes over line ends (Go's encoding/base64).
        let text = || Secret::new(self.secret.expose().replace(['\n', '\r'], ""));
        self.base64.then(|| STANDARD.decode(text().expose()).ok())?
    }
}

/// Holds what a leaf of the file holds.
#[derive(Debug)]
pub(super) struct State {
    pub(super) value: Value,
    pub(super) encrypted: bool,
}

/// Holds a decrypted file. Its values are in memory only, and wiped when it is dropped.
pub struct Opened {
    pub(super) file: SopsFile,
    pub(super) key: DataKey,
    /// The identities that opened it: one, or one for each group that was needed.
    pub(super) openers: Vec<Opener>,
    /// What each leaf of the file holds.
    pub(super) states: Vec<State>,
    pub(super) keep: Keep,
    /// The plain text; a file whose plain text would not read as what it holds can be looked at but not edited.
    draft: Result<Draft, SopsError>,
    entries: Vec<Entry>,
    changes: Vec<ValueChange>,
}

impl Opened {
    pub(super) fn new(file: SopsFile, key: DataKey, states: Vec<State>) -> Self {
        let keep = Keep::of(&file, &key, &states);
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

    /// Returns the identities that opened it: one, or one for each group that was needed.
    pub fn openers(&self) -> &[Opener] {
        &self.openers
    }

    /// Returns all values in the order of the file, encrypted or not, as they are now.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Finds a value by an operator's words: dotted (`stringData.password`) or a JSON Pointer (`/data/tls.crt`).
    pub fn find(&self, document: usize, words: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.document == document && entry.path.is_named(words))
    }

    /// Changes an existing value. A value of a Secret becomes a string, as the API server takes nothing else there; elsewhere a number,
    /// truth value or time stays one if the text reads as one.
    ///
    /// # Errors
    /// When there is no such value, or it cannot be written safely (it is shared through an anchor, or carries a tag).
    pub fn set(&mut self, document: usize, path: &Path, secret: &Secret) -> Result<(), SopsError> {
        let (keep, file) = (&self.keep, &self.file);
        let draft = self.draft.as_mut().map_err(|error| error.clone())?;
        let found = draft.parsed().leaves.iter().position(|leaf| leaf.document == document && leaf.path == *path);
        let position = found.ok_or_else(|| SopsError::NoSuchValue(path.to_string()))?;
        let old = draft.parsed().leaves.get(position).map_or_else(Value::null, |leaf| leaf.value.duplicate());
        // What the file holds is taken as it is, with its type.
        let kept = keep.at(document, path).map(|kept| &kept.value);
        let kept = kept.filter(|kept| kept.kind != ValueType::Null && kept.display().expose() == secret.expose());
        let leaf = draft.parsed().leaves.get(position);
        let of_secret = leaf.is_some_and(|leaf| Secrets::of(draft.parsed()).holds(leaf));
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

    /// Adds a string under a key that is not there yet; a mapping at the top is made where it is missing.
    ///
    /// # Errors
    /// When something stands there already, or there is no mapping in which it could.
    pub fn add(&mut self, document: usize, path: &Path, secret: &Secret) -> Result<(), SopsError> {
        let draft = self.draft.as_mut().map_err(|error| error.clone())?;
        draft.add(document, path, &Value::text(secret.expose()), &self.keep)?;
        self.refresh();
        Ok(())
    }

    /// Gives an entry, and all below it, another key.
    ///
    /// # Errors
    /// When there is no such entry, or another has that key.
    pub fn rename(&mut self, document: usize, path: &Path, name: &str) -> Result<(), SopsError> {
        let draft = self.draft.as_mut().map_err(|error| error.clone())?;
        draft.rename(document, path, name, &self.keep)?;
        self.refresh();
        Ok(())
    }

    /// Takes an entry out, and all below it.
    ///
    /// # Errors
    /// When there is no such entry, or it cannot be taken out without touching others.
    pub fn remove(&mut self, document: usize, path: &Path) -> Result<(), SopsError> {
        let draft = self.draft.as_mut().map_err(|error| error.clone())?;
        draft.remove(document, path, &self.keep)?;
        self.refresh();
        Ok(())
    }

    /// Takes a whole new plain text, such as one that was edited as text; returns whether it differs from what there was.
    ///
    /// # Errors
    /// When it cannot be read, with the line; the text before stays.
    pub fn replace(&mut self, text: Secret) -> Result<bool, SopsError> {
        let text = self.inside(text);
        let draft = self.draft.as_mut().map_err(|error| error.clone())?;
        let differs = draft.replace(text, &self.keep)?;
        self.refresh();
        Ok(differs)
    }

    /// Names the first value of the plain text that would come back as another one once it is saved, with its line, never what it is.
    pub fn changed_by_sealing(&self) -> Option<String> {
        let text = self.plaintext().ok()?;
        super::changed::changed(self.file.format, text.expose(), &self.file.rule)
    }

    /// Tells what is wrong with a plain text, without taking it.
    ///
    /// # Errors
    /// When it could not be taken.
    pub fn validate(&self, text: &Secret) -> Result<(), SopsError> {
        let text = &self.inside(text.duplicate());
        let parsed = super::draft::read(self.file.format, text, &self.keep)?;
        let plan = Plan::new(&parsed, &self.file.rule, &self.keep);
        seal(self.file.format, text.expose(), &parsed, &plan, Reuse::new(&self.keep, &parsed), &self.key).map(|_| ())
    }

    /// Takes the last change back; returns whether there was one.
    pub fn undo(&mut self) -> bool {
        self.turn(true)
    }

    /// Makes the change again that was taken back last; returns whether there was one.
    pub fn redo(&mut self) -> bool {
        self.turn(false)
    }

    fn turn(&mut self, back: bool) -> bool {
        let turned = self.draft.as_mut().is_ok_and(|draft| draft.turn(back, &self.keep));
        self.refresh();
        turned
    }

    /// Tells whether a value is the one that stood at an entry's place when the file was read.
    pub fn held(&self, entry: &Entry, secret: &Secret) -> bool {
        let kept = self.keep.at(entry.document, &entry.path);
        kept.is_some_and(|kept| kept.value.display().expose() == secret.expose())
    }

    /// Returns what stood at a place when the file was read.
    pub fn original(&self, document: usize, path: &Path) -> Option<Secret> {
        self.keep.at(document, path).map(|kept| kept.value.display())
    }

    /// Returns the values that are not as the file holds them.
    pub fn changes(&self) -> &[ValueChange] {
        &self.changes
    }

    /// Tells whether anything would be saved: a value, a comment, or the order.
    pub fn is_changed(&self) -> bool {
        self.draft.as_ref().is_ok_and(|draft| draft.text() != draft.original())
    }

    /// Returns the text with every value decrypted and without the `sops` block, as it is now and as `sops decrypt` would print it but
    /// for its layout.
    ///
    /// # Errors
    /// When the file has no such text that would read as what it holds.
    pub fn plaintext(&self) -> Result<Secret, SopsError> {
        match &self.draft {
            Ok(draft) => self.outside(draft.text()),
            Err(_) => self.outside(&plaintext::write(&self.file, &self.key, &self.states)?),
        }
    }

    /// Returns the plain text as it was when the file was opened.
    ///
    /// # Errors
    /// As [`Opened::plaintext`].
    pub fn original_plaintext(&self) -> Result<Secret, SopsError> {
        match &self.draft {
            Ok(draft) => self.outside(draft.original()),
            Err(_) => self.outside(&plaintext::write(&self.file, &self.key, &self.states)?),
        }
    }

    /// Takes a binary file's content out of the JSON in which it is edited.
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

    /// Returns the encrypted text with the changes. Only what was changed, `lastmodified` and `mac` differ from what was read; without a
    /// change, nothing does. The result is parsed, decrypted and compared with what was meant before it is returned.
    ///
    /// # Errors
    /// When a value cannot be written, nothing in it would be encrypted, or it does not read back as it was meant.
    pub fn save(&self, now: Timestamp) -> Result<String, SopsError> {
        if !self.is_changed() {
            return Ok(self.file.text.clone());
        }
        self.saved(now).map(|(text, _)| text)
    }

    /// Returns the encrypted text with the changes, and the file as it was opened again from it.
    ///
    /// # Errors
    /// As [`Opened::save`].
    pub(super) fn saved(&self, now: Timestamp) -> Result<(String, Self), SopsError> {
        let draft = self.draft.as_ref().map_err(Clone::clone)?;
        let (text, mut again) = scrubbed(|| {
            let plan = Plan::new(draft.parsed(), &self.file.rule, &self.keep);
            self.sealed(&Sealing { block_of: &self.file, key: &self.key, plan, fresh: false }, now)
        })?;
        again.openers.clone_from(&self.openers);
        Ok((text, again))
    }

    /// Encrypts the text as it is now, puts the `sops` block of a file into it, and opens it again to see that it holds what was meant.
    pub(super) fn sealed(&self, sealing: &Sealing<'_>, now: Timestamp) -> Result<(String, Self), SopsError> {
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
        // Values may be empty, but a file in which the rule reaches none would pass for a secret.
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

    /// Returns the plain text as it is read, where it can be edited.
    pub(super) fn parsed(&self) -> Result<&Parsed, SopsError> {
        self.draft.as_ref().map(Draft::parsed).map_err(Clone::clone)
    }

    /// Returns what the file holds already.
    pub(super) fn kept(&self) -> &Keep {
        &self.keep
    }

    /// Finds where each block stood, in the text as it is now: what is before or behind it must be the same. `None` when that is nowhere.
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

    /// Opens a text that [`Opened::save`] returned, with the data key that is at hand.
    ///
    /// # Errors
    /// When it is not encrypted with that key, or damaged.
    pub fn reopened(&self, text: &str) -> Result<Self, SopsError> {
        let mut again = reopened(text, &self.file, &self.key)?;
        again.openers.clone_from(&self.openers);
        Ok(again)
    }

    /// Reads the values off the text as it is now.
    fn refresh(&mut self) {
        let Ok(draft) = &self.draft else {
            let kept = self.keep.values().iter();
            self.entries =
                kept.map(|kept| entry(&self.file, kept.document, &kept.path, &kept.value, kept.encrypted, 0)).collect();
            return;
        };
        let parsed = draft.parsed();
        let plan = Plan::new(parsed, &self.file.rule, &self.keep);
        let entries = parsed.leaves.iter().zip(&plan.leaves).map(|(leaf, encrypted)| {
            let secret = parsed.text_at(leaf.document, &["kind"]) == Some("Secret");
            let mut entry = entry(&self.file, leaf.document, &leaf.path, &leaf.value, *encrypted, leaf.line);
            entry.base64 = secret && is_data(&leaf.path);
            entry
        });
        self.entries = entries.collect();
        self.changes = draft.changes(&self.keep);
    }
}

/// Says how a text is sealed.
pub(super) struct Sealing<'a> {
    /// The file whose `sops` block the text gets.
    pub(super) block_of: &'a SopsFile,
    /// The data key, which that block wraps.
    pub(super) key: &'a DataKey,
    pub(super) plan: Plan,
    /// Whether no ciphertext of the file may stay, as under a new data key.
    pub(super) fresh: bool,
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

/// Opens a text that was just written with a data key; it must be wrapped as in `like`.
fn reopened(text: &str, like: &SopsFile, key: &DataKey) -> Result<Opened, SopsError> {
    let wrong = |what: &str| SopsError::ReadBack(what.to_owned());
    let key = DataKey::from_bytes(key.bytes()).ok_or_else(|| wrong("the data key"))?;
    let file = SopsFile::parse(like.format, text).map_err(|error| wrong(&error.to_string()))?;
    if !file.is_wrapped_like(like) {
        return Err(wrong("the sops block"));
    }
    file.open(key).map_err(|error| wrong(&error.to_string()))
}

/// Reads a text that is about to be written and compares it with what was meant.
pub(super) fn check(text: &str, like: &SopsFile, key: &DataKey, parsed: &Parsed) -> Result<Opened, SopsError> {
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

fn is_data(path: &Path) -> bool {
    matches!(path.segments(), [Segment::Key(first), Segment::Key(_)] if first == "data")
}

fn entry(file: &SopsFile, document: usize, path: &Path, value: &Value, encrypted: bool, line: usize) -> Entry {
    Entry {
        document,
        path: path.clone(),
        encrypted,
        value_type: value.kind,
        secret: value.display(),
        base64: is_data(path) && file.parsed.text_at(document, &["kind"]) == Some("Secret"),
        line,
    }
}

/// Returns where a `sops` block can be appended to each document.
fn ends(parsed: &Parsed) -> Vec<usize> {
    parsed.documents.iter().map(|document| document.end).collect()
}

/// Puts a block on a line of its own where the text before it does not end with one; in brackets it brings its comma.
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

impl std::fmt::Debug for Opened {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Opened").field("values", &self.entries.len()).finish_non_exhaustive()
    }
}

/// Writes a time as `lastmodified` holds it: to the second, in UTC.
pub(super) fn seconds(now: Timestamp) -> String {
    now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
