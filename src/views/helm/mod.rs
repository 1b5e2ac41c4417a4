//! A HelmRelease with its releases: what is deployed, with which values, and how revisions differ.
//!
//! ```text
//! +> HelmRelease/apps/web  staging  revision 3 -----------------------------------+
//! |  overview [history] values  manifest  diff  notes                             |
//! |    REVISION  STATUS      CHART      APP     DEPLOYED  DESCRIPTION             |
//! |  + 4         deployed    web-1.3.0  2.0     2d        Upgrade complete        |
//! |>   3         superseded  web-1.2.0  1.9     9d        Upgrade complete        |
//! +-------------------------------------------------------------------------------+
//! ```

mod history;
mod overview;
mod part;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::collections::HashMap;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

use crate::app::{Action, Ask, CommandTarget, Motion, Scene, Task, View};
use crate::helm::{Inspection, ReleaseRevision};
use crate::kinds;
use crate::model::{Env, Fault, ObjectRef, Row};
use crate::theme::Scope;
use crate::views::parts::loaded::Loaded;
use crate::views::parts::page::{Page, PageLine, SearchKey, SharedLines};
use crate::views::parts::tabs;
use crate::widgets::panel;
use history::Choice;

/// Names a tab of the inspector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum InspectorTab {
    /// How it fares, and why.
    #[default]
    Overview,
    /// Its revisions.
    History,
    /// The values of a revision, or those in effect.
    Values,
    /// What a revision rendered.
    Manifest,
    /// How two revisions differ.
    Diff,
    /// What the chart says after an installation.
    Notes,
}

impl InspectorTab {
    const ALL: [Self; 6] = [Self::Overview, Self::History, Self::Values, Self::Manifest, Self::Diff, Self::Notes];

    fn word(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::History => "history",
            Self::Values => "values",
            Self::Manifest => "manifest",
            Self::Diff => "diff",
            Self::Notes => "notes",
        }
    }
}

/// Shows a HelmRelease.
#[derive(Debug)]
pub struct Inspector {
    env: Env,
    object: ObjectRef,
    tab: InspectorTab,
    pages: [Page; 6],
    inspection: Loaded<Box<Inspection>>,
    choice: Choice,
    /// The tabs that are read when they are looked at, each with the choice that it was read for.
    parts: HashMap<InspectorTab, (Choice, Loaded<SharedLines>)>,
    /// The row when it was read last: another one means that the object changed.
    seen: Option<Row>,
}

/// Answers of the tasks, each with the environment that was asked.
enum Answer {
    Inspection(Env, Result<Box<Inspection>, Fault>),
    Part(Env, InspectorTab, Choice, Result<Vec<PageLine>, Fault>),
}

/// Opens a HelmRelease.
pub fn open(target: &CommandTarget, _ask: &Ask<'_>) -> Option<Box<dyn View>> {
    match target {
        CommandTarget::Object(env, object) if kinds::HELM_RELEASE.is(object) => {
            Some(Box::new(Inspector::new(*env, object)))
        }
        _ => None,
    }
}

impl Inspector {
    /// Opens a HelmRelease at its overview.
    pub fn new(env: Env, object: &ObjectRef) -> Self {
        let known = kinds::of(object);
        let page = |tab| match tab {
            InspectorTab::Values => Page::new(SearchKey::Filters),
            // The cursor starts on a revision rather than on the columns' titles.
            InspectorTab::History => Page::new(SearchKey::Filters).at(history::HEAD),
            _ => Page::new(SearchKey::Searches),
        };
        Self {
            env,
            object: known.map_or_else(|| object.clone(), |kind| kind.object(&object.namespace, &object.name)),
            tab: InspectorTab::Overview,
            pages: InspectorTab::ALL.map(page),
            inspection: Loaded::default(),
            choice: Choice::default(),
            parts: HashMap::new(),
            seen: None,
        }
    }

    fn page(&self) -> Option<&Page> {
        self.pages.get(self.tab as usize)
    }

    fn history(&self) -> &[ReleaseRevision] {
        self.inspection.value.as_ref().map(|found| found.history.as_slice()).unwrap_or_default()
    }

    fn load(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        self.seen = scene.facts.row(self.env, &self.object).cloned();
        let (env, object) = (self.env, self.object.clone());
        let task = Task::once(format!("inspect {object}"), move |reach| async move {
            let found = match reach.cluster(env) {
                Ok(cluster) => crate::helm::inspect(&cluster, &object).await.map(Box::new),
                Err(fault) => Err(fault),
            };
            Answer::Inspection(env, found)
        });
        let mut actions = vec![Action::Task(task)];
        self.parts.clear();
        actions.extend(self.read_part());
        actions
    }

    /// Reads what the tab shows, unless that was done for the same choice.
    fn read_part(&mut self) -> Option<Action> {
        let tab = self.tab;
        if matches!(tab, InspectorTab::Overview | InspectorTab::History)
            || self.parts.get(&tab).is_some_and(|(choice, _)| *choice == self.choice)
        {
            return None;
        }
        let (env, choice) = (self.env, self.choice);
        self.parts.insert(tab, (choice, Loaded::default()));
        if let Some(page) = self.pages.get_mut(tab as usize) {
            page.rewind();
        }
        let object = self.object.clone();
        Some(Action::Task(Task::once(format!("{} of {object}", tab.word()), move |reach| async move {
            let found = match reach.cluster(env) {
                Ok(cluster) => part::read(&cluster, &object, tab, choice).await,
                Err(fault) => Err(fault),
            };
            Answer::Part(env, tab, choice, found)
        })))
    }

    fn lines(&self, scene: &Scene<'_>) -> SharedLines {
        match (self.tab, &self.inspection.value) {
            (InspectorTab::Overview, Some(found)) => overview::lines(self.env, &self.object, found, scene.facts).into(),
            (InspectorTab::History, Some(found)) => {
                history::lines(&found.history, self.choice, scene.facts.now_in(self.env)).into()
            }
            (InspectorTab::Overview | InspectorTab::History, None) => self.inspection.in_place().into(),
            (tab, _) => match self.parts.get(&tab) {
                Some((_, Loaded { value: Some(lines), .. })) => lines.clone(),
                Some((_, loaded)) => loaded.in_place().into(),
                None => SharedLines::default(),
            },
        }
    }

    fn show(&mut self, tab: Option<&InspectorTab>) -> Vec<Action> {
        if let Some(tab) = tab {
            self.tab = *tab;
        }
        self.read_part().into_iter().collect()
    }

    /// Returns the revision under the cursor of the history.
    fn revision(&self, lines: &[PageLine]) -> Option<u32> {
        let line = self.page()?.index(lines)?;
        self.history().get(line.checked_sub(history::HEAD)?).map(|revision| revision.revision)
    }

    fn motion_on_page(&mut self, motion: Motion, scene: &Scene<'_>) -> Option<Vec<Action>> {
        let lines = self.lines(scene);
        match motion {
            Motion::Mark if self.tab == InspectorTab::History => {
                if let Some(revision) = self.revision(&lines) {
                    self.choice.toggle(revision);
                }
            }
            Motion::Open if self.tab == InspectorTab::History => {
                if let Some(revision) = self.revision(&lines) {
                    self.choice = Choice::one(revision);
                    return Some(self.show(Some(&InspectorTab::Values)));
                }
            }
            Motion::Open => {
                let link = self.page().and_then(|page| page.current(&lines)).and_then(PageLine::link).cloned();
                return Some(link.into_iter().filter_map(|target| tabs::open(target, scene)).collect());
            }
            _ => {
                let page = self.pages.get_mut(self.tab as usize)?;
                return page.motion(motion, &lines).then(Vec::new);
            }
        }
        Some(Vec::new())
    }

    /// Shows the release of the same name in another environment.
    fn show_environment(&mut self, env: Env, scene: &Scene<'_>) -> Vec<Action> {
        (self.env, self.choice, self.inspection) = (env, Choice::default(), Loaded::default());
        self.load(scene)
    }
}

impl View for Inspector {
    fn id(&self) -> &'static str {
        "helm"
    }

    fn title(&self, scene: &Scene<'_>) -> String {
        format!("{}  {}{}", self.object, scene.facts.name(self.env), self.choice.words())
    }

    fn opened(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        self.load(scene)
    }

    fn changed(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        if scene.facts.row(self.env, &self.object) == self.seen.as_ref() { Vec::new() } else { self.load(scene) }
    }

    fn render(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
        let lines = self.lines(scene);
        let found = self.page().and_then(|page| page.found(&lines));
        let title = self.title(scene) + &tabs::found(found);
        let inside = panel(frame, area, &title, scene.focus, scene.theme);
        let warning = self.inspection.warning(usize::from(inside.width));
        let height = u16::try_from(warning.len()).unwrap_or(0).min(inside.height / 3);
        let [head, told, body] =
            Layout::vertical([Constraint::Length(1), Constraint::Length(height), Constraint::Fill(1)]).areas(inside);
        let labels: Vec<(String, bool)> =
            InspectorTab::ALL.iter().map(|tab| (tab.word().to_owned(), *tab == self.tab)).collect();
        frame.render_widget(tabs::line(&labels, head.width, scene.theme), head);
        tabs::text(frame, told, &warning, Scope::Error, scene.theme);
        if let Some(page) = self.page() {
            page.render(frame, body, &lines, scene.theme);
        }
    }

    fn motion(&mut self, motion: Motion, scene: &Scene<'_>) -> Option<Vec<Action>> {
        if let Some(env) = scene.facts.environment_by(motion, self.env) {
            return Some(self.show_environment(env, scene));
        }
        let at = self.tab as usize;
        let count = InspectorTab::ALL.len();
        match motion {
            Motion::NextTab | Motion::NextPanel => Some(self.show(InspectorTab::ALL.get((at + 1) % count))),
            Motion::PreviousTab | Motion::PreviousPanel => {
                Some(self.show(InspectorTab::ALL.get((at + count - 1) % count)))
            }
            Motion::Panel(number) => Some(self.show(InspectorTab::ALL.get(usize::from(number.saturating_sub(1))))),
            Motion::Redraw => {
                let mut actions = self.load(scene);
                actions.push(Action::Redraw);
                Some(actions)
            }
            _ => self.motion_on_page(motion, scene),
        }
    }

    fn env(&self, _scene: &Scene<'_>) -> Option<Env> {
        Some(self.env)
    }

    fn targets(&self, _scene: &Scene<'_>) -> Vec<CommandTarget> {
        vec![CommandTarget::Object(self.env, self.object.clone())]
    }

    fn reply(&mut self, payload: Box<dyn Any + Send>, _scene: &Scene<'_>) -> Vec<Action> {
        match payload.downcast::<Answer>().map(|answer| *answer) {
            Ok(Answer::Inspection(env, answer)) if env == self.env => self.inspection.take(answer.map(Some)),
            Ok(Answer::Part(env, tab, choice, answer)) if env == self.env => {
                if let Some((wanted, loaded)) = self.parts.get_mut(&tab)
                    && *wanted == choice
                {
                    loaded.take(answer.map(|lines| Some(lines.into())));
                }
            }
            // Another environment was chosen meanwhile.
            Ok(_) | Err(_) => {}
        }
        Vec::new()
    }

    fn filter(&mut self, text: &str, scene: &Scene<'_>) -> bool {
        let lines = self.lines(scene);
        if let Some(page) = self.pages.get_mut(self.tab as usize) {
            page.search(text, &lines);
        }
        true
    }
}
