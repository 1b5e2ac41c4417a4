//! The editor of an encrypted file: its values, masked until revealed, changed in place.
//!
//! ```text
//! +>apps/staging/linkding/secret.yaml  staging ------------------------------------+
//! | for      age1pqpn… of staging, opened with it                                    |
//! | saved    2026-11-22T22:42:51Z by sops 3.13.3; MAC verified                       |
//! | changed  1: stringData.PASSWORD                                                  |
//! |   PATH                  TYPE          VALUE                                      |
//! |   metadata.name         text    plain linkding-container-env                     |
//! |>* stringData.PASSWORD   text    enc   what is typed                              |
//! | ~ stringData.USER       text    enc   ********  was NAME                         |
//! | - stringData.OLD        removed                                                  |
//! +----------------------------------------------------------------------------------+
//! ```

mod actions;
mod changes;
mod difference;
mod drafts;
pub mod editor;
mod field;
mod head;
mod hiding;
mod opening;
mod paint;
pub mod table;
mod text;
mod theirs;

use std::any::Any;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Weak};

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::widgets::Wrap;
use tokio::sync::watch;

use crate::app::motion::step;
use crate::app::{Action, Ask, CommandTarget, Key, Motion, Notice, Scene, View};
use crate::model::Env;
use crate::repo::Snapshot;
use crate::secret::Secret;
use crate::sops::{Locked, Path};
use crate::theme::Scope;
use crate::widgets::{Paragraph, Scroll, StyledLine, panel};
use crate::workflows::secret::document::Document;
pub use actions::EditorAction;
use actions::Saved;
use changes::Changes;
use editor::Editor;
use field::Field;
use hiding::Asleep;
use opening::{Opening, PluginMessage};
use table::{Columns, SecretRow};
use text::TextState;
use theirs::DiskCheck;

/// Opens an encrypted file of the repository.
pub fn open(target: &CommandTarget, ask: &Ask<'_>) -> Option<Box<dyn View>> {
    let CommandTarget::File(env, path) = target else { return None };
    ask.facts.repository.as_ref()?.scan.get(path)?.lock.as_ref()?;
    let env = env.or_else(|| ask.facts.environment_of(path));
    Some(Box::new(SecretView::new(env, path)))
}

/// Shows and edits an encrypted file.
#[derive(Debug)]
pub struct SecretView {
    env: Option<Env>,
    file: String,
    state: State,
    selected: usize,
    scroll: Scroll,
    text_scroll: Scroll,
    looks: TextState,
    /// The changes in the last written draft.
    drafted: Option<Vec<String>>,
    /// The draft on the disk, until the user decides.
    draft: Option<Secret>,
    /// Whether the editor closes once the draft is removed.
    leaving: bool,
    /// Whether the next esc drops a text that is not valid.
    dropping: bool,
    filter: String,
    revealed: BTreeSet<usize>,
    editing: Option<(Field, Editor)>,
    /// Receives each key, to keep revealed values on the screen; dropping it ends the wait.
    awake: Option<watch::Sender<()>>,
    saving: bool,
    /// The value to write into a file once the guard permits it: its document, path, and the file.
    exporting: Option<(usize, Path, PathBuf)>,
    /// Another person's version of the file, until the user decides.
    theirs: Option<Box<Document>>,
    /// The repository at the last read of the file.
    seen: Weak<Snapshot>,
}

#[derive(Debug)]
enum State {
    /// Being opened, with a plug-in's last message.
    Opening(String),
    Locked(Box<Locked>),
    Open(Box<Document>),
}

impl SecretView {
    /// Shows a file, below the repository's root, of an environment.
    pub fn new(env: Option<Env>, file: &str) -> Self {
        Self {
            env,
            file: file.to_owned(),
            state: State::Opening(String::new()),
            selected: 0,
            scroll: Scroll::default(),
            text_scroll: Scroll::default(),
            looks: TextState::default(),
            drafted: None,
            draft: None,
            leaving: false,
            dropping: false,
            filter: String::new(),
            revealed: BTreeSet::new(),
            editing: None,
            awake: None,
            saving: false,
            exporting: None,
            theirs: None,
            seen: Weak::new(),
        }
    }

    fn document(&self) -> Option<&Document> {
        if let State::Open(document) = &self.state { Some(document) } else { None }
    }

    fn document_mut(&mut self) -> Option<&mut Document> {
        if let State::Open(document) = &mut self.state { Some(document) } else { None }
    }

    /// Lists the selectable values, in order.
    fn values(&self) -> Vec<usize> {
        let Some(document) = self.document() else { return Vec::new() };
        let columns = Columns::new(document, 80);
        let rows = table::rows(document, &BTreeSet::new(), &self.filter, columns);
        rows.into_iter().filter_map(|row| if let SecretRow::Value(index) = row { Some(index) } else { None }).collect()
    }

    fn value(&self) -> Option<usize> {
        let values = self.values();
        values.get(self.selected.min(values.len().saturating_sub(1))).copied()
    }
}

fn tell(scene: &Scene<'_>, text: &str) -> Vec<Action> {
    vec![Action::Tell(Notice::info(scene.facts.now, text))]
}

impl View for SecretView {
    fn id(&self) -> &'static str {
        "secret"
    }

    fn title(&self, scene: &Scene<'_>) -> String {
        match self.env.and_then(|env| scene.facts.environment(env)) {
            Some(environment) if environment.protected => format!("{}  {} PROTECTED", self.file, environment.name),
            Some(environment) => format!("{}  {}", self.file, environment.name),
            None => format!("{}  of several environments", self.file),
        }
    }

    fn secret(&self) -> bool {
        true
    }

    fn refusal(&self, command: &str, _scene: &Scene<'_>) -> Option<String> {
        self.refused(command)
    }

    /// Hides revealed values before another view covers this one.
    fn covered(&mut self) {
        self.revealed.clear();
        self.looks.hide();
        self.awake = None;
    }

    fn opened(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        vec![self.load(None, scene)]
    }

    fn render(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
        let inside = panel(frame, area, &self.title(scene), scene.focus, scene.theme);
        match &self.state {
            State::Opening(said) if said.is_empty() => frame.render_widget(StyledLine::from("opening..."), inside),
            State::Opening(said) => {
                let rows = [
                    StyledLine::from("opening..."),
                    StyledLine::styled(said.as_str(), scene.theme.style(Scope::Heading)),
                ];
                frame.render_widget(Paragraph::new(rows.to_vec()).wrap(Wrap { trim: true }), inside);
            }
            State::Locked(locked) => self.render_locked(locked, frame, inside, scene),
            State::Open(document) => self.render_open(document, frame, inside, scene),
        }
    }

    fn motion(&mut self, motion: Motion, scene: &Scene<'_>) -> Option<Vec<Action>> {
        self.stir();
        if motion == Motion::Open {
            return Some(match &self.state {
                State::Opening(_) => Vec::new(),
                State::Locked(_) => {
                    self.state = State::Opening(String::new());
                    vec![self.load(None, scene)]
                }
                State::Open(_) => self.edit(scene),
            });
        }
        let count = self.values().len();
        self.selected = step(self.selected.min(count.saturating_sub(1)), count, self.scroll.page(), motion)?;
        Some(Vec::new())
    }

    fn rested(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        self.stir();
        self.keep_draft(scene)
    }

    fn changed(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        let now = scene.facts.repository.as_ref().map(Arc::downgrade).unwrap_or_default();
        if Weak::ptr_eq(&now, &self.seen) {
            return Vec::new();
        }
        self.seen = now;
        self.check_disk(scene)
    }

    fn targets(&self, _scene: &Scene<'_>) -> Vec<CommandTarget> {
        vec![CommandTarget::File(self.env, self.file.clone())]
    }

    fn selected_value(&self, _scene: &Scene<'_>) -> Option<String> {
        let entry = self.document()?.entries().get(self.value()?)?;
        // sops finds values only in the first document of a file.
        (entry.document == 0).then(|| crate::workflows::secret::document::place(&entry.path))
    }

    fn reply(&mut self, payload: Box<dyn Any + Send>, scene: &Scene<'_>) -> Vec<Action> {
        let payload = match payload.downcast::<EditorAction>() {
            Ok(ask) => return self.perform(*ask, scene),
            Err(payload) => payload,
        };
        let payload = match payload.downcast::<Opening>() {
            Ok(opening) => return self.take(*opening),
            Err(payload) => payload,
        };
        let payload = match payload.downcast::<PluginMessage>() {
            Ok(said) => {
                self.hear(*said);
                return Vec::new();
            }
            Err(payload) => payload,
        };
        let payload = match payload.downcast::<DiskCheck>() {
            Ok(looked) => return self.looked(*looked, scene),
            Err(payload) => payload,
        };
        let payload = match payload.downcast::<drafts::Found>() {
            Ok(found) => return self.found(*found, scene),
            Err(payload) => payload,
        };
        let payload = match payload.downcast::<drafts::Written>() {
            Ok(written) => return Self::kept(*written, scene),
            Err(payload) => payload,
        };
        if payload.is::<drafts::Dropped>() {
            return self.dropped();
        }
        let payload = match payload.downcast::<field::Read>() {
            Ok(read) => return self.imported(*read, scene),
            Err(payload) => payload,
        };
        match payload.downcast::<Saved>() {
            Ok(saved) => self.saved(*saved, scene),
            Err(payload) if payload.is::<Asleep>() => self.hide(scene),
            Err(_) => Vec::new(),
        }
    }

    fn takes_text(&self) -> bool {
        self.editing.is_some()
    }

    fn text_keys(&self) -> &'static [(&'static str, &'static str)] {
        match &self.editing {
            Some((Field::Text, _)) => &[("ctrl-s", "keep the text"), ("esc", "back")],
            Some((Field::Value(_) | Field::Added(..), editor)) if editor.lines() > 1 => {
                &[("ctrl-s", "keep"), ("esc", "drop"), ("enter", "new line")]
            }
            Some((Field::Value(_) | Field::Added(..), _)) => {
                &[("enter", "keep"), ("esc", "drop"), ("alt-enter", "new line"), ("ctrl-u", "empty it")]
            }
            _ => &[("enter", "take it"), ("esc", "back")],
        }
    }

    fn text(&mut self, key: Key, scene: &Scene<'_>) -> Vec<Action> {
        self.stir();
        let Some((field, editor)) = &mut self.editing else { return Vec::new() };
        if editor.show() {
            // The key that shows it again has no other effect; the wait starts again.
            return self.watch_over();
        }
        let single = editor.lines() == 1 && *field != Field::Text;
        let dropping = std::mem::take(&mut self.dropping);
        if key.is("esc") && *field == Field::Text && !dropping {
            return self.leave_text(scene);
        }
        if key.is("esc") {
            self.editing = None;
            let unchanged = self.document().is_some_and(|document| document.changes().is_empty());
            if unchanged && self.theirs.is_some() {
                return self.read_theirs(scene);
            }
            return self.watch_over();
        }
        if (single && key.is("enter")) || "ctrl-s".parse() == Ok(key) {
            return self.keep(scene);
        }
        if *field != Field::Text {
            editor.key(key);
            return Vec::new();
        }
        match key.to_string().as_str() {
            "ctrl-x" => return self.reveal_in_text(false),
            "ctrl-t" => return self.reveal_in_text(true),
            "enter" => self.type_text(Editor::indented_newline),
            _ => self.type_text(|editor| editor.key(key)),
        }
        self.watch_over()
    }

    fn paste(&mut self, text: &str, _scene: &Scene<'_>) {
        self.stir();
        match &mut self.editing {
            Some((Field::Text, _)) => self.type_text(|editor| editor.paste(text)),
            Some((_, editor)) => editor.paste(text),
            None => {}
        }
    }

    fn filter(&mut self, text: &str, _scene: &Scene<'_>) -> bool {
        self.stir();
        let value = self.value();
        text.clone_into(&mut self.filter);
        let place = value.and_then(|value| self.values().iter().position(|known| *known == value));
        self.selected = place.unwrap_or(0);
        self.document().is_some()
    }

    fn filtered(&self, _scene: &Scene<'_>) -> Option<(usize, usize)> {
        let all = table::rows(self.document()?, &BTreeSet::new(), "", Columns::new(self.document()?, 80)).len();
        (!self.filter.is_empty()).then(|| (self.values().len(), all))
    }

    fn closing(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        if self.saving {
            return tell(scene, "the file is being saved");
        }
        match self.document() {
            Some(document) if document.opened().is_changed() => {
                vec![Action::Push(Box::new(Changes::discard(document)))]
            }
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
