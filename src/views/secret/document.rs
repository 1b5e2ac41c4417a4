//! The opened file behind the editor: its values as people read them, and taking changes back.

use std::fmt::Write as _;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::model::{Fault, FaultKind};
use crate::secret::Secret;
use crate::sops::{Entry, Opened, Path, Segment, Unlocked, ValueType};

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
    changed: Vec<Undo>,
}

/// Remembers what a value was before a change; `None` is what the file holds.
#[derive(Debug)]
struct Undo {
    index: usize,
    before: Option<Secret>,
}

impl Document {
    /// Takes a file that was opened.
    pub fn new(unlocked: Unlocked) -> Self {
        let Unlocked { opened, ours, problems } = unlocked;
        Self { opened: Arc::new(opened), ours, problems, changed: Vec::new() }
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
        self.opened.changes().iter().any(|(document, path)| *document == entry.document && *path == entry.path)
    }

    /// Names the changed values, as people say them.
    pub fn changes(&self) -> Vec<String> {
        let many = self.documents() > 1;
        let name = |(document, path): &(usize, Path)| {
            if many { format!("document {}: {path}", document + 1) } else { path.to_string() }
        };
        self.opened.changes().iter().map(name).collect()
    }

    /// Writes the sops lines that would make the same changes, without the values.
    pub fn shell(&self, file: &str) -> String {
        let lines: Vec<String> =
            self.opened.changes().iter().map(|(document, path)| set_line(file, *document, path)).collect();
        lines.join("\n")
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
        let before = self.is_changed(entry).then(|| entry.secret.duplicate());
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
        self.changed.push(Undo { index, before });
        Ok(true)
    }

    /// Takes the last change back; returns which value it was of.
    pub fn undo(&mut self) -> Option<usize> {
        let opened = Arc::get_mut(&mut self.opened)?;
        let Undo { index, before } = self.changed.pop()?;
        let entry = opened.entries().get(index)?;
        let (document, path) = (entry.document, entry.path.clone());
        match before {
            None => opened.restore(document, &path),
            // It was set to this before, so it can be again.
            Some(before) => opened.set(document, &path, &before).ok()?,
        }
        Some(index)
    }

    /// Goes on with the file as it was saved.
    pub fn saved(&mut self, opened: Opened) {
        self.opened = Arc::new(opened);
        self.changed.clear();
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
fn set_line(file: &str, document: usize, path: &Path) -> String {
    if document > 0 {
        return format!("sops edit {file}");
    }
    let mut line = format!("sops set --value-stdin {file} '");
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
