//! Any object of a cluster, whole.
//!
//! ```text
//! +> Kustomization/flux-system/apps  staging --------------------------------------+
//! | [overview]  describe  events 3  yaml  tree  inventory 12                       |
//! |>state        x failed  since 2h                                                |
//! | waits for    Kustomization/flux-system/infrastructure-configs  x failed        |
//! | …                                                                              |
//! +--------------------------------------------------------------------------------+
//! ```

mod events;
mod family;
mod inventory;
mod load;
pub(super) mod overview;
#[cfg(test)]
mod tests;

use std::any::Any;

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::app::{Action, Ask, CommandTarget, Motion, Scene, View};
use crate::cluster::Event;
use crate::describe::describe;
use crate::kinds;
use crate::model::{Env, Kind, ObjectRef, Row};
use crate::theme::Scope;
use crate::views::parts::loaded::Loaded;
use crate::views::parts::page::{Page, PageLine, SearchKey, SharedLines};
use crate::views::parts::paged::Paged;
use crate::views::parts::tabs;
use family::Family;
use load::{Answer, Whole};

/// Names a tab of the detail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tab {
    /// How it fares, and why.
    #[default]
    Overview,
    /// What `kubectl describe` tells of it.
    Describe,
    /// What was said of it lately.
    Events,
    /// The whole object.
    Yaml,
    /// Where it comes from, and what it becomes.
    Tree,
    /// What it applied; Kustomizations only.
    Inventory,
}

impl Tab {
    const ALL: [Self; 6] = [Self::Overview, Self::Describe, Self::Events, Self::Yaml, Self::Tree, Self::Inventory];

    fn word(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Describe => "describe",
            Self::Events => "events",
            Self::Yaml => "yaml",
            Self::Tree => "tree",
            Self::Inventory => "inventory",
        }
    }
}

/// Shows one object of a cluster.
#[derive(Debug)]
pub struct Detail {
    env: Env,
    object: ObjectRef,
    tab: Tab,
    pages: [Page; 6],
    whole: Loaded<Whole>,
    events: Loaded<Vec<Event>>,
    family: Loaded<Family>,
    /// The row when it was read last: another one means that the object changed.
    seen: Option<Row>,
}

/// Opens an object of a cluster.
pub fn open(target: &CommandTarget, _ask: &Ask<'_>) -> Option<Box<dyn View>> {
    match target {
        CommandTarget::Object(env, object) => Some(Box::new(Detail::new(*env, object, Tab::Overview))),
        _ => None,
    }
}

impl Detail {
    /// Opens an object at a tab.
    pub fn new(env: Env, object: &ObjectRef, tab: Tab) -> Self {
        let object = object.clone();
        let page = |tab| match tab {
            Tab::Yaml | Tab::Describe => Page::new(SearchKey::Searches),
            // The cursor starts on an object rather than on the heading above it.
            Tab::Inventory | Tab::Tree => Page::new(SearchKey::Filters).at(1),
            Tab::Overview | Tab::Events => Page::new(SearchKey::Filters),
        };
        Self {
            env,
            object,
            tab,
            pages: Tab::ALL.map(page),
            whole: Loaded::default(),
            events: Loaded::default(),
            family: Loaded::default(),
            seen: None,
        }
    }

    fn tabs(&self) -> &'static [Tab] {
        let [rest @ .., _] = &Tab::ALL;
        let lists = kinds::KUSTOMIZATION.is(&self.object);
        if lists { &Tab::ALL } else { rest }
    }

    fn label(&self, tab: Tab, scene: &Scene<'_>) -> String {
        let count = match tab {
            Tab::Events => self.events.value.as_ref().map(Vec::len),
            Tab::Inventory => overview::row(self.env, &self.object, &self.whole, scene.facts)
                .and_then(|row| row.flux.as_ref().map(|flux| flux.inventory.len())),
            Tab::Overview | Tab::Describe | Tab::Yaml | Tab::Tree => None,
        };
        count.map_or_else(|| tab.word().to_owned(), |count| format!("{} {count}", tab.word()))
    }

    /// Reads the tree when it is looked at.
    fn load_family(&self) -> Vec<Action> {
        let wanted = self.tab == Tab::Tree && self.family.value.is_none();
        wanted.then(|| Action::Task(family::task(self.env, &self.object))).into_iter().collect()
    }
}

impl Paged for Detail {
    fn id(&self) -> &'static str {
        "detail"
    }

    fn title(&self, scene: &Scene<'_>) -> String {
        format!("{}  {}", self.object, scene.facts.name(self.env))
    }

    fn page(&self) -> Option<&Page> {
        self.pages.get(self.tab as usize)
    }

    fn page_mut(&mut self) -> Option<&mut Page> {
        self.pages.get_mut(self.tab as usize)
    }

    fn lines(&self, scene: &Scene<'_>) -> SharedLines {
        match self.tab {
            Tab::Overview => overview::lines(self.env, &self.object, &self.whole, &self.events, scene.facts).into(),
            Tab::Events => events::lines(&self.events, scene.facts.now_in(self.env)).into(),
            Tab::Describe => match &self.whole.value {
                Some(whole) => {
                    let events = self.events.value.as_deref().unwrap_or_default();
                    let text = describe(&self.object, &whole.value, events, scene.facts.now_in(self.env));
                    text.lines().map(|line| PageLine::cut(line, Scope::Text)).collect::<Vec<_>>().into()
                }
                None => self.whole.in_place().into(),
            },
            Tab::Yaml => match &self.whole.value {
                Some(whole) => whole.yaml.clone(),
                None => self.whole.in_place().into(),
            },
            Tab::Tree => family::lines(self.env, &self.family).into(),
            Tab::Inventory => match overview::row(self.env, &self.object, &self.whole, scene.facts) {
                Some(row) => inventory::lines(self.env, &row, scene.facts).into(),
                None => self.whole.in_place().into(),
            },
        }
    }

    fn forget_lines(&self) {
        self.pages.iter().for_each(Page::forget_lines);
    }

    fn load(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        self.seen = scene.facts.row(self.env, &self.object).cloned();
        let mut actions: Vec<Action> = load::tasks(self.env, &self.object).into_iter().map(Action::Task).collect();
        if self.tab == Tab::Tree {
            actions.push(Action::Task(family::task(self.env, &self.object)));
        }
        actions
    }

    fn changed(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        let row = scene.facts.row(self.env, &self.object);
        if row == self.seen.as_ref() || (row.is_none() && self.whole.gone) {
            return Vec::new();
        }
        self.load(scene)
    }

    fn watches(&self, _scene: &Scene<'_>) -> Vec<(Env, &'static Kind)> {
        if self.tab != Tab::Inventory {
            return Vec::new();
        }
        inventory::WATCHED.iter().filter_map(|kind| kinds::find(kind)).map(|kind| (self.env, kind)).collect()
    }

    fn head(&self, frame: &mut Frame<'_>, inside: Rect, scene: &Scene<'_>) -> Rect {
        let labels: Vec<(String, bool)> =
            self.tabs().iter().map(|tab| (self.label(*tab, scene), *tab == self.tab)).collect();
        tabs::head(frame, inside, &labels, &self.whole.warning(usize::from(inside.width)), scene.theme)
    }

    fn env(&self, _scene: &Scene<'_>) -> Option<Env> {
        Some(self.env)
    }

    fn show_environment(&mut self, env: Env, scene: &Scene<'_>) -> Option<Vec<Action>> {
        self.env = env;
        (self.whole, self.events, self.family) = (Loaded::default(), Loaded::default(), Loaded::default());
        Some(self.load(scene))
    }

    fn own_motion(&mut self, motion: Motion, _scene: &Scene<'_>) -> Option<Vec<Action>> {
        self.tab = tabs::by_motion(self.tabs(), self.tab, motion)?;
        Some(self.load_family())
    }

    fn targets(&self, line: Option<&PageLine>, _scene: &Scene<'_>) -> Vec<CommandTarget> {
        let lists_objects = matches!(self.tab, Tab::Inventory | Tab::Tree);
        let object = line.filter(|_| lists_objects).and_then(PageLine::link).cloned();
        vec![object.unwrap_or_else(|| CommandTarget::Object(self.env, self.object.clone()))]
    }

    fn reply(&mut self, payload: Box<dyn Any + Send>, _scene: &Scene<'_>) -> Vec<Action> {
        let payload = match payload.downcast::<family::Answer>().map(|answer| *answer) {
            Ok(family::Answer(env, answer)) => {
                if env == self.env {
                    self.family.take(answer.map(Some));
                }
                return Vec::new();
            }
            Err(payload) => payload,
        };
        match payload.downcast::<Answer>().map(|answer| *answer) {
            Ok(Answer::Whole(env, answer)) if env == self.env => self.whole.take(answer),
            Ok(Answer::Events(env, answer)) if env == self.env => self.events.take(answer.map(Some)),
            // Another environment was chosen meanwhile.
            Ok(_) | Err(_) => {}
        }
        Vec::new()
    }
}
