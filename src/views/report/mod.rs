//! The reports: pages that are built from the whole repository away from the loop: findings, impact, environments
//! compared.
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
    /// The title.
    pub title: &'static str,
    /// Builds it; runs away from the loop, as it may take long.
    pub make: fn(&ReportInput) -> Result<BuiltReport, Fault>,
}

/// The commits that the Kustomizations of each environment have applied.
pub type Applied = Vec<(Env, BTreeSet<String>)>;

/// Holds the input of a report.
pub struct ReportInput {
    /// The repository.
    pub snapshot: Arc<Snapshot>,
    /// The environments with their names.
    pub environments: Vec<(Env, String)>,
    /// The environment to begin with, if the report shows one before others.
    pub begins: Option<Env>,
    /// The applied commits.
    pub applied: Applied,
    /// The facts of the clusters about themselves.
    pub live: BTreeMap<String, LiveFacts>,
    /// The worker that renders.
    pub renderer: Worker,
    /// Stops the work once no view waits for the report.
    pub stop: Stop,
}

/// Holds a finished report.
#[derive(Debug)]
pub struct BuiltReport {
    /// The text after the title, such as a count.
    pub summary: String,
    /// The lines; an empty report explains that in one.
    pub lines: SharedLines,
}

impl ReportInput {
    /// Renders the repository, and keeps the result for the next report.
    ///
    /// # Errors
    /// Fails if nothing renders.
    pub fn rendering(&self) -> Result<Rendering, Fault> {
        self.rendered(|renderer| renderer.render(&self.snapshot))
    }

    /// Uses the renderer, until no view waits for the report any more.
    ///
    /// # Errors
    /// Fails if the work fails or was stopped.
    pub fn rendered<T>(&self, work: impl FnOnce(&mut Renderer) -> Result<T, Fault>) -> Result<T, Fault> {
        self.renderer.until(&self.stop, work)
    }

    /// Finds an environment by its name.
    pub fn env(&self, name: &str) -> Option<Env> {
        self.environments.iter().find(|(_, known)| known == name).map(|(env, _)| *env)
    }
}

/// Holds the inputs of a report that may change; a change builds it again.
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

/// Shows a report, built again after each change of the repository.
#[derive(Debug)]
pub struct Reports {
    report: &'static ReportKind,
    begins: Option<Env>,
    page: Page,
    made: Loaded<BuiltReport>,
    /// The inputs of the last build.
    asked: Option<Known>,
}

impl Reports {
    /// Sets the environment to begin with.
    pub fn beginning_in(self, env: Env) -> Self {
        Self { begins: Some(env), ..self }
    }

    /// Opens a report.
    pub fn new(report: &'static ReportKind) -> Self {
        Self { report, begins: None, page: Page::new(SearchKey::Filters), made: Loaded::default(), asked: None }
    }

    fn ask(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        let Some(known) = Known::from_facts(scene.facts) else { return Vec::new() };
        self.asked = Some(known.clone());
        let Known { snapshot, applied, live } = known;
        let environments = scene.facts.environments.iter().map(|(env, known)| (env, known.name.clone())).collect();
        let (report, begins) = (self.report, self.begins);
        vec![Action::Task(Task::stream(report.id, move |task_context, mut reply| async move {
            let (renderer, stop) = (task_context.renderer.clone(), task_context.renderer.newest(report.id));
            let _given_up_with_the_screen = stop.with_its_owner();
            let input = ReportInput { snapshot, environments, begins, applied, live, renderer, stop: stop.clone() };
            let made = task_context.away(move || (report.make)(&input)).await.and_then(|made| made);
            // A newer build answers.
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

    /// Returns the lines of the report, or those in its place.
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
        // The report depends on the files: they are read again, too.
        (motion == Motion::Redraw).then(|| {
            let mut actions = self.ask(scene);
            actions.extend([Action::Rescan, Action::Redraw]);
            actions
        })
    }

    fn open(&mut self, line: Option<&PageLine>, scene: &Scene<'_>) -> Option<Vec<Action>> {
        // A file opens at the line of the finding; any other target opens as usual.
        let line = line?;
        let view = crate::views::file::open_at(line.link()?, line.place()?, scene.facts)?;
        Some(vec![Action::Push(view)])
    }
}

fn applied(facts: &Facts) -> Applied {
    facts.environments.iter().map(|(env, _)| (env, super::git::applied::commits(facts, env))).collect()
}

/// Writes a unified difference, each line below `lead`; every line opens the same target.
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
