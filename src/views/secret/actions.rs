//! The actions of the editor on the opened file: reveal, edit, undo, save.

use std::collections::BTreeSet;

use super::changes::Changes;
use super::editor::Editor;
use super::field::Field;
use super::{SecretView, State, tell};
use crate::app::{Action, Notice, Permit, Scene, Task, View as _};
use crate::sops::Opened;
use crate::workflows::secret::document::{Document, shown};
use crate::workflows::secret::saving::Saving;

/// Names the request of one of the editor's commands.
#[derive(Debug, Clone, Copy)]
pub enum EditorAction {
    /// Shows the selected value, or hides it.
    Reveal,
    /// Shows every value, or hides them all.
    RevealAll,
    /// Opens the field of the selected value.
    Edit,
    /// Undoes the last change.
    Undo,
    /// Redoes the change that was undone last.
    Redo,
    /// Restores the draft.
    TakeDraft,
    /// Drops the draft.
    DropDraft,
    /// Leaves the editor; the changes are lost.
    Leave,
    /// Opens the whole document as text.
    Text,
    /// Asks for a new key.
    Add,
    /// Asks for a new name of the key.
    Rename,
    /// Removes the selected value.
    Remove,
    /// Asks for the characters of a new password.
    Generate,
    /// Asks for the file to read the value from.
    Import,
    /// Asks for the file to write the value into.
    Export,
    /// Copies the value to the clipboard, and clears it later.
    Copy,
    /// Shows the changes and requests the command that saves.
    AskToSave,
    /// Applies the changes to another person's version of the file.
    KeepMine,
    /// Drops the changes, and opens another person's version of the file.
    ReadTheirs,
    /// Writes the value into the named file, with the guard's permit; without it nothing is done.
    WriteOut(Option<Permit>),
    /// Saves, with the guard's permit; without it nothing is done.
    Save(Option<Permit>),
}

/// Returns the key of a value.
fn name_of(document: &Document, index: usize) -> String {
    let entry = document.entries().get(index);
    entry.and_then(|entry| entry.path.last_key()).unwrap_or_default().to_owned()
}

/// The answer of the task that waits for the end of saving.
pub(super) struct Saved(Option<Opened>);

impl SecretView {
    fn reveal(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        let Some(index) = self.value() else { return Vec::new() };
        let encrypted =
            self.document().and_then(|document| document.entries().get(index)).is_some_and(|one| one.encrypted);
        if !encrypted {
            return tell(scene, "this value is in plain text in the file");
        }
        if !self.revealed.remove(&index) {
            self.revealed.insert(index);
        }
        self.watch_over()
    }

    fn reveal_all(&mut self) -> Vec<Action> {
        let Some(document) = self.document() else { return Vec::new() };
        let encrypted = |index: &usize| document.entries().get(*index).is_some_and(|entry| entry.encrypted);
        let all: BTreeSet<usize> = (0..document.entries().len()).filter(encrypted).collect();
        self.revealed = if self.revealed == all { BTreeSet::new() } else { all };
        self.watch_over()
    }

    pub(super) fn edit(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        if self.saving {
            return tell(scene, "the file is being saved");
        }
        let Some(index) = self.value() else { return Vec::new() };
        let Some(entry) = self.document().and_then(|document| document.entries().get(index)) else { return Vec::new() };
        self.editing = Some((Field::Value(index), Editor::new(&shown(entry).1)));
        self.watch_over()
    }

    /// Removes the selected value; undo restores it.
    fn remove(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        let Some(index) = self.value() else { return Vec::new() };
        let Some(document) = self.document_mut() else { return Vec::new() };
        let Some(entry) = document.entries().get(index) else { return Vec::new() };
        let (place, path) = (entry.document, entry.path.clone());
        match document.remove(place, &path) {
            Ok(()) => {
                self.reshaped(None);
                tell(scene, &format!("{path} is taken out; ‹key:secret-undo› brings it back"))
            }
            Err(fault) => vec![Action::Tell(Notice::fault(scene.facts.now, fault))],
        }
    }

    /// Tells why a command has no effect on the file as it is.
    pub(super) fn refused(&self, command: &str) -> Option<String> {
        let document = match &self.state {
            State::Open(document) => document,
            State::Locked(_) if matches!(command, "open" | "secret-edit") => return None,
            _ => return Some("the file is not open".to_owned()),
        };
        let selected = self.value().and_then(|index| document.entries().get(index));
        let needs_value = ["open", "reveal", "secret-edit", "secret-remove", "secret-rename", "secret-generate"];
        let why = match command {
            "secret-undo" if !document.can_undo() => "there is no change to undo",
            "redo" if !document.can_redo() => "there is no change to make again",
            "open" | "secret-edit" if self.saving => "the file is being saved",
            "reveal" if selected.is_some_and(|entry| !entry.encrypted) => "this value is in plain text in the file",
            _ if selected.is_none() && needs_value.contains(&command) => "no value is selected",
            _ => return None,
        };
        Some(why.to_owned())
    }

    fn redo(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        let done = self.document_mut().is_some_and(Document::redo);
        self.reshaped(None);
        if done { Vec::new() } else { tell(scene, "there is no change to make again") }
    }

    /// Runs the request of one of the view's own commands.
    pub(super) fn perform(&mut self, ask: EditorAction, scene: &Scene<'_>) -> Vec<Action> {
        self.stir();
        if let (State::Locked(_), EditorAction::Edit) = (&self.state, &ask) {
            return self.begin_given(Field::PrivateKey);
        }
        if self.document().is_none() {
            return tell(scene, "the file is not open");
        }
        match ask {
            EditorAction::Reveal => self.reveal(scene),
            EditorAction::RevealAll => self.reveal_all(),
            EditorAction::Edit => self.edit(scene),
            EditorAction::Undo => self.undo(scene),
            EditorAction::Redo => self.redo(scene),
            EditorAction::TakeDraft => self.take_draft(scene),
            EditorAction::DropDraft => {
                self.draft = None;
                vec![self.drop_draft()]
            }
            EditorAction::Leave => {
                self.leaving = true;
                vec![self.drop_draft()]
            }
            EditorAction::Text => self.begin_text(scene),
            EditorAction::Add => self.begin_key(scene),
            EditorAction::Remove => self.remove(scene),
            EditorAction::Copy => self.copy(scene),
            EditorAction::Rename => self.begin(Field::Name, name_of, scene),
            EditorAction::Generate => self.begin(Field::Letters, |_, _| "32 a-zA-Z0-9".to_owned(), scene),
            EditorAction::Import => self.begin(Field::From, |_, _| String::new(), scene),
            EditorAction::Export => self.begin(Field::To, |_, _| "~/".to_owned(), scene),
            EditorAction::AskToSave => self.ask_to_save(scene),
            EditorAction::KeepMine => self.keep_mine(scene),
            EditorAction::ReadTheirs => self.read_theirs(scene),
            EditorAction::Save(Some(permit)) => self.save(permit, scene),
            EditorAction::WriteOut(Some(permit)) => self.export(permit),
            EditorAction::Save(None) | EditorAction::WriteOut(None) => Vec::new(),
        }
    }

    fn undo(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        let index = self.document_mut().and_then(Document::undo);
        self.reshaped(None);
        match index.and_then(|index| self.values().iter().position(|known| *known == index)) {
            Some(place) => {
                self.selected = place;
                Vec::new()
            }
            None if index.is_some() => Vec::new(),
            None => tell(scene, "there is no change to undo"),
        }
    }

    /// Shows the changes, and then requests the permission to write; in a protected environment the guard asks, too.
    fn ask_to_save(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        if let Some(question) = self.compare() {
            return vec![question];
        }
        let Some(document) = self.document().filter(|_| !self.saving) else { return Vec::new() };
        let paths = document.changes();
        if paths.is_empty() {
            return tell(scene, "nothing was changed");
        }
        let Some(command) = scene.commands.iter().find(|command| command.id == "secret-set").copied() else {
            return Vec::new();
        };
        let targets = self.targets(scene);
        let answers = vec![
            ("paths".to_owned(), paths.join(", ")),
            ("shell".to_owned(), serde_json::Value::from_iter(document.command_words(&self.file)).to_string()),
        ];
        vec![Action::Push(Box::new(Changes::save(document, command, targets, answers, scene)))]
    }

    fn save(&mut self, permit: Permit, scene: &Scene<'_>) -> Vec<Action> {
        let (env, file) = (self.env, self.file.clone());
        let Some(document) = self.document().filter(|_| !self.saving) else { return Vec::new() };
        let saving = Saving {
            env,
            changes: document.changes(),
            shell: document.shell(&file),
            opened: document.share(),
            repository: scene.facts.repository.clone(),
            file,
        };
        if saving.changes.is_empty() {
            return Vec::new();
        }
        self.saving = true;
        let (operation, saved) = saving.operation(permit);
        let waiting = Task::once("wait until it is saved", move |_reach| async move { Saved(saved.await.ok()) });
        vec![Action::Operate(operation), Action::Task(waiting)]
    }

    /// Continues with the saved file; if saving failed, the changes stay, and another person's version may be the
    /// reason.
    pub(super) fn saved(&mut self, saved: Saved, scene: &Scene<'_>) -> Vec<Action> {
        self.saving = false;
        if let (Some(opened), Some(document)) = (saved.0, self.document_mut()) {
            document.saved(opened);
            self.drafted = None;
            return vec![Action::Rescan, self.drop_draft()];
        }
        self.check_disk(scene)
    }
}
