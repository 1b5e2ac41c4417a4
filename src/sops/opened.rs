//! A decrypted file in memory: its values, changing one, and saving with as few changed bytes as possible.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::cipher::DataKey;
use super::error::SopsError;
use super::file::SopsFile;
use super::mac;
use super::parsed::{Leaf, Style};
use super::patch::Patches;
use super::path::{Path, Segment};
use super::plaintext;
use super::value::{Value, ValueType};
use crate::secret::Secret;

/// Shows one value of an opened file.
#[derive(Debug)]
pub struct Entry {
    /// The document it stands in, from zero.
    pub document: usize,
    /// Where it stands in the document.
    pub path: Path,
    /// Whether the file holds it encrypted.
    pub encrypted: bool,
    /// Its type.
    pub value_type: ValueType,
    /// The value, as YAML writes it; empty for null.
    pub secret: Secret,
    /// Whether it is base64, as Kubernetes wants it: a value below `data` of a Secret.
    pub base64: bool,
    /// The leaf of the file that it shows.
    leaf: usize,
}

impl Entry {
    /// Decodes a value of `data`; `None` when it is not base64, or not text but, say, a keystore.
    pub fn decoded(&self) -> Option<Secret> {
        let bytes = self.base64.then(|| STANDARD.decode(self.secret.expose()).ok())??;
        String::from_utf8(bytes).ok().map(Secret::new)
    }
}

/// Keeps what a leaf of the file held and what it shall hold.
pub(super) struct State {
    pub(super) original: Value,
    pub(super) current: Value,
    pub(super) encrypted: bool,
    /// Whether nothing tells if it is to be encrypted once it is filled: it is empty, and the rule goes by comments.
    undecided: bool,
}

impl State {
    pub(super) fn new(original: Value, encrypted: bool, undecided: bool) -> Self {
        Self { current: original.duplicate(), original, encrypted, undecided }
    }

    fn is_changed(&self) -> bool {
        self.current != self.original
    }
}

/// Holds a decrypted file. Its values are in memory only, and wiped when it is dropped.
pub struct Opened {
    pub(super) file: SopsFile,
    pub(super) key: DataKey,
    pub(super) states: Vec<State>,
    entries: Vec<Entry>,
}

impl Opened {
    pub(super) fn new(file: SopsFile, key: DataKey, states: Vec<State>) -> Self {
        let heads = file.documents();
        let in_secret = |leaf: &Leaf| heads.get(leaf.document).and_then(|head| head.kind.as_deref()) == Some("Secret");
        let leaves = file.parsed.leaves.iter().zip(&states).enumerate();
        let entries = leaves
            .filter(|(_, (_, state))| state.original.kind != ValueType::Comment)
            .map(|(position, (leaf, state))| Entry {
                document: leaf.document,
                path: leaf.path.clone(),
                encrypted: state.encrypted,
                value_type: state.original.kind,
                secret: state.original.display(),
                base64: in_secret(leaf)
                    && matches!(leaf.path.segments(), [Segment::Key(first), Segment::Key(_)] if first == "data"),
                leaf: position,
            })
            .collect();
        Self { file, key, states, entries }
    }

    /// Returns the file as it was read.
    pub fn file(&self) -> &SopsFile {
        &self.file
    }

    /// Returns all values in the order of the file, encrypted or not, as they are now.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Finds a value by an operator's words: dotted (`stringData.password`) or a JSON Pointer (`/data/tls.crt`).
    pub fn find(&self, document: usize, words: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.document == document && entry.path.is_named(words))
    }

    /// Changes an existing value. A number, truth value or time stays one if the text reads as one; everything else becomes a string.
    ///
    /// # Errors
    /// When there is no such value, or it cannot be written safely (it is shared through an anchor, or carries a tag).
    pub fn set(&mut self, document: usize, path: &Path, secret: &Secret) -> Result<(), SopsError> {
        let missing = || SopsError::NoSuchValue(path.to_string());
        let entry = self
            .entries
            .iter_mut()
            .find(|entry| entry.document == document && entry.path == *path)
            .ok_or_else(missing)?;
        let leaf = self.file.parsed.leaves.get(entry.leaf).ok_or_else(missing)?;
        let state = self.states.get_mut(entry.leaf).ok_or_else(missing)?;
        if leaf.alias || leaf.decorated {
            return Err(SopsError::Unsupported(format!(
                "{path} carries an anchor, an alias or a tag, or has no colon, and cannot be changed yet"
            )));
        }
        if self.file.parsed.comment_inside(leaf).is_some() {
            return Err(SopsError::Unsupported(format!("{path} has a comment behind its | or >, which would be lost")));
        }
        if state.undecided {
            return Err(SopsError::Unsupported(format!(
                "{path} is empty and the file's rule goes by comments, so whether it is to be encrypted is not known"
            )));
        }
        state.current =
            if secret.expose() == state.original.display().expose() && state.original.kind != ValueType::Null {
                state.original.duplicate()
            } else {
                self.file.format.typed_like(&state.original, secret.expose())
            };
        entry.value_type = state.current.kind;
        entry.secret = state.current.display();
        Ok(())
    }

    /// Tells whether a value is the one that an entry had when the file was read.
    pub fn held(&self, entry: &Entry, secret: &Secret) -> bool {
        self.states.get(entry.leaf).is_some_and(|state| state.original.display().expose() == secret.expose())
    }

    /// Takes the changes of a value back: it is what the file holds again.
    pub fn restore(&mut self, document: usize, path: &Path) {
        let found = self.entries.iter_mut().find(|entry| entry.document == document && entry.path == *path);
        if let Some(entry) = found
            && let Some(state) = self.states.get_mut(entry.leaf)
        {
            state.current = state.original.duplicate();
            entry.value_type = state.current.kind;
            entry.secret = state.current.display();
        }
    }

    /// Changes an existing value below `data` of a Secret, which is encoded as base64 first.
    ///
    /// # Errors
    /// As [`Opened::set`].
    pub fn set_decoded(&mut self, document: usize, path: &Path, secret: &Secret) -> Result<(), SopsError> {
        self.set(document, path, &Secret::new(STANDARD.encode(secret.expose())))
    }

    /// Returns the values that were changed: document and path.
    pub fn changes(&self) -> Vec<(usize, Path)> {
        let changed = self.entries.iter().filter(|entry| self.states.get(entry.leaf).is_some_and(State::is_changed));
        changed.map(|entry| (entry.document, entry.path.clone())).collect()
    }

    /// Returns the text with every value decrypted and without the `sops` block, as `sops decrypt` would print it but for its layout.
    ///
    /// # Errors
    /// When the document is written in braces, from which the `sops` block cannot be cut yet.
    pub fn plaintext(&self) -> Result<Secret, SopsError> {
        plaintext::write(self)
    }

    /// Returns the encrypted text with the changes. Only the changed values, `lastmodified` and `mac` differ from what was read; without a
    /// change, nothing does. The result is parsed, decrypted and compared with what was meant before it is returned.
    ///
    /// # Errors
    /// When a value cannot be written, or does not read back as it was meant.
    pub fn save(&self, now: Timestamp) -> Result<String, SopsError> {
        if !self.states.iter().any(State::is_changed) {
            return Ok(self.file.text.clone());
        }
        let mut patches = Patches::default();
        for (leaf, state) in self.file.parsed.leaves.iter().zip(&self.states).filter(|(_, state)| state.is_changed()) {
            patches.put(self.file.format.replacement(&self.file.text, leaf, self.written(leaf, state)));
        }
        let modified = seconds(now);
        let values = self.states.iter().map(|state| (&state.current, state.encrypted));
        let mac = Value::text(mac::compute(values, self.file.mac_only_encrypted()));
        let sealed = self.key.encrypt(&mac, &modified).ok_or_else(|| SopsError::ReadBack("the MAC".to_owned()))?;
        for leaf in self.file.parsed.metadata_copies("mac") {
            patches.put(self.file.format.replacement(
                &self.file.text,
                leaf,
                self.file.format.ciphertext(leaf, &sealed),
            ));
        }
        for leaf in self.file.parsed.metadata_copies("lastmodified") {
            // Without quotes go-yaml reads a time, and sops fails.
            let quoted = if leaf.style == Style::Single { format!("'{modified}'") } else { format!("\"{modified}\"") };
            patches.put(self.file.format.replacement(&self.file.text, leaf, quoted));
        }
        let text = patches.apply(&self.file.text).ok_or_else(|| SopsError::ReadBack("changes overlap".to_owned()))?;
        let text = text.expose().to_owned();
        self.check(&text)?;
        Ok(text)
    }

    fn written(&self, leaf: &Leaf, state: &State) -> String {
        if !state.encrypted {
            return self.file.format.plain(&self.file.text, leaf, &state.current).expose().to_owned();
        }
        match self.key.encrypt(&state.current, &leaf.path.authenticated()) {
            Some(sealed) => self.file.format.ciphertext(leaf, &sealed),
            // sops does not encrypt what is empty.
            None => "\"\"".to_owned(),
        }
    }

    /// Opens a text that [`Opened::save`] returned, with the data key that is at hand.
    ///
    /// # Errors
    /// When it is not encrypted with that key, or damaged.
    pub fn reopened(&self, text: &str) -> Result<Self, SopsError> {
        let wrong = |what: &str| SopsError::ReadBack(what.to_owned());
        let key = DataKey::from_bytes(self.key.bytes()).ok_or_else(|| wrong("the data key"))?;
        let file = SopsFile::parse(self.file.format, text).map_err(|error| wrong(&error.to_string()))?;
        if !file.is_wrapped_like(&self.file) {
            return Err(wrong("the sops block"));
        }
        file.open(key).map_err(|error| wrong(&error.to_string()))
    }

    /// Reads a text that is about to be written and compares it with what was meant.
    fn check(&self, text: &str) -> Result<(), SopsError> {
        let wrong = |what: &str| SopsError::ReadBack(what.to_owned());
        let again = self.reopened(text)?;
        let ours = self.file.parsed.leaves.iter().zip(&self.states);
        let theirs = again.file.parsed.leaves.iter().zip(&again.states);
        let same = self.states.len() == again.states.len()
            && ours.zip(theirs).all(|((leaf, state), (other, found))| {
                leaf.document == other.document && leaf.path == other.path && state.current == found.original
            });
        if same { Ok(()) } else { Err(wrong("a value")) }
    }
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
