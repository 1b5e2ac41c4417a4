//! What is made of the whole repository away from the loop, and shown as a page: findings, impact, environments compared.
//!
//! ```text
//! +> what is wrong in the repository: 1 error, 3 warnings -------------------------+
//! | apps/production/app.yaml                                                        |
//! |>  x 12  its pods need the Secret app-env, and nothing makes it in app           |
//! |         to do: add it to the overlay of this environment                        |
//! +----------------------------------------------------------------------------------+
//! ```

pub mod compare;
pub mod documents;
pub mod findings;
pub mod history;
pub mod impact;

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::parts::loaded::Loaded;
use super::parts::tabs;
use crate::app::{Action, CommandTarget, Facts, Motion, Scene, Task};
use crate::model::{Env, Fault, LiveFacts};
use crate::render::{Renderer, Rendering, Stop, Worker};
use crate::repo::Snapshot;
use crate::views::parts::page::{Page, PageLine, SearchKey, SharedLines};
use crate::views::parts::paged::Paged;

/// Describes a report.
#[derive(Debug)]
pub struct ReportKind {
    /// The view's id.
    pub id: &'static str,
    /// What it is about, for its title.
    pub title: &'static str,
    /// Makes it; runs where it may take long.
    pub make: fn(&ReportInput) -> Result<BuiltReport, Fault>,
}

/// The commits that the Kustomizations of each environment have applied.
pub type Applied = Vec<(Env, BTreeSet<String>)>;

/// Holds what a report is made of.
pub struct ReportInput {
    /// The repository.
    pub snapshot: Arc<Snapshot>,
    /// The environments with their names.
    pub environments: Vec<(Env, String)>,
    /// The environment that it begins in, where it shows one before others.
    pub begins: Option<Env>,
    /// What is applied where.
    pub applied: Applied,
    /// What the clusters say of themselves.
    pub live: BTreeMap<String, LiveFacts>,
    /// What it is about, where it is about one thing.
    pub about: Option<CommandTarget>,
    /// What renders.
    pub renderer: Worker,
    /// Tells when nobody waits for the report any more.
    pub stop: Stop,
}

/// Holds a report that was made.
#[derive(Debug)]
pub struct BuiltReport {
    /// What stands behind the title, such as a count.
    pub summary: String,
    /// The lines; a report without any says so in one.
    pub lines: SharedLines,
}

impl ReportInput {
    /// Renders the repository, with what was rendered before kept.
    ///
    /// # Errors
    /// Fails when nothing renders.
    pub fn rendering(&self) -> Result<Rendering, Fault> {
        self.rendered(|renderer| renderer.render(&self.snapshot))
    }

    /// Does something with the renderer, until nobody waits for the report any more.
    ///
    /// # Errors
    /// Fails as the deed does, and when it was given up.
    pub fn rendered<T>(&self, deed: impl FnOnce(&mut Renderer) -> Result<T, Fault>) -> Result<T, Fault> {
        self.renderer.until(&self.stop, deed)
    }

    /// Finds an environment by its name.
    pub fn env(&self, name: &str) -> Option<Env> {
        self.environments.iter().find(|(_, known)| known == name).map(|(env, _)| *env)
    }
}

/// Holds what is known when a report is made; when that changes, it is made anew.
#[derive(Debug, Clone)]
struct Known {
    snapshot: Arc<Snapshot>,
    applied: Applied,
    live: BTreeMap<String, LiveFacts>,
}

impl Known {
    fn from_facts(facts: &Facts) -> Option<Self> {
        let snapshot = facts.repository.clone()?;
        let live = facts.survey.as_ref().map(|survey| survey.live.clone()).unwrap_or_default();
        Some(Self { snapshot, applied: applied(facts), live })
    }

    fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.snapshot, &other.snapshot) && self.applied == other.applied && self.live == other.live
    }
}

/// Shows a report, made anew when the repository changes.
#[derive(Debug)]
pub struct Reports {
    report: &'static ReportKind,
    about: Option<CommandTarget>,
    begins: Option<Env>,
    page: Page,
    made: Loaded<BuiltReport>,
    /// What it was asked for last.
    asked: Option<Known>,
}

impl Reports {
    /// Opens a report about one thing.
    pub fn about(report: &'static ReportKind, target: CommandTarget) -> Self {
        Self { about: Some(target), ..Self::new(report) }
    }

    /// Begins in an environment.
    pub fn beginning_in(self, env: Env) -> Self {
        Self { begins: Some(env), ..self }
    }

    /// Opens a report.
    pub fn new(report: &'static ReportKind) -> Self {
        Self {
            report,
            about: None,
            begins: None,
            page: Page::new(SearchKey::Filters),
            made: Loaded::default(),
            asked: None,
        }
    }

    fn ask(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        let Some(known) = Known::from_facts(scene.facts) else { return Vec::new() };
        self.asked = Some(known.clone());
        let Known { snapshot, applied, live } = known;
        let environments = scene.facts.environments.iter().map(|(env, known)| (env, known.name.clone())).collect();
        let (report, begins, about) = (self.report, self.begins, self.about.clone());
        vec![Action::Task(Task::stream(report.id, move |reach, mut reply| async move {
            let (renderer, stop) = (reach.renderer.clone(), reach.renderer.newest(report.id));
            let _given_up_with_the_screen = stop.with_its_owner();
            let input =
                ReportInput { snapshot, environments, begins, applied, live, about, renderer, stop: stop.clone() };
            let made = reach.away(move || (report.make)(&input)).await.and_then(|made| made);
            // A newer one answers.
            if !stop.is_given_up() {
                reply.send(made).await;
            }
        }))]
    }
}

impl Paged for Reports {
    fn id(&self) -> &'static str {
        self.report.id
    }

    fn title(&self, _scene: &Scene<'_>) -> String {
        match (&self.made.value, &self.made.fault) {
            (Some(made), None) => format!("{}: {}", self.report.title, made.summary),
            (Some(made), Some(_)) => format!("{}: {}, may be old", self.report.title, made.summary),
            (None, _) => self.report.title.to_owned(),
        }
    }

    fn page(&self) -> Option<&Page> {
        Some(&self.page)
    }

    fn page_mut(&mut self) -> Option<&mut Page> {
        Some(&mut self.page)
    }

    /// Returns what is shown: the report, or what is in its place.
    fn lines(&self, scene: &Scene<'_>) -> SharedLines {
        match (&self.made.value, &scene.facts.repository_fault) {
            (Some(made), _) => made.lines.clone(),
            (None, Some(fault)) => tabs::fault(fault).into(),
            (None, None) => self.made.in_place().into(),
        }
    }

    fn load(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        self.ask(scene)
    }

    fn changed(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        let is_same = match (&self.asked, Known::from_facts(scene.facts)) {
            (Some(asked), Some(now)) => asked.is_same(&now),
            (_, now) => now.is_none(),
        };
        if is_same { Vec::new() } else { self.ask(scene) }
    }

    fn reply(&mut self, payload: Box<dyn Any + Send>, _scene: &Scene<'_>) -> Vec<Action> {
        if let Ok(made) = payload.downcast::<Result<BuiltReport, Fault>>() {
            self.made.take(made.map(Some));
        }
        Vec::new()
    }

    fn env(&self, _scene: &Scene<'_>) -> Option<Env> {
        self.begins
    }

    fn own_motion(&mut self, motion: Motion, scene: &Scene<'_>) -> Option<Vec<Action>> {
        // The report is of the files: they are read again too.
        (motion == Motion::Redraw).then(|| {
            let mut actions = self.ask(scene);
            actions.extend([Action::Rescan, Action::Redraw]);
            actions
        })
    }

    fn open(&mut self, line: Option<&PageLine>, scene: &Scene<'_>) -> Option<Vec<Action>> {
        // A file opens at the line that is spoken of; everything else as elsewhere.
        let line = line?;
        let view = crate::views::file::open_at(line.link()?, line.place()?, scene.facts)?;
        Some(vec![Action::Push(view)])
    }
}

fn applied(facts: &Facts) -> Applied {
    facts.environments.iter().map(|(env, _)| (env, super::git::applied::commits(facts, env))).collect()
}

/// Writes a unified difference, each line below `lead`; every line opens the same.
fn difference(lines: &mut Vec<PageLine>, diff: &str, target: Option<&CommandTarget>) {
    use crate::theme::Scope;
    for line in diff.lines() {
        let scope = match line.as_bytes().first() {
            Some(b'+') => Scope::Ready,
            Some(b'-') => Scope::Failed,
            _ => Scope::Dim,
        };
        lines.push(PageLine::cut(line, scope).after("      ", Scope::Dim).opens(target.cloned()));
    }
}

#[cfg(test)]
mod tests;
