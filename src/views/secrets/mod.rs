//! Every secret of both environments: where it lives in Git, for whom it is encrypted, and whether the cluster has the same values.
//!
//! ```text
//! +> secrets  31  2 differ -----------------------------------------------------------+
//! | staging 13                                                                          |
//! |>= linkding/linkding-container-env   2 keys  staging    enc   2d  same               |
//! | x linkding/linkding-database        2 keys  staging    enc   2d  1 differs          |
//! +-------------------------------------------------------------------------------------+
//! | apps/staging/linkding/linkding-database-secret.yaml  by apps                         |
//! | keys  = username  x password                                                        |
//! | used by StatefulSet/linkding (environment: restart it to see a change)              |
//! +-------------------------------------------------------------------------------------+
//! ```

mod detail;

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Weak};

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

use crate::app::live_secret::{Standing, Use, compare, users};
use crate::app::{Action, Facts, Motion, Scene, Target, Task, View};
use crate::model::clock::age;
use crate::model::{Env, Fault};
use crate::repo::Snapshot;
use crate::repo::secrets::{SecretEntry, secrets};
use crate::theme::Scope;
use crate::views::loaded::Loaded;
use crate::views::page::{Page, PageLine, Slash};
use crate::views::tabs;
use crate::widgets::{fit_end, pad, panel};

/// So many live Secrets are asked for at a time: enough for a slow link, and no burden for a small control plane.
const AT_ONCE: usize = 6;
/// From this width on the file has a column of its own.
const WIDE: u16 = 150;
/// From this width on there is room for keys, recipients and age.
const ROOMY: u16 = 100;

/// Names a row: environment, file, document.
type Key = (String, String, usize);

fn key(entry: &SecretEntry) -> Key {
    (entry.env.clone(), entry.file.clone(), entry.document)
}

/// Lists all secrets.
#[derive(Debug)]
pub struct Secrets {
    rows: Loaded<Vec<SecretEntry>>,
    standing: HashMap<Key, Standing>,
    users: HashMap<Key, Result<Vec<Use>, Fault>>,
    /// What is still to be compared, the next one last.
    waiting: Vec<(Env, SecretEntry)>,
    page: Page,
    /// The repository that the list was made of: a newer one may have others.
    seen: Weak<Snapshot>,
}

/// Answers of the tasks.
enum Answer {
    Listed(Result<Vec<SecretEntry>, Fault>),
    Stands(Key, Standing),
    Used(Key, Result<Vec<Use>, Fault>),
}

impl Default for Secrets {
    fn default() -> Self {
        Self {
            rows: Loaded::default(),
            standing: HashMap::new(),
            users: HashMap::new(),
            waiting: Vec::new(),
            page: Page::new(Slash::Filters).at(1),
            seen: Weak::new(),
        }
    }
}

impl Secrets {
    fn load(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        let Some(snapshot) = scene.facts.repository.clone() else { return Vec::new() };
        self.seen = Arc::downgrade(&snapshot);
        vec![Action::Task(Task::blocking("list the secrets", move |_| Answer::Listed(secrets(&snapshot))))]
    }

    /// Compares every row with the cluster, a few at a time: each answer asks for the next.
    fn compare(&mut self, facts: &Facts) -> Vec<Action> {
        let known = |entry: &SecretEntry| Some((facts.find_environment(&entry.env)?, entry.clone()));
        self.waiting = self.entries().iter().rev().filter_map(known).collect();
        (0..AT_ONCE).filter_map(|_| self.compare_next()).collect()
    }

    fn compare_next(&mut self) -> Option<Action> {
        let (env, entry) = self.waiting.pop()?;
        let label = format!("compare {} with the cluster", entry.title());
        Some(Action::Task(Task::once(label, move |reach| async move {
            Answer::Stands(key(&entry), compare(&reach, env, &entry).await)
        })))
    }

    fn entries(&self) -> &[SecretEntry] {
        self.rows.value.as_deref().unwrap_or_default()
    }

    /// Writes the list; each line with the row that it shows.
    fn lines(&self, scene: &Scene<'_>, width: u16) -> Vec<(PageLine, Option<usize>)> {
        let Some(rows) = &self.rows.value else {
            return self.rows.in_place().into_iter().map(|line| (line, None)).collect();
        };
        if rows.is_empty() {
            let text = "there is no secret in this repository: + makes one, and `fluxdeck secret encrypt FILE` encrypts a plain file";
            return vec![(PageLine::wrapped(text, Scope::Text), None)];
        }
        let title = rows.iter().map(|entry| entry.title().chars().count()).max().unwrap_or(0);
        let title = title.min(usize::from(width) / 2).max(10);
        let mut lines = Vec::new();
        let mut env: Option<&str> = None;
        for (index, entry) in rows.iter().enumerate() {
            if env != Some(&entry.env) {
                env = Some(&entry.env);
                let count = rows.iter().filter(|other| other.env == entry.env).count();
                let name = if entry.env.is_empty() { "read by no environment" } else { &entry.env };
                lines.push((PageLine::heading(format!("{name} {count}")), None));
            }
            lines.push((self.line(entry, scene, title, width), Some(index)));
        }
        lines
    }

    fn line(&self, entry: &SecretEntry, scene: &Scene<'_>, title: usize, width: u16) -> PageLine {
        let standing = self.standing.get(&key(entry));
        let (sign, scope) = match standing.map(Standing::agrees) {
            None => ("~", Scope::Progressing),
            Some(Some(true)) => ("=", Scope::Ready),
            Some(Some(false)) => ("x", Scope::Failed),
            Some(None) => ("?", Scope::Unknown),
        };
        let words = standing.map_or_else(|| "comparing...".to_owned(), Standing::words);
        let whose = whose(entry, scene.facts);
        let age = entry.last_change.as_ref().and_then(|change| change.at).map(|at| age(scene.facts.now, at));
        let sealed = match (entry.encrypted, &entry.problem) {
            (_, Some(_)) => ("BROKEN", Scope::Failed),
            (true, None) => ("enc", Scope::Lock),
            (false, None) => ("PLAIN", Scope::Failed),
        };
        let keys = format!("{} key{}", entry.keys.len(), if entry.keys.len() == 1 { "" } else { "s" });
        let env = scene.facts.find_environment(&entry.env);
        let told = if standing.is_some_and(|one| one.agrees() == Some(false)) { Scope::Failed } else { Scope::Dim };
        let line = match width {
            WIDE.. => PageLine::cut(format!("{}  {}", pad(&words, 24), entry.file), told),
            _ => PageLine::cut(words, told),
        };
        let age = age.unwrap_or_else(|| "new".to_owned());
        let line = if width < ROOMY { line } else { line.after(format!("{}  ", pad(&age, 5)), Scope::Dim) };
        let line = line.after(format!("{} ", pad(sealed.0, 6)), sealed.1);
        let more = format!("{}  {}  ", pad(&keys, 8), pad(&whose, 12));
        let line = if width < ROOMY { line } else { line.after(more, Scope::Dim) };
        line.after(format!("{}  ", pad(&fit_end(&entry.title(), title), title)), Scope::Text)
            .after(format!("{sign} "), scope)
            .opens(Some(Target::File(env, entry.file.clone())))
    }

    fn selected<'a>(&'a self, lines: &[(PageLine, Option<usize>)]) -> Option<&'a SecretEntry> {
        let page: Vec<PageLine> = lines.iter().map(|(line, _)| line.clone()).collect();
        let (_, row) = lines.get(self.page.index(&page)?)?;
        self.entries().get((*row)?)
    }

    /// Asks once who uses the selected secret.
    fn ask_users(&self, scene: &Scene<'_>) -> Vec<Action> {
        let lines = self.lines(scene, WIDE);
        let Some(entry) = self.selected(&lines).filter(|entry| entry.is_object()) else { return Vec::new() };
        let Some(env) = scene.facts.find_environment(&entry.env) else { return Vec::new() };
        let wanted = key(entry);
        if self.users.contains_key(&wanted) {
            return Vec::new();
        }
        let (namespace, name) = (entry.namespace.clone(), entry.name.clone());
        vec![Action::Task(Task::once(format!("who uses {name}"), move |reach| async move {
            let found = match reach.cluster(env) {
                Ok(cluster) => users(&cluster, &namespace, &name).await,
                Err(fault) => Err(fault),
            };
            Answer::Used(wanted, found)
        }))]
    }

    fn heading(&self) -> String {
        let rows = self.entries();
        let known = rows.iter().filter(|entry| self.standing.contains_key(&key(entry))).count();
        let differ = self.standing.values().filter(|standing| standing.agrees() == Some(false)).count();
        let plain = rows.iter().filter(|entry| !entry.encrypted).count();
        let parts = [
            (differ > 0).then(|| format!("{differ} not as in Git")),
            (plain > 0).then(|| format!("{plain} PLAIN")),
            (known < rows.len()).then(|| format!("comparing {known} of {}", rows.len())),
        ];
        let title = std::iter::once(format!("secrets  {}", rows.len())).chain(parts.into_iter().flatten());
        title.collect::<Vec<_>>().join("  ")
    }
}

/// Names the environments whose keys open a file, else how many recipients there are.
fn whose(entry: &SecretEntry, facts: &Facts) -> String {
    let mut names: Vec<&str> = Vec::new();
    let mut others = 0_usize;
    for recipient in &entry.recipients {
        match facts.environments.iter().find(|(_, known)| known.recipients.contains(recipient)) {
            Some((_, known)) if !names.contains(&known.name.as_str()) => names.push(&known.name),
            Some(_) => {}
            None => others = others.saturating_add(1),
        }
    }
    match (names.is_empty(), others) {
        (true, 0) => "-".to_owned(),
        (true, others) => format!("{others} unknown"),
        (false, 0) => names.join(","),
        (false, others) => format!("{} +{others}", names.join(",")),
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
        if current.ptr_eq(&self.seen) { Vec::new() } else { self.load(scene) }
    }

    fn rested(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        self.ask_users(scene)
    }

    fn reply(&mut self, payload: Box<dyn Any + Send>, scene: &Scene<'_>) -> Vec<Action> {
        let Ok(answer) = payload.downcast::<Answer>() else { return Vec::new() };
        match *answer {
            Answer::Listed(list) => {
                // The environments stand in the order in which they stand everywhere.
                let place =
                    |entry: &SecretEntry| scene.facts.find_environment(&entry.env).map_or(usize::MAX, Env::index);
                let sorted = list.map(|mut rows| {
                    rows.sort_by_key(place);
                    Some(rows)
                });
                self.rows.take(sorted);
                let mut actions = self.compare(scene.facts);
                actions.extend(self.ask_users(scene));
                actions
            }
            Answer::Stands(key, standing) => {
                self.standing.insert(key, standing);
                self.compare_next().into_iter().collect()
            }
            Answer::Used(key, found) => {
                self.users.insert(key, found);
                Vec::new()
            }
        }
    }

    fn motion(&mut self, motion: Motion, scene: &Scene<'_>) -> Option<Vec<Action>> {
        if motion == Motion::Redraw {
            self.users.clear();
            let mut actions = self.load(scene);
            actions.push(Action::Redraw);
            return Some(actions);
        }
        let lines: Vec<PageLine> = self.lines(scene, WIDE).into_iter().map(|(line, _)| line).collect();
        if motion == Motion::Open {
            let link = self.page.current(&lines).and_then(PageLine::link).cloned();
            return Some(link.into_iter().filter_map(|target| tabs::open(target, scene)).collect());
        }
        self.page.motion(motion, &lines).then(Vec::new)
    }

    fn targets(&self, scene: &Scene<'_>) -> Vec<Target> {
        let lines: Vec<PageLine> = self.lines(scene, WIDE).into_iter().map(|(line, _)| line).collect();
        self.page.current(&lines).and_then(PageLine::link).cloned().into_iter().collect()
    }

    fn filter(&mut self, text: &str, scene: &Scene<'_>) -> bool {
        let lines: Vec<PageLine> = self.lines(scene, WIDE).into_iter().map(|(line, _)| line).collect();
        self.page.search(text, &lines);
        true
    }

    fn render(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
        let lines = self.lines(scene, area.width);
        let detail = self.selected(&lines).map(|entry| self.detail(entry, scene, area.width.saturating_sub(2)));
        let rows = detail.as_ref().map_or(0, |detail| u16::try_from(detail.len()).unwrap_or(0).saturating_add(2));
        let rows = rows.min(area.height / 2);
        let [above, below] = Layout::vertical([Constraint::Min(3), Constraint::Length(rows)]).areas(area);
        let page: Vec<PageLine> = lines.into_iter().map(|(line, _)| line).collect();
        let title = self.heading() + &tabs::found(self.page.found(&page));
        let inside = panel(frame, above, &title, scene.focus, scene.theme);
        self.page.render(frame, inside, &page, scene.theme);
        if let Some(detail) = detail {
            detail::render(frame, below, &detail, scene);
        }
    }
}
