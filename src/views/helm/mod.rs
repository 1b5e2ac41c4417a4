//! A HelmRelease with its releases: the deployed revision, its values, and the differences of revisions.
//!
//! ```text
//! +> HelmRelease/apps/web  staging  revision 3 -----------------------------------+
//! |  overview [history] values  manifest  diff  notes  tree  events 3              |
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
use ratatui::layout::Rect;

use crate::app::{Action, Ask, CommandTarget, Motion, MotionHint, Scene, Task, View};
use crate::cluster::Event;
use crate::helm::{Inspection, ReleaseRevision};
use crate::kinds;
use crate::model::{Env, Fault, ObjectRef, Row};
use crate::views::detail::family::{self, Family, FamilyAnswer};
use crate::views::detail::{events, load};
use crate::views::parts::loaded::Loaded;
use crate::views::parts::page::{Page, PageLine, SearchKey, SharedLines};
use crate::views::parts::paged::{Paged, follow};
use crate::views::parts::tabs::{self, TabLabel};
use history::Choice;

/// Names a tab of the inspector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum InspectorTab {
    /// Its state, with the reason.
    #[default]
    Overview,
    /// Its revisions.
    History,
    /// The values of a revision, or those in effect.
    Values,
    /// The rendered documents of a revision.
    Manifest,
    /// The difference of two revisions.
    Diff,
    /// The chart's notes after an installation.
    Notes,
    /// Its origin, and the objects that it created.
    Tree,
    /// Its recent events.
    Events,
}

impl InspectorTab {
    const ALL: [Self; 8] = [
        Self::Overview,
        Self::History,
        Self::Values,
        Self::Manifest,
        Self::Diff,
        Self::Notes,
        Self::Tree,
        Self::Events,
    ];

    fn word(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::History => "history",
            Self::Values => "values",
            Self::Manifest => "manifest",
            Self::Diff => "diff",
            Self::Notes => "notes",
            Self::Tree => "tree",
            Self::Events => "events",
        }
    }
}

/// Shows a HelmRelease.
#[derive(Debug)]
pub struct Inspector {
    env: Env,
    object: ObjectRef,
    tab: InspectorTab,
    pages: [Page; 8],
    inspection: Loaded<Box<Inspection>>,
    choice: Choice,
    /// The tabs that are read once they are open, each with the choice at its read.
    parts: HashMap<InspectorTab, (Choice, Loaded<SharedLines>)>,
    events: Loaded<Vec<Event>>,
    family: Loaded<Family>,
    /// The row at the last read: another one means that the object changed.
    seen: Option<Row>,
}

/// Answers of the tasks, each with the environment of the request.
enum Answer {
    Inspection(Env, Result<Box<Inspection>, Fault>),
    Part(Env, InspectorTab, Choice, Result<Vec<PageLine>, Fault>),
    Events(Env, Result<Vec<Event>, Fault>),
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
        let known = kinds::kind_of(object);
        let page = |tab| match tab {
            InspectorTab::Values | InspectorTab::Events => Page::new(SearchKey::Filters),
            // The cursor starts on an object rather than on the heading above it.
            InspectorTab::Tree => Page::new(SearchKey::Filters).at(1),
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
            events: Loaded::default(),
            family: Loaded::default(),
            seen: None,
        }
    }

    fn history(&self) -> &[ReleaseRevision] {
        self.inspection.value.as_ref().map(|found| found.history.as_slice()).unwrap_or_default()
    }

    /// Reads the content of the tab, unless it was read for the same choice.
    fn read_part(&mut self) -> Option<Action> {
        let tab = self.tab;
        if tab == InspectorTab::Tree {
            let wanted = self.family.value.is_none();
            return wanted.then(|| Action::Task(family::task(self.env, &self.object)));
        }
        if matches!(tab, InspectorTab::Overview | InspectorTab::History | InspectorTab::Events)
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
        Some(Action::Task(Task::once(format!("{} of {object}", tab.word()), move |task_context| async move {
            let found = match task_context.cluster(env) {
                Ok(cluster) => part::read(&cluster, &object, tab, choice).await,
                Err(fault) => Err(fault),
            };
            Answer::Part(env, tab, choice, found)
        })))
    }

    fn show(&mut self, tab: InspectorTab) -> Vec<Action> {
        self.tab = tab;
        self.read_part().into_iter().collect()
    }

    /// Returns the revision under the cursor of the history.
    fn revision(&self, lines: &[PageLine]) -> Option<u32> {
        let line = self.page()?.index(lines)?;
        self.history().get(line.checked_sub(history::HEAD)?).map(|revision| revision.revision)
    }
}

impl Paged for Inspector {
    fn id(&self) -> &'static str {
        "helm"
    }

    fn title(&self, scene: &Scene<'_>) -> String {
        format!("{}  {}{}", self.object, scene.facts.name(self.env), self.choice.title())
    }

    fn page(&self) -> Option<&Page> {
        self.pages.get(self.tab as usize)
    }

    fn page_mut(&mut self) -> Option<&mut Page> {
        self.pages.get_mut(self.tab as usize)
    }

    fn lines(&self, scene: &Scene<'_>) -> SharedLines {
        match (self.tab, &self.inspection.value) {
            (InspectorTab::Overview, Some(found)) => overview::lines(self.env, &self.object, found, scene.facts).into(),
            (InspectorTab::History, Some(found)) => {
                history::lines(&found.history, self.choice, scene.facts.now_in(self.env)).into()
            }
            (InspectorTab::Tree, _) => family::lines(self.env, &self.family).into(),
            (InspectorTab::Events, _) => events::lines(&self.events, scene.facts.now_in(self.env)).into(),
            (InspectorTab::Overview | InspectorTab::History, None) => self.inspection.in_place().into(),
            (tab, _) => match self.parts.get(&tab) {
                Some((_, Loaded { value: Some(lines), .. })) => lines.clone(),
                Some((_, loaded)) => loaded.in_place().into(),
                None => SharedLines::default(),
            },
        }
    }

    fn forget_lines(&self) {
        self.pages.iter().for_each(Page::forget_lines);
    }

    fn load(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        self.seen = scene.facts.row(self.env, &self.object).cloned();
        let (env, object) = (self.env, self.object.clone());
        let task = Task::once(format!("inspect {object}"), move |task_context| async move {
            let found = match task_context.cluster(env) {
                Ok(cluster) => crate::helm::inspect(&cluster, &object).await.map(Box::new),
                Err(fault) => Err(fault),
            };
            Answer::Inspection(env, found)
        });
        let about = self.object.clone();
        let events = Task::once(format!("events of {about}"), move |task_context| async move {
            Answer::Events(env, load::events(&task_context, env, about).await)
        });
        let mut actions = vec![Action::Task(task), Action::Task(events)];
        self.parts.clear();
        // The open tree is read again; the last one stays until then.
        if self.tab == InspectorTab::Tree && self.family.value.is_some() {
            actions.push(Action::Task(family::task(env, &self.object)));
        }
        actions.extend(self.read_part());
        actions
    }

    fn changed(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        if scene.facts.row(self.env, &self.object) == self.seen.as_ref() { Vec::new() } else { self.load(scene) }
    }

    fn head(&self, frame: &mut Frame<'_>, inside: Rect, scene: &Scene<'_>) -> Rect {
        let label = |tab: &InspectorTab| {
            let count = self.events.value.as_ref().map(Vec::len).filter(|_| *tab == InspectorTab::Events);
            let text = count.map_or_else(|| tab.word().to_owned(), |count| format!("{} {count}", tab.word()));
            TabLabel::new(text, *tab == self.tab)
        };
        let labels: Vec<TabLabel> = InspectorTab::ALL.iter().map(label).collect();
        tabs::head(
            frame,
            inside,
            &labels,
            &self.inspection.warning(usize::from(inside.width), scene.keymap),
            scene.theme,
        )
    }

    fn motions(&self) -> &'static [MotionHint] {
        const REVISION: MotionHint = MotionHint { motions: &[Motion::Mark], what: "choose" };
        match self.tab {
            InspectorTab::History => &[MotionHint::TABS, REVISION, MotionHint::ENVIRONMENT],
            _ => &[MotionHint::TABS, MotionHint::ENVIRONMENT],
        }
    }

    fn env(&self, _scene: &Scene<'_>) -> Option<Env> {
        Some(self.env)
    }

    fn show_environment(&mut self, env: Env, scene: &Scene<'_>) -> Option<Vec<Action>> {
        (self.env, self.choice, self.inspection) = (env, Choice::default(), Loaded::default());
        (self.events, self.family) = (Loaded::default(), Loaded::default());
        Some(self.load(scene))
    }

    fn own_motion(&mut self, motion: Motion, scene: &Scene<'_>) -> Option<Vec<Action>> {
        if motion == Motion::Mark && self.tab == InspectorTab::History {
            if let Some(revision) = self.revision(&self.shown(scene)) {
                self.choice.toggle(revision);
            }
            return Some(Vec::new());
        }
        Some(self.show(tabs::by_motion(&InspectorTab::ALL, self.tab, motion)?))
    }

    fn open(&mut self, line: Option<&PageLine>, scene: &Scene<'_>) -> Option<Vec<Action>> {
        if self.tab == InspectorTab::History
            && let Some(revision) = self.revision(&self.shown(scene))
        {
            self.choice = Choice::single(revision);
            return Some(self.show(InspectorTab::Values));
        }
        Some(line.and_then(|line| follow(line, scene)).into_iter().collect())
    }

    fn opens(&self, line: Option<&PageLine>, lines: &[PageLine]) -> bool {
        (self.tab == InspectorTab::History && self.revision(lines).is_some())
            || line.is_some_and(|line| line.command().is_some() || line.link().is_some())
    }

    fn targets(&self, line: Option<&PageLine>, _scene: &Scene<'_>) -> Vec<CommandTarget> {
        let opened = line.filter(|_| self.tab == InspectorTab::Tree).and_then(PageLine::link).cloned();
        if let Some(object) = opened.filter(|target| !matches!(target, CommandTarget::Commit(..))) {
            return vec![object];
        }
        vec![CommandTarget::Object(self.env, self.object.clone())]
    }

    fn reply(&mut self, payload: Box<dyn Any + Send>, _scene: &Scene<'_>) -> Vec<Action> {
        let payload = match payload.downcast::<FamilyAnswer>().map(|answer| *answer) {
            Ok(FamilyAnswer(env, answer)) => {
                if env == self.env {
                    self.family.take(answer.map(Some));
                }
                return Vec::new();
            }
            Err(payload) => payload,
        };
        match payload.downcast::<Answer>().map(|answer| *answer) {
            Ok(Answer::Events(env, answer)) if env == self.env => self.events.take(answer.map(Some)),
            Ok(Answer::Inspection(env, answer)) if env == self.env => self.inspection.take(answer.map(Some)),
            Ok(Answer::Part(env, tab, choice, answer)) if env == self.env => {
                if let Some((wanted, loaded)) = self.parts.get_mut(&tab)
                    && *wanted == choice
                {
                    loaded.take(answer.map(|lines| Some(lines.into())));
                }
            }
            // The user has changed the environment meanwhile.
            Ok(_) | Err(_) => {}
        }
        Vec::new()
    }
}
