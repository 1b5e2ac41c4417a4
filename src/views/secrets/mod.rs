//! Every secret, the environments side by side: its recipients, and whether the cluster has the same values.
//!
//! ```text
//! +> secrets  18  1 not as in Git ----------------------------------------------------+
//! |   OBJECT                            staging 13             >production 18           |
//! |   linkding/linkding-container-env    = same       enc  2d  >= same       enc  2d   |
//! |   linkding/linkding-database         x 1 differs  enc  2d   = same       enc  2d   |
//! +-------------------------------------------------------------------------------------+
//! | file    apps/production/linkding/linkding-container-env-secret.yaml  by apps         |
//! | keys    = username  = password                                                      |
//! | used by Deployment/linkding (environment: restart it to see a change)               |
//! +-------------------------------------------------------------------------------------+
//! ```

mod board;
mod cell;
mod detail;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Weak};

use crate::widgets::Paragraph;
use crate::widgets::StyledLine as Text;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

use self::board::{Line, board};
use crate::app::motion::step;
use crate::app::{Action, CommandTarget, Facts, Motion, MotionHint, Notice, Scene, Task, View};
use crate::kinds;
use crate::model::{Env, Fault, State, work};
use crate::repo::Snapshot;
use crate::repo::secrets::{Sealing, SecretEntry, secrets};
use crate::repo::users::{Use, declared};
use crate::theme::Scope;
use crate::views::parts::kept::Kept;
use crate::views::parts::loaded::Loaded;
use crate::views::parts::tabs;
use crate::widgets::{Scroll, lines, panel, wrap};
use crate::workflows::live_secret::{SyncState, compare, users};
use crate::workflows::secret_progress::{CommitQuestion, SecretProgress};

/// The number of live Secrets that are queried at the same time: enough for a slow link, and no burden for a small
/// control plane.
const AT_ONCE: usize = 6;

/// Names an entry: environment, file, document.
type Key = (String, String, usize);

fn key(entry: &SecretEntry) -> Key {
    (entry.env.clone(), entry.file.clone(), entry.document)
}

/// Lists all secrets.
#[derive(Debug, Default)]
pub struct Secrets {
    rows: Loaded<Vec<SecretEntry>>,
    board: Vec<Line>,
    /// The column for keys: an environment's place.
    column: usize,
    /// The selected line's place among the shown ones, and its identity: a key must not act on the line that took its
    /// place.
    row: usize,
    identity: Option<String>,
    filter: String,
    scroll: Scroll,
    sync_state: HashMap<Key, SyncState>,
    /// The progress of the changes whose Secrets differ between cluster and Git.
    progresses: HashMap<Key, SecretProgress>,
    users: HashMap<Key, Users>,
    /// The entries still to be compared, the next one last.
    waiting: Vec<(Env, SecretEntry)>,
    /// The repository of the list: a newer one may have other secrets.
    seen: Weak<Snapshot>,
    /// The entries that their environment cannot open.
    foreign: BTreeSet<Key>,
    /// The revision and state of each Kustomization when its secrets were compared.
    applied: HashMap<(Env, String), (String, State)>,
    /// The lines that the filter leaves, by their places, and the heading: until any input of them changes.
    shown: Kept<(), Vec<usize>>,
    heading: Kept<(), String>,
}

/// Holds the lines that a filter leaves.
struct ShownLines<'a> {
    board: &'a [Line],
    places: Arc<Vec<usize>>,
}

impl<'a> ShownLines<'a> {
    fn len(&self) -> usize {
        self.places.len()
    }

    fn get(&self, index: usize) -> Option<&'a Line> {
        work::count(1);
        self.board.get(*self.places.get(index)?)
    }
}

/// The users of a secret, and the fault if only the manifests could be searched.
#[derive(Debug)]
struct Users {
    found: Vec<Use>,
    fault: Option<Fault>,
}

/// Answers of the tasks.
enum Answer {
    Listed(Result<Vec<SecretEntry>, Fault>),
    Stands(Key, SyncState),
    Travels(Key, Result<SecretProgress, Fault>),
    Used(Key, Users),
}

impl Secrets {
    /// Opens the list with the column of an environment selected.
    pub fn new(env: Env) -> Self {
        Self { column: env.index(), ..Self::default() }
    }

    fn load(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        let Some(snapshot) = scene.facts.repository.clone() else { return Vec::new() };
        self.seen = Arc::downgrade(&snapshot);
        vec![Action::Task(Task::blocking("list the secrets", move |_| Answer::Listed(secrets(&snapshot))))]
    }

    fn take(&mut self, list: Result<Vec<SecretEntry>, Fault>, facts: &Facts) {
        self.rows.take(list.map(Some));
        self.foreign = self.entries().iter().filter(|entry| cell::is_for_another(entry, facts)).map(key).collect();
        let names: Vec<String> = facts.environments.iter().map(|(_, known)| known.name.clone()).collect();
        self.board = board(self.entries(), &names, |name| facts.find_environment(name));
        self.settle();
    }

    /// Compares entries with the cluster, a few at a time: each answer starts the next.
    fn compare(&mut self, facts: &Facts, wanted: impl Fn(Env, &SecretEntry) -> bool) -> Vec<Action> {
        let known = |entry: &SecretEntry| Some((facts.find_environment(&entry.env)?, entry.clone()));
        let mut found: Vec<(Env, SecretEntry)> = self.entries().iter().rev().filter_map(known).collect();
        found.retain(|(env, entry)| wanted(*env, entry));
        // Running comparisons start the next ones themselves.
        let running = if self.waiting.is_empty() { 0 } else { AT_ONCE };
        self.waiting.retain(|(_, entry)| !found.iter().any(|(_, other)| key(other) == key(entry)));
        self.waiting.extend(found);
        (running..AT_ONCE).filter_map(|_| self.compare_next()).collect()
    }

    fn compare_next(&mut self) -> Option<Action> {
        let (env, entry) = self.waiting.pop()?;
        let label = format!("compare {} with the cluster", entry.title());
        Some(Action::Task(Task::once(label, move |task_context| async move {
            Answer::Stands(key(&entry), compare(&task_context, env, &entry).await)
        })))
    }

    /// Takes the state of an entry; if the cluster differs from Git, git is queried for the progress of the change.
    fn stands(&mut self, key: Key, sync_state: SyncState, facts: &Facts) -> Vec<Action> {
        let mut actions: Vec<Action> = self.compare_next().into_iter().collect();
        self.progresses.remove(&key);
        if sync_state.agrees() == Some(false)
            && let Some(question) = CommitQuestion::new(facts, &key.1)
        {
            let wanted = key.clone();
            let label = format!("how far {} has come", key.1);
            actions.push(Action::Task(Task::blocking(label, move |_| Answer::Travels(wanted, question.answer()))));
        }
        self.sync_state.insert(key, sync_state);
        actions
    }

    /// Compares the secrets of a Kustomization again once its revision or state has changed.
    fn follow(&mut self, facts: &Facts) -> Vec<Action> {
        let mut settled = BTreeSet::new();
        for (env, _) in facts.environments.iter() {
            let Some(table) = facts.table(env, kinds::KUSTOMIZATION) else { continue };
            for row in &table.rows {
                let Some(flux) = &row.flux else { continue };
                let name = (env, row.key.name.to_string());
                let now = (flux.revision.clone(), row.state);
                let before = self.applied.insert(name.clone(), now.clone());
                if before.is_some_and(|before| before != now) && row.state != State::Progressing {
                    settled.insert(name);
                }
            }
        }
        if settled.is_empty() || self.rows.value.is_none() {
            return Vec::new();
        }
        self.compare(facts, |env, entry| {
            entry.kustomization.as_ref().is_some_and(|name| settled.contains(&(env, name.clone())))
        })
    }

    fn entries(&self) -> &[SecretEntry] {
        self.rows.value.as_deref().unwrap_or_default()
    }

    /// Returns the lines that the filter leaves.
    fn shown(&self) -> ShownLines<'_> {
        ShownLines { board: &self.board, places: self.shown.get_or_make((), || self.places()) }
    }

    /// Builds the shown lines again at the next drawing.
    fn forget_shown(&self) {
        self.shown.forget();
        self.heading.forget();
    }

    fn places(&self) -> Vec<usize> {
        work::count(self.board.len());
        let wanted = self.filter.to_lowercase();
        let holds = |text: &str| text.to_lowercase().contains(&wanted);
        let matches = |line: &Line| {
            let entries = line.cells.iter().copied().flatten().chain(line.unread);
            let mut entries = entries.filter_map(|index| self.entries().get(index));
            holds(&line.title)
                || entries.any(|entry| {
                    holds(&entry.file)
                        || entry.keys.iter().any(|key| holds(key))
                        || holds(cell::sealing(entry).0)
                        || self.sync_state.get(&key(entry)).is_some_and(|sync_state| holds(&sync_state.description()))
                })
        };
        let mut places: Vec<usize> =
            self.board.iter().enumerate().filter(|(_, line)| matches(line)).map(|(place, _)| place).collect();
        // Faulty entries come first; equal ones stay sorted by title.
        places.sort_by_key(|place| self.board.get(*place).is_some_and(|line| !self.wants_a_look(line)));
        places
    }

    /// Tells whether an entry has a fault: in the cluster, or in the file.
    fn is_wrong(&self, entry: &SecretEntry) -> bool {
        matches!(entry.sealing(), Sealing::Plain | Sealing::Part | Sealing::Broken)
            || self.foreign.contains(&key(entry))
            || self.sync_state.get(&key(entry)).is_some_and(|sync_state| sync_state.agrees() == Some(false))
    }

    fn wants_a_look(&self, line: &Line) -> bool {
        let entries = line.cells.iter().copied().flatten().chain(line.unread);
        entries.filter_map(|index| self.entries().get(index)).any(|entry| self.is_wrong(entry))
    }

    /// Goes to the next entry with a fault, or the one before, with the first after the last.
    fn go_to_wrong(&mut self, forward: bool, scene: &Scene<'_>) -> Vec<Action> {
        let shown = self.shown();
        let columns = scene.facts.environments.len().max(1);
        let is_wrong = |row: usize, column: usize| {
            let entry = shown.get(row).and_then(|line| line.entry(column)).and_then(|index| self.entries().get(index));
            entry.is_some_and(|entry| self.is_wrong(entry))
        };
        let count = shown.len() * columns;
        let here = self.row * columns + self.column.min(columns - 1);
        let next = (1..=count).map(|by| if forward { (here + by) % count } else { (here + count - by) % count });
        // An entry that no environment reads is in every column of its line.
        let next = next
            .filter(|cell| shown.get(cell / columns).is_none_or(|line| line.unread.is_none() || cell % columns == 0));
        let found = next.into_iter().find(|cell| is_wrong(cell / columns, cell % columns));
        let Some(cell) = found else {
            return vec![Action::Tell(Notice::info(
                scene.facts.now,
                "every secret that is shown is as in Git, and encrypted",
            ))];
        };
        let identity = shown.get(cell / columns).map(|line| line.identity.clone());
        (self.row, self.column, self.identity) = (cell / columns, cell % columns, identity);
        Vec::new()
    }

    /// Stays on its line while others come and go.
    fn settle(&mut self) {
        self.forget_shown();
        let shown = self.shown();
        let is_it =
            |index: &usize| shown.get(*index).is_some_and(|line| Some(&line.identity) == self.identity.as_ref());
        let place = self.identity.as_ref().and_then(|_| (0..shown.len()).find(is_it));
        let row = place.unwrap_or(self.row).min(shown.len().saturating_sub(1));
        // The first line is selected before any key, and stays selected wherever it moves.
        let identity = shown.get(row).map(|line| line.identity.clone());
        (self.row, self.identity) = (row, identity);
    }

    fn selected(&self) -> Option<&SecretEntry> {
        let line = self.shown().get(self.row)?;
        self.entries().get(line.entry(self.column)?)
    }

    /// Requests the users of the selected secret once: from the cluster, else from the manifests.
    fn ask_users(&self, scene: &Scene<'_>) -> Vec<Action> {
        let Some(entry) = self.selected().filter(|entry| entry.is_object()) else { return Vec::new() };
        let (Some(env), Some(snapshot)) = (scene.facts.find_environment(&entry.env), scene.facts.repository.clone())
        else {
            return Vec::new();
        };
        let wanted = key(entry);
        if self.users.contains_key(&wanted) {
            return Vec::new();
        }
        let (namespace, name) = (entry.namespace.clone(), entry.name.clone());
        vec![Action::Task(Task::once(format!("who uses {name}"), move |task_context| async move {
            let live = match task_context.cluster(env) {
                Ok(cluster) => users(&cluster, &namespace, &name).await,
                Err(fault) => Err(fault),
            };
            let environment = wanted.0.clone();
            let users = match live {
                Ok(found) => Users { found, fault: None },
                Err(fault) => {
                    let found = task_context.away(move || declared(&snapshot, &environment, &namespace, &name)).await;
                    Users { found: found.unwrap_or_default(), fault: Some(fault) }
                }
            };
            Answer::Used(wanted, users)
        }))]
    }

    fn take_answer(&mut self, answer: Answer, scene: &Scene<'_>) -> Vec<Action> {
        match answer {
            Answer::Listed(list) => {
                self.take(list, scene.facts);
                let mut actions = self.compare(scene.facts, |_, _| true);
                actions.extend(self.ask_users(scene));
                actions
            }
            Answer::Stands(key, sync_state) => self.stands(key, sync_state, scene.facts),
            Answer::Travels(key, progress) => {
                // Without git's answer the difference itself is still shown.
                self.progresses.extend(progress.ok().map(|progress| (key, progress)));
                Vec::new()
            }
            Answer::Used(key, users) => {
                self.users.insert(key, users);
                Vec::new()
            }
        }
    }

    fn heading(&self) -> Arc<String> {
        self.heading.get_or_make((), || self.written_heading())
    }

    fn written_heading(&self) -> String {
        let rows = self.entries();
        work::count(rows.len());
        let known = rows.iter().filter(|entry| self.sync_state.contains_key(&key(entry))).count();
        let to_compare = rows.iter().filter(|entry| !entry.env.is_empty()).count();
        let differ = self.sync_state.values().filter(|sync_state| sync_state.agrees() == Some(false)).count();
        let plain = rows.iter().filter(|entry| matches!(entry.sealing(), Sealing::Plain | Sealing::Part)).count();
        let parts = [
            (differ > 0).then(|| format!("{differ} not as in Git")),
            (plain > 0).then(|| format!("{plain} PLAIN")),
            (known < to_compare).then(|| format!("comparing {known} of {to_compare}")),
        ];
        let title = std::iter::once(format!("secrets  {}", rows.len())).chain(parts.into_iter().flatten());
        title.collect::<Vec<_>>().join("  ")
    }

    /// Explains why there is no line, and the remedy.
    fn empty(&self, facts: &Facts) -> Option<(String, Scope)> {
        let Some(rows) = &self.rows.value else {
            return Some(match self.rows.fault.as_ref().or(facts.repository_fault.as_ref()) {
                Some(fault) => {
                    (format!("{}: {}. {}; ‹key:redraw› tries again", fault.what, fault.why, fault.todo), Scope::Error)
                }
                None => ("looking...".to_owned(), Scope::Dim),
            });
        };
        if rows.is_empty() {
            let text = "there is no secret in this repository: ‹key:secret-form› makes one, and `fluxdeck secret encrypt FILE` encrypts a plain file";
            return Some((text.to_owned(), Scope::Text));
        }
        let text = format!("nothing matches `{}`; ‹key:back› shows all again", self.filter);
        (self.shown().len() == 0).then_some((text, Scope::Text))
    }
}

impl View for Secrets {
    fn id(&self) -> &'static str {
        "secrets"
    }

    fn title(&self, _scene: &Scene<'_>) -> String {
        "secrets".to_owned()
    }

    fn opened(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        self.load(scene)
    }

    fn changed(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        let current = scene.facts.repository.as_ref().map(Arc::downgrade).unwrap_or_default();
        let mut actions = self.follow(scene.facts);
        if !current.ptr_eq(&self.seen) {
            actions.extend(self.load(scene));
        }
        actions
    }

    fn rested(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        self.ask_users(scene)
    }

    fn reply(&mut self, payload: Box<dyn Any + Send>, scene: &Scene<'_>) -> Vec<Action> {
        let Ok(answer) = payload.downcast::<Answer>() else { return Vec::new() };
        let actions = self.take_answer(*answer, scene);
        self.settle();
        actions
    }

    fn motion(&mut self, motion: Motion, scene: &Scene<'_>) -> Option<Vec<Action>> {
        let columns = scene.facts.environments.len().max(1);
        match motion {
            Motion::Redraw => {
                self.users.clear();
                let mut actions = self.load(scene);
                actions.push(Action::Redraw);
                return Some(actions);
            }
            Motion::Open => {
                return Some(self.targets(scene).into_iter().filter_map(|target| tabs::open(target, scene)).collect());
            }
            Motion::NextMatch | Motion::PreviousMatch => {
                return Some(self.go_to_wrong(motion == Motion::NextMatch, scene));
            }
            Motion::Left => self.column = self.column.saturating_sub(1),
            Motion::Right => self.column = (self.column + 1).min(columns - 1),
            Motion::NextPanel | Motion::NextEnvironment => self.column = (self.column + 1) % columns,
            Motion::PreviousPanel | Motion::PreviousEnvironment => self.column = (self.column + columns - 1) % columns,
            // The numbers are those of home, where the first panel is the tree: one number is one environment on every
            // screen.
            Motion::Panel(number) => {
                let column = usize::from(number).checked_sub(2).filter(|column| *column < columns);
                self.column = column.unwrap_or(self.column);
            }
            _ => {
                let shown = self.shown();
                let row = step(self.row, shown.len(), self.scroll.page(), motion)?;
                let identity = shown.get(row).map(|line| line.identity.clone());
                (self.row, self.identity) = (row, identity);
            }
        }
        Some(Vec::new())
    }

    fn env(&self, _scene: &Scene<'_>) -> Option<Env> {
        u8::try_from(self.column).ok().map(Env)
    }

    fn targets(&self, scene: &Scene<'_>) -> Vec<CommandTarget> {
        let target =
            |entry: &SecretEntry| CommandTarget::File(scene.facts.find_environment(&entry.env), entry.file.clone());
        self.selected().map(target).into_iter().collect()
    }

    fn motions(&self) -> &'static [MotionHint] {
        const WRONG: MotionHint = MotionHint { motions: &[Motion::NextMatch], what: "next that differs" };
        if self.entries().iter().any(|entry| self.is_wrong(entry)) {
            &[WRONG, MotionHint::ENVIRONMENT]
        } else {
            &[MotionHint::ENVIRONMENT]
        }
    }

    fn refusal(&self, command: &str, scene: &Scene<'_>) -> Option<String> {
        if !matches!(command, "open" | "secret-encrypt-selected") {
            return None;
        }
        let Some(entry) = self.selected() else { return Some("no secret is selected".to_owned()) };
        let scan = scene.facts.repository.as_ref().map(|snapshot| &snapshot.scan);
        let is_encrypted = scan.and_then(|scan| scan.get(&entry.file)).is_some_and(|file| file.lock.is_some());
        (is_encrypted && command != "open").then(|| format!("{} is encrypted", entry.file))
    }

    fn filter(&mut self, text: &str, _scene: &Scene<'_>) -> bool {
        text.clone_into(&mut self.filter);
        self.settle();
        true
    }

    fn filtered(&self, _scene: &Scene<'_>) -> Option<(usize, usize)> {
        (!self.filter.is_empty()).then(|| (self.shown().len(), self.board.len()))
    }

    fn render(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
        let detail = self.detail(scene, area.width.saturating_sub(2));
        let rows = u16::try_from(detail.len()).unwrap_or(0).saturating_add(2);
        let rows = if detail.is_empty() { 0 } else { rows.min(area.height / 2) };
        let [above, below] = Layout::vertical([Constraint::Min(3), Constraint::Length(rows)]).areas(area);
        let inside = panel(frame, above, &self.heading(), scene.focus, scene.theme);
        if let Some((text, scope)) = self.empty(scene.facts) {
            let style = scene.theme.style(scope);
            let wrapped = wrap(&text, usize::from(inside.width)).into_iter().map(|line| Text::styled(line, style));
            frame.render_widget(Paragraph::new(wrapped.collect::<Vec<_>>()), inside);
            return;
        }
        let [head, body] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(inside);
        let shown = self.shown();
        let columns = self.columns(inside.width, scene.facts);
        frame.render_widget(self.head(&columns, scene), head);
        lines(frame, body, &self.scroll, self.row, shown.len(), |index, selected| {
            shown.get(index).map_or_else(Text::default, |line| self.line(line, selected, &columns, scene))
        });
        detail::render(frame, below, &detail, scene);
    }
}
