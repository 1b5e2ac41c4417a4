//! The editor of an encrypted file: its values, masked until revealed, changed in place.
//!
//! ```text
//! +>apps/staging/linkding/secret.yaml  staging ------------------------------------+
//! | for      age1pqpn… of staging, opened with it                                    |
//! | saved    2026-11-22T22:42:51Z by sops 3.13.3; MAC verified                       |
//! | changed  1: stringData.PASSWORD                                                  |
//! |   PATH                  TYPE          VALUE                                      |
//! |   metadata.name         text    plain linkding-container-env                     |
//! |>* stringData.PASSWORD   text    enc   ********                                   |
//! | +>enter keep  esc drop  alt-enter new line   stringData.PASSWORD --------------+ |
//! | | what is typed                                                                 | |
//! | +-------------------------------------------------------------------------------+ |
//! +----------------------------------------------------------------------------------+
//! ```

mod changes;
pub mod document;
mod editor;
mod head;
pub mod saving;
pub mod table;

use std::any::Any;
use std::collections::BTreeSet;
use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;
use ratatui::widgets::Paragraph;
use tokio::sync::watch;

use crate::app::guard::judge;
use crate::app::motion::step;
use crate::app::{Action, Ask, Consent, Key, Motion, Notice, Permit, Scene, Target, Task, Verdict, View};
use crate::model::{Env, Fault, FaultKind};
use crate::secret::Secret;
use crate::sops::{self, Locked, Opened, Unlocked};
use crate::theme::Scope;
use crate::widgets::{Scroll, fit, lines, panel};
use changes::Changes;
use document::{Document, shown};
use editor::Editor;
use saving::Saving;
use table::{Columns, Look, Row};

/// Revealed values hide again when no key has come for so long: an operator who was called away must not leave them on the screen.
const HIDE_AFTER: Duration = Duration::from_mins(1);

/// The highest that the field of a value of several lines gets, in rows.
const HIGHEST_FIELD: usize = 14;

/// Opens an encrypted file of the repository; the lock in the tree says that it is one.
pub fn opener(target: &Target, ask: &Ask<'_>) -> Option<Box<dyn View>> {
    let Target::File(env, path) = target else { return None };
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
    filter: String,
    revealed: BTreeSet<usize>,
    editing: Option<(usize, Editor)>,
    /// Keeps what is revealed from being hidden with every word; dropped when nothing is revealed, which ends the waiting.
    awake: Option<watch::Sender<()>>,
    saving: bool,
}

#[derive(Debug)]
enum State {
    Opening,
    Locked(Box<Locked>),
    Open(Box<Document>),
}

/// What the commands of the editor hand to it.
#[derive(Debug, Clone, Copy)]
pub enum Do {
    /// Shows the selected value, or hides it.
    Reveal,
    /// Shows every value, or hides them all.
    RevealAll,
    /// Opens the field of the selected value.
    Edit,
    /// Takes the last change back.
    Undo,
    /// Shows what changed and asks for the command that saves.
    AskToSave,
    /// Saves, with the guard's leave; without it nothing is done.
    Save(Option<Permit>),
}

/// The answer of the task that opens the file.
struct Opening(Result<Unlocked, Box<Locked>>);

/// The answer of the task that waits for the end of saving.
struct Saved(Option<Opened>);

/// Says that what is revealed is waited for, which settles the task.
struct Awake;

/// Says that no key has come for a while.
struct Asleep;

impl SecretView {
    /// Shows a file, below the repository's root, of an environment.
    pub fn new(env: Option<Env>, file: &str) -> Self {
        Self {
            env,
            file: file.to_owned(),
            state: State::Opening,
            selected: 0,
            scroll: Scroll::default(),
            filter: String::new(),
            revealed: BTreeSet::new(),
            editing: None,
            awake: None,
            saving: false,
        }
    }

    /// Opens the file with the keys of its environment; of every environment where it belongs to none alone.
    fn load(&self, scene: &Scene<'_>) -> Action {
        let (env, file) = (self.env, self.file.clone());
        let name = env.map(|env| scene.facts.name(env).to_owned());
        Action::Task(Task::once(format!("open {file}"), move |reach| async move {
            let sources: Vec<_> = match env {
                Some(env) => reach.identities.get(env).into_iter().cloned().collect(),
                None => reach.identities.iter().map(|(_, sources)| sources.clone()).collect(),
            };
            let closed = |fault: Fault| {
                Box::new(Locked { fault, recipients: Vec::new(), at_hand: Vec::new(), problems: Vec::new() })
            };
            let path = match reach.file(&file) {
                Ok(path) => path,
                Err(fault) => return Opening(Err(closed(fault))),
            };
            let opened = reach.away(move || sops::unlock(&path, &file, name.as_deref(), &sources)).await;
            Opening(opened.unwrap_or_else(|fault| Err(closed(fault))))
        }))
    }

    fn document(&self) -> Option<&Document> {
        if let State::Open(document) = &self.state { Some(document) } else { None }
    }

    fn document_mut(&mut self) -> Option<&mut Document> {
        if let State::Open(document) = &mut self.state { Some(document) } else { None }
    }

    /// Lists the values that are selectable, in order.
    fn values(&self) -> Vec<usize> {
        let Some(document) = self.document() else { return Vec::new() };
        let columns = Columns::new(document, 80);
        let rows = table::rows(document, &BTreeSet::new(), &self.filter, columns);
        rows.into_iter().filter_map(|row| if let Row::Value(index) = row { Some(index) } else { None }).collect()
    }

    fn value(&self) -> Option<usize> {
        let values = self.values();
        values.get(self.selected.min(values.len().saturating_sub(1))).copied()
    }

    /// Waits for the silence after which values are hidden, as long as any is shown; otherwise ends that.
    fn watch_over(&mut self) -> Vec<Action> {
        if self.revealed.is_empty() && self.editing.is_none() {
            self.awake = None;
            return Vec::new();
        }
        if self.awake.is_some() {
            return Vec::new();
        }
        let (sender, mut keys) = watch::channel(());
        self.awake = Some(sender);
        vec![Action::Task(Task::stream("hide what is revealed", move |_reach, mut reply| async move {
            reply.send(Awake).await;
            loop {
                tokio::select! {
                    key = keys.changed() => if key.is_err() { return },
                    () = tokio::time::sleep(HIDE_AFTER) => {
                        reply.send(Asleep).await;
                        return;
                    }
                }
            }
        }))]
    }

    /// Notes that a key came.
    fn stir(&self) {
        if let Some(awake) = &self.awake {
            awake.send_replace(());
        }
    }

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

    fn edit(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        if self.saving {
            return tell(scene, "the file is being saved");
        }
        let Some(index) = self.value() else { return Vec::new() };
        let Some(entry) = self.document().and_then(|document| document.entries().get(index)) else { return Vec::new() };
        self.editing = Some((index, Editor::new(&shown(entry).1)));
        self.watch_over()
    }

    /// Takes over what was typed; the field stays open when the value cannot be that.
    fn keep(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        let Some((index, editor)) = self.editing.take() else { return Vec::new() };
        let (file, text): (String, Secret) = (self.file.clone(), editor.text());
        let changed = self.document_mut().map_or(Ok(false), |document| document.change(&file, index, &text));
        match changed {
            Ok(_) => self.watch_over(),
            Err(fault) => {
                self.editing = Some((index, editor));
                vec![Action::Tell(Notice::fault(scene.facts.now, fault))]
            }
        }
    }

    /// Does what one of the view's own commands asks for.
    fn perform(&mut self, ask: Do, scene: &Scene<'_>) -> Vec<Action> {
        self.stir();
        if self.document().is_none() {
            return tell(scene, "the file is not open");
        }
        match ask {
            Do::Reveal => self.reveal(scene),
            Do::RevealAll => self.reveal_all(),
            Do::Edit => self.edit(scene),
            Do::Undo => self.undo(scene),
            Do::AskToSave => self.ask_to_save(scene),
            Do::Save(Some(permit)) => self.save(permit),
            Do::Save(None) => Vec::new(),
        }
    }

    fn undo(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        let index = self.document_mut().and_then(Document::undo);
        match index.and_then(|index| self.values().iter().position(|known| *known == index)) {
            Some(place) => {
                self.selected = place;
                Vec::new()
            }
            None if index.is_some() => Vec::new(),
            None => tell(scene, "there is no change to undo"),
        }
    }

    /// Shows what would change, in the guard's own question where it asks one, and asks for leave to write.
    fn ask_to_save(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        let Some(document) = self.document().filter(|_| !self.saving) else { return Vec::new() };
        let paths = document.changes();
        if paths.is_empty() {
            return tell(scene, "nothing was changed");
        }
        let Some(command) = scene.commands.iter().find(|command| command.id == "secret-set").copied() else {
            return Vec::new();
        };
        let targets = self.targets(scene);
        let answers = vec![("paths".to_owned(), paths.join(", ")), ("shell".to_owned(), document.shell(&self.file))];
        match judge(command, &targets, scene.facts, Consent::None) {
            Verdict::Go(_) => vec![Action::Push(Box::new(Changes::save(paths, command, targets, answers)))],
            _ => vec![Action::Dispatch(command, targets, answers)],
        }
    }

    fn save(&mut self, permit: Permit) -> Vec<Action> {
        let (env, file) = (self.env, self.file.clone());
        let Some(document) = self.document().filter(|_| !self.saving) else { return Vec::new() };
        let saving =
            Saving { env, changes: document.changes(), shell: document.shell(&file), opened: document.share(), file };
        if saving.changes.is_empty() {
            return Vec::new();
        }
        self.saving = true;
        let (operation, saved) = saving.operation(permit);
        let waiting = Task::once("wait until it is saved", move |_reach| async move { Saved(saved.await.ok()) });
        vec![Action::Operate(operation), Action::Task(waiting)]
    }

    fn render_open(&self, document: &Document, frame: &mut Frame<'_>, inside: Rect, scene: &Scene<'_>) {
        let width = usize::from(inside.width);
        let head = head::lines(document, self.env, self.saving, width, scene);
        let above = u16::try_from(head.len()).unwrap_or(0);
        let field = self.editing.as_ref().map_or(0, |(_, editor)| {
            u16::try_from(editor.lines().clamp(1, HIGHEST_FIELD)).unwrap_or(1).saturating_add(2)
        });
        let field = field.min(inside.height.saturating_sub(above.saturating_add(3)).max(3));
        let [head_area, heading, body, field_area] = Layout::vertical([
            Constraint::Length(above),
            Constraint::Length(1),
            Constraint::Fill(1),
            Constraint::Length(field),
        ])
        .areas(inside);
        frame.render_widget(Paragraph::new(head), head_area);
        let columns = Columns::new(document, width);
        frame.render_widget(Line::styled(fit(&columns.heading(), width), scene.theme.style(Scope::Heading)), heading);
        let rows = table::rows(document, &self.revealed, &self.filter, columns);
        if rows.is_empty() {
            let text = if self.filter.is_empty() {
                "the file has no values".to_owned()
            } else {
                format!("no path matches `{}`; / and esc show all again", self.filter)
            };
            frame.render_widget(Line::from(fit(&text, width)), body);
        }
        let value = self.value();
        let chosen = rows.iter().position(|row| value.is_some_and(|index| *row == Row::Value(index))).unwrap_or(0);
        let look = Look { document, revealed: &self.revealed, columns, theme: scene.theme };
        lines(frame, body, &self.scroll, chosen, rows.len(), |index, selected| {
            rows.get(index).map_or_else(Line::default, |row| look.line(row, selected))
        });
        if let Some((index, editor)) = &self.editing {
            let path = document.entries().get(*index).map(|entry| entry.path.to_string()).unwrap_or_default();
            let keys =
                if editor.lines() > 1 { "ctrl-s keep  esc drop" } else { "enter keep  esc drop  alt-enter new line" };
            let field = panel(frame, field_area, &format!("{keys}   {path}"), scene.focus, scene.theme);
            editor.render(frame, field, scene.theme);
        }
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

    /// What was revealed is hidden when the operator comes back.
    fn covered(&mut self) {
        self.revealed.clear();
        self.awake = None;
    }

    fn opened(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        vec![self.load(scene)]
    }

    fn render(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
        let inside = panel(frame, area, &self.title(scene), scene.focus, scene.theme);
        match &self.state {
            State::Opening => frame.render_widget(Line::from("opening..."), inside),
            State::Locked(locked) => {
                frame.render_widget(Paragraph::new(head::locked(locked, usize::from(inside.width), scene)), inside);
            }
            State::Open(document) => self.render_open(document, frame, inside, scene),
        }
    }

    fn motion(&mut self, motion: Motion, scene: &Scene<'_>) -> Option<Vec<Action>> {
        self.stir();
        if motion == Motion::Open {
            return Some(match &self.state {
                State::Opening => Vec::new(),
                State::Locked(_) => {
                    self.state = State::Opening;
                    vec![self.load(scene)]
                }
                State::Open(_) => self.edit(scene),
            });
        }
        let count = self.values().len();
        self.selected = step(self.selected.min(count.saturating_sub(1)), count, self.scroll.page(), motion)?;
        Some(Vec::new())
    }

    fn rested(&mut self, _scene: &Scene<'_>) -> Vec<Action> {
        self.stir();
        Vec::new()
    }

    fn targets(&self, _scene: &Scene<'_>) -> Vec<Target> {
        vec![Target::File(self.env, self.file.clone())]
    }

    fn reply(&mut self, payload: Box<dyn Any + Send>, scene: &Scene<'_>) -> Vec<Action> {
        let payload = match payload.downcast::<Do>() {
            Ok(ask) => return self.perform(*ask, scene),
            Err(payload) => payload,
        };
        let payload = match payload.downcast::<Opening>() {
            Ok(opening) => {
                self.state = match opening.0 {
                    Ok(unlocked) => State::Open(Box::new(Document::new(unlocked))),
                    Err(locked) => State::Locked(locked),
                };
                // Most come for what is encrypted; kind and names stand above it.
                let values = self.values();
                let first = self.document().and_then(|document| {
                    values.iter().position(|index| document.entries().get(*index).is_some_and(|entry| entry.encrypted))
                });
                self.selected = first.unwrap_or(0);
                return Vec::new();
            }
            Err(payload) => payload,
        };
        let payload = match payload.downcast::<Saved>() {
            Ok(saved) => {
                self.saving = false;
                if let (Some(opened), Some(document)) = (saved.0, self.document_mut()) {
                    document.saved(opened);
                    return vec![Action::Rescan];
                }
                return Vec::new();
            }
            Err(payload) => payload,
        };
        if payload.is::<Asleep>() {
            self.awake = None;
            let shown = !self.revealed.is_empty() || self.editing.is_some();
            self.revealed.clear();
            if let Some((_, editor)) = &mut self.editing {
                editor.hide();
            }
            if shown {
                let mut actions = tell(scene, "values were hidden: no key came for a minute");
                actions.push(Action::Redraw);
                return actions;
            }
        }
        Vec::new()
    }

    fn takes_text(&self) -> bool {
        self.editing.is_some()
    }

    fn text(&mut self, key: Key, scene: &Scene<'_>) -> Vec<Action> {
        self.stir();
        let Some((_, editor)) = &mut self.editing else { return Vec::new() };
        if editor.show() {
            // The key that shows it again does nothing else; the waiting begins anew.
            return self.watch_over();
        }
        let single = editor.lines() == 1;
        if key.is("esc") {
            self.editing = None;
            return self.watch_over();
        }
        if (single && key.is("enter")) || "ctrl-s".parse() == Ok(key) {
            return self.keep(scene);
        }
        editor.key(key);
        Vec::new()
    }

    fn paste(&mut self, text: &str, _scene: &Scene<'_>) {
        self.stir();
        if let Some((_, editor)) = &mut self.editing {
            editor.paste(text);
        }
    }

    fn filter(&mut self, text: &str, _scene: &Scene<'_>) -> bool {
        self.stir();
        text.clone_into(&mut self.filter);
        self.selected = 0;
        self.document().is_some()
    }

    fn closing(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        if self.saving {
            return tell(scene, "the file is being saved");
        }
        match self.document().map(Document::changes) {
            Some(paths) if !paths.is_empty() => vec![Action::Push(Box::new(Changes::discard(paths)))],
            _ => Vec::new(),
        }
    }
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

#[cfg(test)]
mod tests;
