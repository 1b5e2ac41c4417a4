//! An opened file with changes, behind the editor and the headless commands: its values in readable form, and undo.

use std::fmt::Write as _;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::saving::new_readers;
use crate::model::signs;
use crate::model::{Fault, FaultKind, ShellLine};
use crate::repo::{NewReader, Snapshot};
use crate::secret::Secret;
use crate::sops::{Changed, Entry, Opened, Path, Segment, SopsError, SopsFile, Unlocked, ValueChange, ValueType};

/// The text in place of a masked value: always the same, as its length would reveal the value's.
pub const MASK: &str = "********";

/// Names the form in which a value is shown and edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueForm {
    /// As it is in the file.
    Plain,
    /// Decoded from base64; it is encoded again when it is saved.
    Decoded,
    /// As base64, because its content is no text.
    Base64,
}

/// Holds an opened file, its changes, and their undo.
#[derive(Debug)]
pub struct Document {
    opened: Arc<Opened>,
    /// The unusable keys, each with the reason.
    pub problems: Vec<String>,
    /// The configuration's ruling on the file; `None` if there is no repository.
    pub ruling: Option<Ruling>,
}

/// Describes one value that differs from the file.
pub struct ValueDifference {
    /// The sign: `+` for a new value, `-` for a removed one, `*` for a changed one.
    pub sign: &'static str,
    /// Its path, as people write it.
    pub path: String,
    /// The old and the new value; `None` if there is none.
    pub values: [Option<Secret>; 2],
    /// Whether the file holds it encrypted.
    pub encrypted: bool,
}

impl std::fmt::Debug for ValueDifference {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Difference").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Holds the configuration's ruling on the encryption of a file.
#[derive(Debug)]
pub struct Ruling {
    /// The creation rule that counts, such as `rule 1 of clusters/staging/.sops.yaml`; `None` if none does.
    pub name: Option<String>,
    /// The differences between the file and the rule.
    pub differences: Vec<String>,
    /// The readers after a save that the user has not agreed to.
    pub readers: Vec<NewReader>,
}

impl Ruling {
    /// Finds the ruling; it reads configurations from the disk, and runs git.
    pub fn new(snapshot: &Snapshot, name: &str, file: &SopsFile) -> Self {
        let readers = new_readers(snapshot, name, file);
        match snapshot.creation(name) {
            Ok(creation) => Self {
                name: Some(creation.name()),
                differences: creation.differences(&file.recipients(), &file.rule_text()),
                readers,
            },
            Err(_) => Self { name: None, differences: Vec::new(), readers },
        }
    }

    /// Describes the file's own rule, and the one that counts.
    pub fn description(&self, file: &SopsFile) -> String {
        let own = file.rule_text();
        match &self.name {
            Some(name) if self.differences.is_empty() => format!("{own}, as {name} says"),
            Some(name) => format!("{own}, but see {name}"),
            None => format!("{own}; no .sops.yaml has a rule for it"),
        }
    }
}

impl Document {
    /// Takes an opened file.
    pub fn new(unlocked: Unlocked) -> Self {
        let Unlocked { opened, problems } = unlocked;
        Self { opened: Arc::new(opened), problems, ruling: None }
    }

    /// Adds the configuration's ruling on the file.
    #[must_use]
    pub fn ruled(self, ruling: Option<Ruling>) -> Self {
        Self { ruling, ..self }
    }

    /// Returns the opened file.
    pub fn opened(&self) -> &Opened {
        &self.opened
    }

    /// Shares the opened file with the operation that saves it; no change is possible meanwhile.
    pub fn share(&self) -> Arc<Opened> {
        Arc::clone(&self.opened)
    }

    /// Returns the values in the order of the file.
    pub fn entries(&self) -> &[Entry] {
        self.opened.entries()
    }

    /// Returns the number of documents in the file.
    pub fn documents(&self) -> usize {
        self.opened.file().documents().len()
    }

    /// Tells whether a value was changed and not saved.
    pub fn is_changed(&self, entry: &Entry) -> bool {
        self.opened.changes().iter().any(|change| change.document == entry.document && change.path == entry.path)
    }

    /// Returns the change of a value since the file was read.
    pub fn fate(&self, entry: &Entry) -> Option<&Changed> {
        let mut changes = self.opened.changes().iter();
        changes.find(|change| change.document == entry.document && change.path == entry.path).map(|change| &change.what)
    }

    /// Returns the removed values of the file.
    pub fn gone(&self) -> impl Iterator<Item = &ValueChange> {
        self.opened.changes().iter().filter(|change| change.what == Changed::Removed)
    }

    /// Names the changes, as people write them; a change of comments or of the order is one, too.
    pub fn changes(&self) -> Vec<String> {
        let many = self.documents() > 1;
        let name = |change: &ValueChange| {
            let ValueChange { document, path, what } = change;
            let place = if many { format!("document {}: {path}", document + 1) } else { path.to_string() };
            match what {
                Changed::Value => place,
                Changed::Added => format!("{place} (added)"),
                Changed::Removed => format!("{place} (removed)"),
                Changed::Renamed(from) => format!("{place} (renamed from {})", from.last_key().unwrap_or_default()),
            }
        };
        let names: Vec<String> = self.opened.changes().iter().map(name).collect();
        if names.is_empty() && self.opened.is_changed() { vec!["comments or layout".to_owned()] } else { names }
    }

    /// Returns the original value at a place, as the table shows it.
    pub fn was(&self, document: usize, path: &Path) -> Option<Secret> {
        let text = self.opened.original(document, path)?;
        let bytes = self.holds_base64(document, path).then(|| decode(&text)).flatten();
        Some(match bytes {
            Some(bytes) => std::str::from_utf8(&bytes).map_or_else(|_| size_and_hash(&bytes), Secret::new),
            None => text,
        })
    }

    /// Lists the changes with the old and new values.
    pub fn differences(&self) -> Vec<ValueDifference> {
        let changes = self.opened.changes().iter().zip(self.changes());
        let rows = changes.map(|(change, path)| {
            let now = self.entries().iter().find(|one| one.document == change.document && one.path == change.path);
            let was = || self.was(change.document, &change.path);
            let new = now.map(|entry| displayed(entry).1);
            let (sign, values) = match &change.what {
                Changed::Value => (signs::CHANGED.sign, [was(), new]),
                Changed::Added => (signs::ADDED.sign, [None, new]),
                Changed::Removed => (signs::REMOVED.sign, [was(), None]),
                Changed::Renamed(_) => (signs::RENAMED.sign, [None, None]),
            };
            ValueDifference { sign, path, values, encrypted: now.is_none_or(|entry| entry.encrypted) }
        });
        let mut rows: Vec<ValueDifference> = rows.collect();
        if rows.is_empty() && self.opened.is_changed() {
            let path = "comments or layout".to_owned();
            rows.push(ValueDifference { sign: signs::CHANGED.sign, path, values: [None, None], encrypted: true });
        }
        rows
    }

    /// Returns the sops lines that would make the same changes, without the values.
    pub fn shell(&self, file: &str) -> ShellLine {
        ShellLine::from_words(&self.command_words(file))
    }

    /// Returns the words of these lines.
    pub fn command_words(&self, file: &str) -> Vec<Vec<String>> {
        let lines: Vec<_> = self.opened.changes().iter().flat_map(|change| lines(file, change)).collect();
        if lines.is_empty() { vec![line(&["sops", "edit", file])] } else { lines }
    }

    /// Changes a value; returns whether it differs from before.
    ///
    /// # Errors
    /// If it cannot be changed safely, or while the file is being saved.
    pub fn change(&mut self, file: &str, index: usize, text: &Secret) -> Result<bool, Fault> {
        let Some(entry) = self.opened.entries().get(index) else { return Ok(false) };
        let (form, shown) = shown(entry);
        if shown.expose() == text.expose() && entry.value_type != ValueType::Null {
            return Ok(false);
        }
        let (document, path) = (entry.document, entry.path.clone());
        let wrong =
            |why: String, todo: &str| Fault::new(FaultKind::Usage, format!("{path} was not changed"), why, todo);
        if form == ValueForm::Base64 && STANDARD.decode(text.expose()).is_err() {
            return Err(wrong(
                "this is not base64".to_owned(),
                "a value below data is base64: the server refuses others",
            ));
        }
        let opened = Arc::get_mut(&mut self.opened)
            .ok_or_else(|| wrong("the file is being saved".to_owned(), "try again in a moment"))?;
        let set = match form {
            ValueForm::Decoded => opened.set_decoded(document, &path, text),
            ValueForm::Plain | ValueForm::Base64 => opened.set(document, &path, text),
        };
        set.map_err(|error| wrong(error.to_string(), &format!("change it with sops edit {file}")))?;
        Ok(true)
    }

    /// Returns the place of a new key: a JSON Pointer names it, and a name alone goes beside the selected value, if
    /// that is encrypted, else below `stringData` of a Secret.
    pub fn place(&self, words: &str, near: Option<usize>) -> (usize, Path) {
        let near = near.and_then(|index| self.entries().get(index));
        let document = near.map_or(0, |entry| entry.document);
        if words.starts_with('/') {
            return (document, Path::parse(words));
        }
        let beside = near.filter(|entry| entry.encrypted && entry.path.last_key().is_some());
        let is_secret =
            self.opened.file().documents().get(document).is_some_and(|head| head.kind.as_deref() == Some("Secret"));
        let block = if is_secret { vec![Segment::Key("stringData".to_owned())] } else { Vec::new() };
        let parent = beside.and_then(|entry| entry.path.parent()).unwrap_or_else(|| Path::new(block));
        (document, parent.child(Segment::Key(words.to_owned())))
    }

    /// Tells whether a value at a place is base64: below `data` of a Secret.
    fn holds_base64(&self, document: usize, path: &Path) -> bool {
        let head = self.opened.file().documents();
        let is_secret = head.get(document).is_some_and(|head| head.kind.as_deref() == Some("Secret"));
        is_secret && matches!(path.segments(), [Segment::Key(block), Segment::Key(_)] if block == "data")
    }

    /// Adds a value under a new key.
    ///
    /// # Errors
    /// If there is one already, the server would refuse the key, or it has no place there.
    pub fn add(&mut self, document: usize, path: &Path, text: &Secret) -> Result<(), Fault> {
        self.fits(document, path)?;
        let value = if self.holds_base64(document, path) {
            Secret::new(STANDARD.encode(text.expose()))
        } else {
            text.duplicate()
        };
        self.alter(&format!("{path} was not added"), |opened| opened.add(document, path, &value))
    }

    /// Renames the key of a value.
    ///
    /// # Errors
    /// As [`Document::add`].
    pub fn rename(&mut self, index: usize, name: &str) -> Result<(), Fault> {
        let Some(entry) = self.entries().get(index) else { return Ok(()) };
        let (document, path) = (entry.document, entry.path.clone());
        if path.last_key() == Some(name) {
            return Ok(());
        }
        let to = path.parent().unwrap_or_default().child(Segment::Key(name.to_owned()));
        self.fits(document, &to)?;
        self.alter(&format!("{path} was not renamed"), |opened| opened.rename(document, &path, name))
    }

    /// Removes a value.
    ///
    /// # Errors
    /// If it cannot be removed without touching others.
    pub fn remove(&mut self, document: usize, path: &Path) -> Result<(), Fault> {
        self.alter(&format!("{path} was not removed"), |opened| opened.remove(document, path))
    }

    /// Sets a value to the bytes of a file: encoded below `data` of a Secret, else as text.
    ///
    /// # Errors
    /// If they are no text in a place for text only.
    pub fn import(&mut self, index: usize, bytes: &[u8]) -> Result<(), Fault> {
        let Some(entry) = self.entries().get(index) else { return Ok(()) };
        let (document, path) = (entry.document, entry.path.clone());
        let what = format!("{path} was not changed");
        if self.holds_base64(document, &path) {
            let value = Secret::new(STANDARD.encode(bytes));
            return self.alter(&what, |opened| opened.set(document, &path, &value));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| {
            let todo = "add it below data, as /data/KEY: there it is encoded";
            Fault::new(FaultKind::Usage, what.clone(), "the file is not text", todo)
        })?;
        let value = Secret::new(text);
        self.alter(&what, |opened| opened.set(document, &path, &value))
    }

    /// Returns a value's bytes, as a pod would get them.
    pub fn bytes(&self, index: usize) -> Option<Zeroizing<Vec<u8>>> {
        let entry = self.entries().get(index)?;
        let bytes = entry.bytes().unwrap_or_else(|| entry.secret.expose().as_bytes().to_vec());
        Some(Zeroizing::new(bytes))
    }

    /// Tells whether there is a change to undo.
    pub fn can_undo(&self) -> bool {
        self.opened.can_undo()
    }

    /// Tells whether there is an undone change to redo.
    pub fn can_redo(&self) -> bool {
        self.opened.can_redo()
    }

    /// Redoes the last undone change; returns whether there was one.
    pub fn redo(&mut self) -> bool {
        Arc::get_mut(&mut self.opened).is_some_and(Opened::redo)
    }

    /// Replaces the whole plain text; returns whether it differs.
    ///
    /// # Errors
    /// If it cannot be read or encrypted.
    pub fn replace(&mut self, text: &Secret) -> Result<bool, Fault> {
        let mut differs = false;
        self.alter("the text was not taken", |opened| {
            opened.validate(text)?;
            differs = opened.replace(text.duplicate())?;
            Ok(())
        })?;
        Ok(differs)
    }

    /// Checks that a key is valid in its place: in a Secret the API server accepts letters, digits, `-`, `_` and `.`.
    ///
    /// # Errors
    /// Fails if it is not.
    pub fn fits(&self, document: usize, path: &Path) -> Result<(), Fault> {
        let head = self.opened.file().documents();
        let of_secret = head.get(document).is_some_and(|head| head.kind.as_deref() == Some("Secret"))
            && matches!(path.segments(), [Segment::Key(block), Segment::Key(_)] if block == "data" || block == "stringData");
        let name = path.last_key().unwrap_or_default();
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
        let wrong = if name.is_empty() {
            "a key has at least one letter"
        } else if of_secret && (!name.chars().all(plain) || name.len() > 253) {
            "the API server takes letters, digits, -, _ and . in the keys of a Secret, 253 at most"
        } else {
            return Ok(());
        };
        Err(Fault::new(FaultKind::Usage, format!("`{name}` cannot be a key"), wrong, "write it otherwise"))
    }

    fn alter(&mut self, what: &str, change: impl FnOnce(&mut Opened) -> Result<(), SopsError>) -> Result<(), Fault> {
        let wrong = |why: String, todo: &str| Fault::new(FaultKind::Usage, what, why, todo);
        let opened = Arc::get_mut(&mut self.opened)
            .ok_or_else(|| wrong("the file is being saved".to_owned(), "try again in a moment"))?;
        change(opened)
            .map_err(|error| wrong(error.to_string(), "‹key:secret-undo|another try› takes the last change back"))
    }

    /// Undoes the last change; returns the changed value, or the first of several.
    pub fn undo(&mut self) -> Option<usize> {
        let seen = |opened: &Opened| -> Vec<(usize, Path, Secret)> {
            opened.entries().iter().map(|one| (one.document, one.path.clone(), one.secret.duplicate())).collect()
        };
        let opened = Arc::get_mut(&mut self.opened)?;
        let before = seen(opened);
        if !opened.undo() {
            return None;
        }
        let after = seen(opened);
        let same = before.iter().zip(&after).take_while(|(one, other)| one == other).count();
        Some(same.min(after.len().saturating_sub(1)))
    }

    /// Continues with the file as it was saved.
    pub fn saved(&mut self, opened: Opened) {
        self.opened = Arc::new(opened);
    }
}

/// Returns a value for display, and its form.
pub fn shown(entry: &Entry) -> (ValueForm, Secret) {
    match (entry.base64, entry.decoded()) {
        (false, _) => (ValueForm::Plain, entry.secret.duplicate()),
        (true, Some(decoded)) => (ValueForm::Decoded, decoded),
        (true, None) => (ValueForm::Base64, entry.secret.duplicate()),
    }
}

/// Returns a value for the table: content that is no text by its size and hash.
pub fn displayed(entry: &Entry) -> (ValueForm, Secret) {
    match (shown(entry), entry.bytes().map(Zeroizing::new)) {
        ((ValueForm::Base64, _), Some(bytes)) => (ValueForm::Base64, size_and_hash(&bytes)),
        (shown, _) => shown,
    }
}

/// Describes bytes that are no text by their size and hash.
fn size_and_hash(bytes: &[u8]) -> Secret {
    let mut hash = String::new();
    for byte in Sha256::digest(bytes).iter().take(6) {
        // Writing to a text cannot fail.
        let _ = write!(hash, "{byte:02x}");
    }
    Secret::new(format!("{} bytes, sha256 {hash}", bytes.len()))
}

/// Names a value's type, as the table and the headless twin write it.
pub fn type_word(entry: &Entry, form: ValueForm) -> &'static str {
    match (form, entry.value_type) {
        (ValueForm::Decoded, _) => "decoded",
        (ValueForm::Base64, _) => "base64",
        (ValueForm::Plain, ValueType::Text) => "text",
        (ValueForm::Plain, ValueType::Integer) => "integer",
        (ValueForm::Plain, ValueType::Float) => "float",
        (ValueForm::Plain, ValueType::Boolean) => "boolean",
        (ValueForm::Plain, ValueType::Time) => "time",
        (ValueForm::Plain, ValueType::Bytes) => "bytes",
        (ValueForm::Plain, ValueType::Comment) => "comment",
        (ValueForm::Plain, ValueType::Null) => "null",
    }
}

/// Decodes base64 as the API server does, which ignores line ends.
fn decode(text: &Secret) -> Option<Zeroizing<Vec<u8>>> {
    let text = Secret::new(text.expose().replace(['\n', '\r'], ""));
    STANDARD.decode(text.expose()).ok().map(Zeroizing::new)
}

/// Returns the sops line that sets one value; sops itself can set only the first document.
fn lines(file: &str, change: &ValueChange) -> Vec<Vec<String>> {
    let ValueChange { document, path, what } = change;
    if *document > 0 {
        return vec![line(&["sops", "edit", file])];
    }
    let set = |path| line(&["sops", "set", "--value-stdin", file, &place(path)]);
    let unset = |path| line(&["sops", "unset", file, &place(path)]);
    match what {
        Changed::Value | Changed::Added => vec![set(path)],
        Changed::Removed => vec![unset(path)],
        Changed::Renamed(from) => vec![set(path), unset(from)],
    }
}

fn line(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Returns a path in sops's form.
pub fn place(path: &Path) -> String {
    let mut line = String::new();
    for segment in path.segments() {
        // Writing to a text cannot fail.
        let _ = match segment {
            Segment::Key(key) => write!(line, "[{}]", serde_json::Value::from(key.as_str())),
            Segment::Index(index) => write!(line, "[{index}]"),
        };
    }
    line
}

/// Reports to the operator that the file lacks a path; shared with the headless twin.
pub fn no_such_value(file: &str, words: &str, known: &[String]) -> Fault {
    Fault::new(
        FaultKind::Usage,
        format!("{file} has no value {words}"),
        format!("it has: {}", known.join(", ")),
        "name one of these, dotted or as a JSON Pointer; `fluxdeck secret view` lists them",
    )
}
