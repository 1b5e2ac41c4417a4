//! The opened file behind the editor: its values as people read them, and taking changes back.

use std::fmt::Write as _;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::model::{Fault, FaultKind};
use crate::secret::Secret;
use crate::sops::{Change, Changed, Entry, Opened, Path, Segment, Unlocked, ValueType};

/// Says in which form a value is shown and edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As it stands in the file.
    Plain,
    /// Decoded from base64; it is encoded again when it is saved.
    Decoded,
    /// As base64, because what it holds is no text.
    Base64,
}

/// Holds an opened file, its changes, and how to take them back.
#[derive(Debug)]
pub struct Document {
    opened: Arc<Opened>,
    /// The public keys of the file whose private keys are at hand.
    pub ours: Vec<String>,
    /// Keys that could not be used, and why.
    pub problems: Vec<String>,
}

impl Document {
    /// Takes a file that was opened.
    pub fn new(unlocked: Unlocked) -> Self {
        let Unlocked { opened, ours, problems } = unlocked;
        Self { opened: Arc::new(opened), ours, problems }
    }

    /// Returns the opened file.
    pub fn opened(&self) -> &Opened {
        &self.opened
    }

    /// Shares the opened file with the operation that saves it; meanwhile nothing can be changed.
    pub fn share(&self) -> Arc<Opened> {
        Arc::clone(&self.opened)
    }

    /// Returns the values in the order of the file.
    pub fn entries(&self) -> &[Entry] {
        self.opened.entries()
    }

    /// Returns how many documents the file has.
    pub fn documents(&self) -> usize {
        self.opened.file().documents().len()
    }

    /// Tells whether a value was changed and not saved.
    pub fn is_changed(&self, entry: &Entry) -> bool {
        self.opened.changes().iter().any(|change| change.document == entry.document && change.path == entry.path)
    }

    /// Names what was changed, as people say it; a change of comments or of the order is one too.
    pub fn changes(&self) -> Vec<String> {
        let many = self.documents() > 1;
        let name = |change: &Change| {
            let Change { document, path, what } = change;
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

    /// Writes the sops lines that would make the same changes, without the values.
    pub fn shell(&self, file: &str) -> String {
        let lines: Vec<String> = self.opened.changes().iter().flat_map(|change| lines(file, change)).collect();
        if lines.is_empty() { format!("sops edit {file}") } else { lines.join("\n") }
    }

    /// Changes a value; returns whether it differs from before.
    ///
    /// # Errors
    /// When it cannot be changed safely, or while the file is being saved.
    pub fn change(&mut self, file: &str, index: usize, text: &Secret) -> Result<bool, Fault> {
        let Some(entry) = self.opened.entries().get(index) else { return Ok(false) };
        let (form, shown) = shown(entry);
        if shown.expose() == text.expose() && entry.value_type != ValueType::Null {
            return Ok(false);
        }
        let (document, path) = (entry.document, entry.path.clone());
        let wrong =
            |why: String, todo: &str| Fault::new(FaultKind::Usage, format!("{path} was not changed"), why, todo);
        if form == Form::Base64 && STANDARD.decode(text.expose()).is_err() {
            return Err(wrong(
                "this is not base64".to_owned(),
                "a value below data is base64: the server refuses others",
            ));
        }
        let opened = Arc::get_mut(&mut self.opened)
            .ok_or_else(|| wrong("the file is being saved".to_owned(), "try again in a moment"))?;
        let set = match form {
            Form::Decoded => opened.set_decoded(document, &path, text),
            Form::Plain | Form::Base64 => opened.set(document, &path, text),
        };
        set.map_err(|error| wrong(error.to_string(), &format!("change it with sops edit {file}")))?;
        Ok(true)
    }

    /// Takes the last change back; returns which value it was of, the first where it was of several.
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

    /// Goes on with the file as it was saved.
    pub fn saved(&mut self, opened: Opened) {
        self.opened = Arc::new(opened);
    }
}

/// Returns a value as it is shown, and in which form that is.
pub fn shown(entry: &Entry) -> (Form, Secret) {
    match (entry.base64, entry.decoded()) {
        (false, _) => (Form::Plain, entry.secret.duplicate()),
        (true, Some(decoded)) => (Form::Decoded, decoded),
        (true, None) => (Form::Base64, entry.secret.duplicate()),
    }
}

/// Writes the sops line that sets one value; sops itself knows the first document only.
fn lines(file: &str, change: &Change) -> Vec<String> {
    let Change { document, path, what } = change;
    if *document > 0 {
        return vec![format!("sops edit {file}")];
    }
    let set = |path| format!("sops set --value-stdin {file} {}", place(path));
    let unset = |path| format!("sops unset {file} {}", place(path));
    match what {
        Changed::Value | Changed::Added => vec![set(path)],
        Changed::Removed => vec![unset(path)],
        Changed::Renamed(from) => vec![set(path), unset(from)],
    }
}

/// Writes a path as sops takes it.
fn place(path: &Path) -> String {
    let mut line = "'".to_owned();
    for segment in path.segments() {
        // Writing to a text cannot fail.
        let _ = match segment {
            Segment::Key(key) => write!(line, "[{}]", serde_json::Value::from(key.as_str())),
            Segment::Index(index) => write!(line, "[{index}]"),
        };
    }
    line.push('\'');
    line
}

/// Tells the operator that a path of the file is not there; shared with the headless twin.
pub fn no_such_value(file: &str, words: &str, known: &[String]) -> Fault {
    Fault::new(
        FaultKind::Usage,
        format!("{file} has no value {words}"),
        format!("it has: {}", known.join(", ")),
        "name one of these, dotted or as a JSON Pointer; `fluxdeck secret view` lists them",
    )
}
