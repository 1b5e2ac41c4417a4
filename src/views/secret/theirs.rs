//! The question after another person changed the open file: open their version, or apply one's own changes to it.
//!
//! ```text
//! +> secret.yaml was changed by somebody else ---------------------+
//! | stringData.PASSWORD   changed by both                          |
//! |    opened  ********                                            |
//! |    theirs  ********  differs                                   |
//! |    mine    ********  differs from both                         |
//! |                                                                |
//! | k keep my changes, on top of theirs                            |
//! | r read theirs, my changes are lost                             |
//! | x reveal    esc decide later                                   |
//! +----------------------------------------------------------------+
//! ```

use std::any::Any;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

use super::changes::in_one_line;
use super::hiding::Glimpse;
use super::{EditorAction, SecretView, State, tell};
use crate::app::{Action, Key, Notice, Scene, Task, View};
use crate::model::{Fault, FaultKind};
use crate::secret::Secret;
use crate::sops::{self, Changed, Entry, IdentitySources, Locked, Path, Unlocked, ValueChange};
use crate::theme::{Scope, Theme};
use crate::widgets::{Paragraph, Span, StyledLine, centred, fit, pad, panel};
use crate::workflows::secret::document::MASK;
use crate::workflows::secret::document::{Document, displayed, shown};

/// The lines of a value: its path, the opened one, theirs, mine.
const ROWS: usize = 4;

/// The answer of the task that compares the file with the opened one; `None` if it is unchanged.
pub(super) struct DiskCheck(Option<Result<Unlocked, Box<Locked>>>);

impl SecretView {
    /// Checks whether the file on the disk is still the opened one.
    pub(super) fn check_disk(&self, scene: &Scene<'_>) -> Vec<Action> {
        let Some(document) = self.document().filter(|_| !self.saving) else { return Vec::new() };
        let (opened, file, env) = (document.share(), self.file.clone(), self.env);
        let name = env.map(|env| scene.facts.name(env).to_owned());
        vec![Action::Task(Task::blocking(format!("look at {file}"), move |task_context| {
            let Ok(path) = task_context.file(&file) else { return DiskCheck(None) };
            // A missing file is reported on saving: the open document is its only copy.
            match crate::files::text(&path, 16 * 1024 * 1024) {
                Ok(text) if text != opened.file().text() => {}
                _ => return DiskCheck(None),
            }
            let sources: Vec<_> =
                task_context.identities.for_environment(env).iter().map(IdentitySources::quietly).collect();
            DiskCheck(Some(sops::unlock(&path, &file, name.as_deref(), &sources)))
        }))]
    }

    /// Takes another person's version: at once if no own change would be lost, else once the user decides.
    pub(super) fn looked(&mut self, DiskCheck(found): DiskCheck, scene: &Scene<'_>) -> Vec<Action> {
        let Some(found) = found.filter(|_| !self.saving) else { return Vec::new() };
        match found {
            Err(locked) => {
                let Fault { kind, why, .. } = locked.fault;
                let what = format!("{} was changed by somebody else and can no longer be opened", self.file);
                let fault = Fault::new(kind, what, why, "what is shown is how it was before; look at it with git diff");
                vec![Action::Tell(Notice::fault(scene.facts.now, fault))]
            }
            Ok(unlocked) => {
                self.theirs = Some(Box::new(Document::new(unlocked)));
                if self.editing.is_none() && self.document().is_some_and(|document| document.changes().is_empty()) {
                    return self.read_theirs(scene);
                }
                // No question opens by itself: the next key was intended for something else.
                let fault = Fault::new(
                    FaultKind::Refused,
                    format!("{} was changed by somebody else", self.file),
                    "your changes are kept here and are not saved",
                    "‹key:save› compares both, and asks which to keep",
                );
                vec![Action::Tell(Notice::fault(scene.facts.now, fault))]
            }
        }
    }

    /// Asks about the other person's changes.
    pub(super) fn compare(&self) -> Option<Action> {
        let (mine, theirs) = (self.document()?, self.theirs.as_ref()?);
        let (file, rows) = (self.file.clone(), rows(mine, theirs));
        let question = Theirs { file, rows, glimpse: Glimpse::default(), first: 0 };
        Some(Action::Push(Box::new(question)))
    }

    /// Continues with the other version; the own changes are dropped.
    pub(super) fn read_theirs(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        let Some(theirs) = self.theirs.take() else { return Vec::new() };
        self.state = State::Open(theirs);
        self.revealed.clear();
        self.awake = None;
        let mut actions = tell(scene, "the file was changed by somebody else, and was read anew");
        actions.push(Action::Redraw);
        actions
    }

    /// Applies the own changes to the other version. If one of them does not fit there, none is applied.
    pub(super) fn keep_mine(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        let (Some(mut theirs), Some(mine)) = (self.theirs.take(), self.document()) else { return Vec::new() };
        let mut lost = None;
        for change in mine.opened().changes() {
            if let Err(fault) = put(mine, &mut theirs, &self.file, change) {
                lost = Some(fault);
                break;
            }
        }
        if let Some(fault) = lost {
            // The file is read again, as the other version already has a part of our changes.
            let mut actions = self.check_disk(scene);
            actions.push(Action::Tell(Notice::fault(scene.facts.now, fault)));
            return actions;
        }
        self.state = State::Open(theirs);
        self.revealed.clear();
        self.awake = None;
        let mut actions = tell(scene, "your changes stand on top of theirs, and are not saved yet");
        actions.push(Action::Redraw);
        actions
    }
}

/// Applies one of the own changes to the other version.
fn put(mine: &Document, theirs: &mut Document, file: &str, change: &ValueChange) -> Result<(), Fault> {
    let ValueChange { document, path, what } = change;
    let place = |theirs: &Document, path: &Path| {
        let found = theirs.entries().iter().position(|other| other.document == *document && other.path == *path);
        found.ok_or_else(|| {
            Fault::new(
                FaultKind::Refused,
                format!("{path} no longer exists"),
                "somebody else took it away",
                "nothing was changed: copy your value, or read theirs",
            )
        })
    };
    let own = || {
        let entry = mine.entries().iter().find(|entry| entry.document == *document && entry.path == *path);
        entry.map_or_else(|| Secret::new(""), |entry| shown(entry).1)
    };
    match what {
        Changed::Value => place(theirs, path).and_then(|index| theirs.change(file, index, &own())).map(|_| ()),
        Changed::Added => theirs.add(*document, path, &own()),
        Changed::Removed => place(theirs, path).and_then(|_| theirs.remove(*document, path)),
        Changed::Renamed(from) => {
            place(theirs, from).and_then(|index| theirs.rename(index, path.last_key().unwrap_or_default()))
        }
    }
}

/// A value that differs between the opened file, theirs and mine.
struct Differing {
    path: String,
    /// The side that changed it.
    word: &'static str,
    /// The opened one, theirs, mine; `None` if it is missing.
    values: [Option<Secret>; 3],
    /// The comparisons of theirs and mine.
    notes: [&'static str; 2],
    encrypted: bool,
}

impl std::fmt::Debug for Differing {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Differing").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Differing {
    fn new(mine: &Document, word: &'static str, own: Option<&Entry>, other: Option<&Entry>) -> Option<Self> {
        let place = own.or(other)?;
        let original = mine.opened().original(place.document, &place.path);
        let (opened, own_text, other_text) =
            (original.as_ref(), own.map(|one| &one.secret), other.map(|one| &one.secret));
        let note = |text: Option<&Secret>| match (text, opened) {
            (None, _) => "",
            (Some(_), None) => "is new",
            (Some(text), Some(opened)) if text == opened => "the same as opened",
            _ => "differs",
        };
        let mine_note = match (own_text, other_text) {
            (Some(own), Some(other)) if own == other => "the same as theirs",
            (Some(_), Some(_)) if note(own_text) == "differs" && note(other_text) == "differs" => "differs from both",
            _ => note(own_text),
        };
        let shown = |entry: Option<&Entry>| entry.map(|entry| displayed(entry).1);
        Some(Self {
            path: place.path.to_string(),
            word,
            values: [mine.was(place.document, &place.path), shown(other), shown(own)],
            notes: [note(other_text), mine_note],
            encrypted: [own, other].into_iter().flatten().any(|entry| entry.encrypted),
        })
    }
}

/// Returns for each path that differs who changed it, and the values.
fn rows(mine: &Document, theirs: &Document) -> Vec<Differing> {
    let same = |one: &Entry, other: &Entry| one.document == other.document && one.path == other.path;
    let mut rows = Vec::new();
    for entry in mine.entries() {
        let other = theirs.entries().iter().find(|other| same(entry, other));
        let changed = mine.is_changed(entry);
        let word = match other {
            None if changed && mine.opened().original(entry.document, &entry.path).is_none() => "added by you",
            None if changed => "changed by you, taken away by them",
            None => "taken away by them",
            Some(other) => {
                let they = !mine.opened().held(entry, &other.secret);
                match (changed, they) {
                    (true, true) => "changed by both",
                    (true, false) => "changed by you",
                    (false, true) => "changed by them",
                    (false, false) => continue,
                }
            }
        };
        rows.extend(Differing::new(mine, word, Some(entry), other));
    }
    let added = theirs.entries().iter().filter(|entry| !mine.entries().iter().any(|one| same(one, entry)));
    rows.extend(added.filter_map(|entry| {
        let is_it = |change: &&ValueChange| {
            let ValueChange { document, path, what } = change;
            *document == entry.document
                && match what {
                    Changed::Removed => *path == entry.path,
                    Changed::Renamed(from) => *from == entry.path,
                    _ => false,
                }
        };
        let word = match mine.opened().changes().iter().find(is_it).map(|change| &change.what) {
            Some(Changed::Renamed(_)) => "renamed by you",
            Some(_) => "taken away by you",
            None => "added by them",
        };
        Differing::new(mine, word, None, Some(entry))
    }));
    rows
}

/// Asks which version to keep, with the differences; values are masked until they are revealed.
#[derive(Debug)]
struct Theirs {
    file: String,
    rows: Vec<Differing>,
    glimpse: Glimpse,
    /// The first value on the screen.
    first: usize,
}

impl Theirs {
    fn go(&mut self, first: usize) -> Vec<Action> {
        self.first = first.min(self.rows.len().saturating_sub(1));
        Vec::new()
    }

    /// Writes the differences, a line for each value.
    fn lines(&self, room: usize, theme: &Theme) -> Vec<StyledLine<'static>> {
        if self.rows.is_empty() {
            return vec![StyledLine::from("  no value differs: comments or the order do")];
        }
        let paths = self.rows.iter().map(|row| row.path.chars().count()).max().unwrap_or(0).min(room / 2);
        let mut lines = Vec::new();
        for row in &self.rows {
            let head = format!("{}  {}", pad(&fit(&row.path, paths), paths), row.word);
            lines.push(StyledLine::styled(fit(&head, room), theme.style(Scope::Title)));
            let [theirs, mine] = row.notes;
            let sides = ["opened", "theirs", "mine"].into_iter().zip(["", theirs, mine]);
            for ((side, note), value) in sides.zip(&row.values) {
                // The side, two gaps, and the note must stay on the line with any value.
                let left = room.saturating_sub(13).saturating_sub(note.chars().count());
                let (text, scope) = match value {
                    None => ("(not there)".to_owned(), Scope::Dim),
                    Some(_) if row.encrypted && !self.glimpse.is_open() => (MASK.to_owned(), Scope::Masked),
                    Some(value) if row.encrypted => (in_one_line(value, left), Scope::Revealed),
                    Some(value) => (in_one_line(value, left), Scope::Text),
                };
                lines.push(StyledLine::from(vec![
                    Span::styled(format!("   {side:<6}  "), theme.style(Scope::Dim)),
                    Span::styled(fit(&text, left), theme.style(scope)),
                    Span::styled(format!("  {note}"), theme.style(Scope::Dim)),
                ]));
            }
        }
        lines
    }
}

impl View for Theirs {
    fn id(&self) -> &'static str {
        "theirs"
    }

    fn title(&self, _scene: &Scene<'_>) -> String {
        format!("{} was changed by somebody else", self.file)
    }

    fn overlay(&self) -> bool {
        true
    }

    fn secret(&self) -> bool {
        true
    }

    fn covered(&mut self) {
        self.glimpse = Glimpse::default();
    }

    fn reply(&mut self, payload: Box<dyn Any + Send>, _scene: &Scene<'_>) -> Vec<Action> {
        self.glimpse.hide_when_idle(payload.as_ref())
    }

    fn takes_text(&self) -> bool {
        true
    }

    fn text_keys(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("k", "keep mine on top"),
            ("r", "read theirs"),
            ("n", "later"),
            ("x", "reveal"),
            ("down up", "scroll"),
            ("esc", "back"),
        ]
    }

    fn text(&mut self, key: Key, _scene: &Scene<'_>) -> Vec<Action> {
        self.glimpse.stir();
        match key.typed() {
            Some('k' | 'K') => vec![Action::Pop, Action::Hand(Box::new(EditorAction::KeepMine))],
            Some('r' | 'R') => vec![Action::Pop, Action::Hand(Box::new(EditorAction::ReadTheirs))],
            Some('n' | 'N' | 'q') => vec![Action::Pop],
            Some('x') => self.glimpse.turn(),
            _ if key.is("esc") => vec![Action::Pop],
            // Letters have another meaning here: k keeps.
            _ if key.is("down") => self.go(self.first.saturating_add(1)),
            _ if key.is("up") => self.go(self.first.saturating_sub(1)),
            _ => Vec::new(),
        }
    }

    fn render(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
        let width = area.width.saturating_sub(8).clamp(20, 100);
        let room = usize::from(width.saturating_sub(4));
        let lines = self.lines(room, scene.theme);
        let keys = [
            "k keep my changes, on top of theirs",
            "r read theirs, my changes are lost",
            "x reveal    esc decide later",
        ];
        let below = u16::try_from(keys.len()).unwrap_or(0).saturating_add(1);
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2).saturating_add(below);
        let inside = panel(frame, centred(area, width, height), &self.title(scene), true, scene.theme);
        let [body, foot] = Layout::vertical([Constraint::Fill(1), Constraint::Length(below)]).areas(inside);
        let more = lines.len().saturating_sub(usize::from(body.height));
        let first = self.first.saturating_mul(ROWS).min(more);
        frame.render_widget(Paragraph::new(lines.into_iter().skip(first).collect::<Vec<_>>()), body);
        let mut keys: Vec<StyledLine<'_>> =
            keys.iter().map(|text| StyledLine::styled(fit(text, room), scene.theme.style(Scope::Key))).collect();
        let head = if more > 0 {
            StyledLine::styled("arrows: more above and below", scene.theme.style(Scope::Dim))
        } else {
            StyledLine::default()
        };
        keys.insert(0, head);
        frame.render_widget(Paragraph::new(keys), foot);
    }
}
