//! What to do when somebody else changed the file while it is open: read it anew, or keep one's own changes on top of theirs.
//!
//! ```text
//! +> secret.yaml was changed by somebody else ---------------------+
//! |   stringData.PASSWORD   changed by you                         |
//! |   stringData.TOKEN      changed by them                        |
//! |                                                                |
//! | k keep my changes on top of theirs    r read theirs, drop mine |
//! +----------------------------------------------------------------+
//! ```

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

use super::document::{Document, shown};
use super::{Do, SecretView, State, tell};
use crate::app::{Action, Key, Notice, Scene, Task, View};
use crate::model::{Fault, FaultKind};
use crate::secret::Secret;
use crate::sops::{self, Change, Changed, IdentitySources, Locked, Path, Unlocked};
use crate::theme::Scope;
use crate::widgets::{centred, fit, pad, panel};

/// More paths than this are counted rather than listed.
const LISTED: usize = 12;

/// The answer of the task that looks whether the file is still as it was opened; `None` when it is.
pub(super) struct Looked(Option<Result<Unlocked, Box<Locked>>>);

impl SecretView {
    /// Looks whether the file on the disk is still what was opened.
    pub(super) fn look(&self, scene: &Scene<'_>) -> Vec<Action> {
        let Some(document) = self.document().filter(|_| !self.saving) else { return Vec::new() };
        let (opened, file, env) = (document.share(), self.file.clone(), self.env);
        let name = env.map(|env| scene.facts.name(env).to_owned());
        vec![Action::Task(Task::blocking(format!("look at {file}"), move |reach| {
            let Ok(path) = reach.file(&file) else { return Looked(None) };
            // A file that is gone is told when it is saved: what is open is all that there is of it.
            match std::fs::read_to_string(&path) {
                Ok(text) if text != opened.file().text() => {}
                _ => return Looked(None),
            }
            let sources: Vec<_> = reach.identities.of(env).iter().map(IdentitySources::quietly).collect();
            Looked(Some(sops::unlock(&path, &file, name.as_deref(), &sources)))
        }))]
    }

    /// Takes what somebody else made of the file: at once where nothing of one's own would be lost, else once the operator decides.
    pub(super) fn looked(&mut self, Looked(found): Looked, scene: &Scene<'_>) -> Vec<Action> {
        let Some(found) = found.filter(|_| !self.saving) else { return Vec::new() };
        match found {
            Err(locked) => {
                let Fault { kind, why, .. } = locked.fault;
                let what = format!("{} was changed by somebody else and cannot be opened any more", self.file);
                let fault = Fault::new(kind, what, why, "what is shown is how it was before; look at it with git diff");
                vec![Action::Tell(Notice::fault(scene.facts.now, fault))]
            }
            Ok(unlocked) => {
                self.theirs = Some(Box::new(Document::new(unlocked)));
                if self.editing.is_none() && self.document().is_some_and(|document| document.changes().is_empty()) {
                    return self.read_theirs(scene);
                }
                // No question opens by itself: the next key was meant for something else.
                let fault = Fault::new(
                    FaultKind::Refused,
                    format!("{} was changed by somebody else", self.file),
                    "your changes are kept here and are not saved",
                    "S compares both, and asks which to keep",
                );
                vec![Action::Tell(Notice::fault(scene.facts.now, fault))]
            }
        }
    }

    /// Asks what to do about the other's changes.
    pub(super) fn compare(&self) -> Option<Action> {
        let (mine, theirs) = (self.document()?, self.theirs.as_ref()?);
        let question = Theirs { file: self.file.clone(), rows: rows(mine, theirs) };
        Some(Action::Push(Box::new(question)))
    }

    /// Goes on with the other's file; one's own changes are dropped.
    pub(super) fn read_theirs(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        let Some(theirs) = self.theirs.take() else { return Vec::new() };
        self.state = State::Open(theirs);
        self.revealed.clear();
        self.awake = None;
        let mut actions = tell(scene, "the file was changed by somebody else, and was read anew");
        actions.push(Action::Redraw);
        actions
    }

    /// Puts one's own changes on top of the other's file. Where one of them has no place there, nothing is done.
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
            // Asked anew from what the file holds, without the half of our changes.
            let mut actions = self.look(scene);
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

/// Makes one of one's own changes in the other's file.
fn put(mine: &Document, theirs: &mut Document, file: &str, change: &Change) -> Result<(), Fault> {
    let Change { document, path, what } = change;
    let place = |theirs: &Document, path: &Path| {
        let found = theirs.entries().iter().position(|other| other.document == *document && other.path == *path);
        found.ok_or_else(|| {
            Fault::new(
                FaultKind::Refused,
                format!("{path} is not there any more"),
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

/// Says for each path where both differ who changed it.
fn rows(mine: &Document, theirs: &Document) -> Vec<(String, &'static str)> {
    let same = |one: &sops::Entry, other: &sops::Entry| one.document == other.document && one.path == other.path;
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
        rows.push((entry.path.to_string(), word));
    }
    let added = theirs.entries().iter().filter(|entry| !mine.entries().iter().any(|one| same(one, entry)));
    rows.extend(added.map(|entry| {
        let is_it = |change: &&Change| {
            let Change { document, path, what } = change;
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
        (entry.path.to_string(), word)
    }));
    rows
}

/// Asks whose changes to keep, with the paths of what differs and never a value.
#[derive(Debug)]
struct Theirs {
    file: String,
    rows: Vec<(String, &'static str)>,
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

    fn takes_text(&self) -> bool {
        true
    }

    fn text(&mut self, key: Key, _scene: &Scene<'_>) -> Vec<Action> {
        match key.typed() {
            Some('k' | 'K') => vec![Action::Pop, Action::Hand(Box::new(Do::KeepMine))],
            Some('r' | 'R') => vec![Action::Pop, Action::Hand(Box::new(Do::ReadTheirs))],
            Some('n' | 'N' | 'q') => vec![Action::Pop],
            _ if key.is("esc") => vec![Action::Pop],
            _ => Vec::new(),
        }
    }

    fn render(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
        let width = area.width.saturating_sub(8).clamp(20, 90);
        let room = usize::from(width.saturating_sub(4));
        let paths = self.rows.iter().map(|(path, _)| path.chars().count()).max().unwrap_or(0).min(room / 2);
        let mut lines: Vec<Line<'_>> = self
            .rows
            .iter()
            .take(LISTED)
            .map(|(path, word)| Line::from(fit(&format!("  {}  {word}", pad(&fit(path, paths), paths)), room)))
            .collect();
        if self.rows.is_empty() {
            lines.push(Line::from("  no value differs: comments or the order do"));
        }
        if let Some(more) = self.rows.len().checked_sub(LISTED).filter(|more| *more > 0) {
            lines.push(Line::from(format!("  and {more} more")));
        }
        lines.push(Line::default());
        for keys in ["k keep my changes, on top of theirs", "r read theirs, my changes are lost", "esc decide later"] {
            lines.push(Line::styled(fit(keys, room), scene.theme.style(Scope::Key)));
        }
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2);
        let inside = panel(frame, centred(area, width, height), &self.title(scene), true, scene.theme);
        frame.render_widget(Paragraph::new(lines), inside);
    }
}
