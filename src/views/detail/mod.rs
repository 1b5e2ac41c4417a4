//! The detail of any object of a cluster.
//!
//! ```text
//! +> Kustomization/flux-system/apps  staging --------------------------------------+
//! | [overview]  describe  events 3  yaml  tree  inventory 12  build 12  variables 4  |
//! |>state        x failed  since 2h                                                |
//! | waits for    Kustomization/flux-system/infrastructure-configs  x failed        |
//! | …                                                                              |
//! +--------------------------------------------------------------------------------+
//! ```

mod built;
pub(super) mod events;
pub(super) mod family;
mod inventory;
pub(super) mod load;
pub(super) mod overview;
mod pods;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::sync::Arc;

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::app::{Action, Ask, CommandTarget, Motion, MotionHint, Scene, View};
use crate::cluster::Event;
use crate::describe::{DescribedWith, describe};
use crate::kinds;
use crate::model::{Env, Kind, ObjectRef, Row};
use crate::repo::Snapshot;
use crate::theme::Scope;
use crate::views::parts::loaded::Loaded;
use crate::views::parts::page::{Page, PageLine, SearchKey, SharedLines};
use crate::views::parts::paged::{Paged, follow};
use crate::views::parts::tabs::{self, TabLabel};
use family::Family;
use load::{Answer, Whole};
use pods::PodsOf;

/// Names a tab of the detail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tab {
    /// Its state, with the reason.
    #[default]
    Overview,
    /// Its description, as `kubectl describe` prints it.
    Describe,
    /// Its recent events.
    Events,
    /// The YAML of the object.
    Yaml,
    /// Its origin, and the objects that it creates.
    Tree,
    /// The objects that it applied; Kustomizations only.
    Inventory,
    /// The objects that the repository renders for it; Kustomizations only.
    Build,
    /// The variables that Flux puts into them; Kustomizations only.
    Variables,
}

impl Tab {
    const ALL: [Self; 8] = [
        Self::Overview,
        Self::Describe,
        Self::Events,
        Self::Yaml,
        Self::Tree,
        Self::Inventory,
        Self::Build,
        Self::Variables,
    ];

    fn word(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Describe => "describe",
            Self::Events => "events",
            Self::Yaml => "yaml",
            Self::Tree => "tree",
            Self::Inventory => "inventory",
            Self::Build => "build",
            Self::Variables => "variables",
        }
    }
}

/// Shows one object of a cluster.
#[derive(Debug)]
pub struct Detail {
    env: Env,
    object: ObjectRef,
    tab: Tab,
    pages: [Page; 8],
    whole: Loaded<Whole>,
    events: Loaded<Vec<Event>>,
    family: Loaded<Family>,
    pods: Loaded<PodsOf>,
    built: Loaded<built::Built>,
    /// The state of the repository that was built.
    built_of: Option<Arc<Snapshot>>,
    /// The row at the last read: another one means that the object changed.
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
            Tab::Overview | Tab::Events | Tab::Build | Tab::Variables => Page::new(SearchKey::Filters),
        };
        Self {
            env,
            object,
            tab,
            pages: Tab::ALL.map(page),
            whole: Loaded::default(),
            events: Loaded::default(),
            family: Loaded::default(),
            pods: Loaded::default(),
            built: Loaded::default(),
            built_of: None,
            seen: None,
        }
    }

    fn tabs(&self) -> &'static [Tab] {
        let [rest @ .., _, _, _] = &Tab::ALL;
        let lists = kinds::KUSTOMIZATION.is(&self.object);
        if lists { &Tab::ALL } else { rest }
    }

    fn label(&self, tab: Tab, scene: &Scene<'_>) -> String {
        let count = match tab {
            Tab::Events => self.events.value.as_ref().map(Vec::len),
            Tab::Inventory => overview::row(self.env, &self.object, &self.whole, scene.facts)
                .and_then(|row| row.flux.as_ref().map(|flux| flux.inventory.len())),
            Tab::Build => self.built.value.as_ref().map(|built| built.count),
            Tab::Variables => self.built.value.as_ref().map(|built| built.variable_count),
            Tab::Overview | Tab::Describe | Tab::Yaml | Tab::Tree => None,
        };
        count.map_or_else(|| tab.word().to_owned(), |count| format!("{} {count}", tab.word()))
    }

    /// Reads the tree, or renders the build, once its tab is open.
    fn load_tab(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        match self.tab {
            Tab::Tree if self.family.value.is_none() => vec![Action::Task(family::task(self.env, &self.object))],
            Tab::Build | Tab::Variables => self.load_built(scene),
            _ => Vec::new(),
        }
    }

    /// Renders the build, unless that of the present files was requested already.
    fn load_built(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        let Some(snapshot) = &scene.facts.repository else {
            self.built.fault.clone_from(&scene.facts.repository_fault);
            return Vec::new();
        };
        if self.built_of.as_ref().is_some_and(|known| Arc::ptr_eq(known, snapshot)) {
            return Vec::new();
        }
        self.built_of = Some(Arc::clone(snapshot));
        let name = scene.facts.name(self.env);
        vec![Action::Task(built::task(self.env, name, &self.object, Arc::clone(snapshot)))]
    }
}

/// Returns the path of the field that a line of YAML writes, such as `spec.postBuild.substituteFrom`: its own key, and
/// those above it that are indented less.
fn field_of(line: &PageLine, lines: &[PageLine]) -> Option<String> {
    let place = lines.iter().position(|one| std::ptr::eq(one, line))?;
    let (mut indent, mut keys) = (usize::MAX, Vec::new());
    for above in lines.iter().take(place + 1).rev() {
        let text = above.text();
        let item = text.trim_start_matches([' ', '-']);
        let own = text.len() - item.len();
        let Some((key, _)) = item.split_once(':').filter(|(key, _)| !key.is_empty() && !key.contains(' ')) else {
            continue;
        };
        if own < indent {
            keys.push(key);
            indent = own;
        }
    }
    keys.reverse();
    // Only what is asked for by its owner has topics: the metadata are every object's.
    (keys.first() == Some(&"spec") && keys.len() > 1).then(|| keys.join("."))
}

impl Paged for Detail {
    fn id(&self) -> &'static str {
        "detail"
    }

    fn title(&self, scene: &Scene<'_>) -> String {
        format!("{}  {}", self.object.heading(), scene.facts.name(self.env))
    }

    fn page(&self) -> Option<&Page> {
        self.pages.get(self.tab as usize)
    }

    fn page_mut(&mut self) -> Option<&mut Page> {
        self.pages.get_mut(self.tab as usize)
    }

    fn lines(&self, scene: &Scene<'_>) -> SharedLines {
        match self.tab {
            Tab::Overview => {
                let pods = self.pods.value.as_ref().map(|pods| pods.faults(self.env, scene.facts)).unwrap_or_default();
                overview::lines(self.env, &self.object, &self.whole, &self.events, pods, scene.facts).into()
            }
            Tab::Events => events::lines(&self.events, scene.facts.now_in(self.env)).into(),
            Tab::Describe => match &self.whole.value {
                Some(whole) => {
                    let events = self.events.value.as_deref().unwrap_or_default();
                    let pods = self.pods.value.as_ref().map(|pods| pods.values.as_slice());
                    let with = DescribedWith { events, pods };
                    let text = describe(&self.object, &whole.value, with, scene.facts.now_in(self.env));
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
            Tab::Build => match &self.built.value {
                Some(built) => built.objects.clone(),
                None => self.built.in_place().into(),
            },
            Tab::Variables => match &self.built.value {
                Some(built) => built.variables.clone(),
                None => self.built.in_place().into(),
            },
        }
    }

    fn forget_lines(&self) {
        self.pages.iter().for_each(Page::forget_lines);
    }

    fn load(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        self.seen = scene.facts.row(self.env, &self.object).cloned();
        let mut actions: Vec<Action> = load::tasks(self.env, &self.object).into_iter().map(Action::Task).collect();
        actions.extend(pods::task(self.env, &self.object).map(Action::Task));
        if self.tab == Tab::Tree {
            actions.push(Action::Task(family::task(self.env, &self.object)));
        }
        self.built_of = None;
        if matches!(self.tab, Tab::Build | Tab::Variables) {
            actions.extend(self.load_built(scene));
        }
        actions
    }

    fn changed(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        let row = scene.facts.row(self.env, &self.object);
        if row == self.seen.as_ref() || (row.is_none() && self.whole.gone) {
            // The files may have changed.
            return if matches!(self.tab, Tab::Build | Tab::Variables) { self.load_built(scene) } else { Vec::new() };
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
        let label = |tab: &Tab| TabLabel::new(self.label(*tab, scene), *tab == self.tab);
        let labels: Vec<TabLabel> = self.tabs().iter().map(label).collect();
        tabs::head(frame, inside, &labels, &self.whole.warning(usize::from(inside.width), scene.keymap), scene.theme)
    }

    fn motions(&self) -> &'static [MotionHint] {
        &[MotionHint::TABS, MotionHint::ENVIRONMENT]
    }

    fn env(&self, _scene: &Scene<'_>) -> Option<Env> {
        Some(self.env)
    }

    fn show_environment(&mut self, env: Env, scene: &Scene<'_>) -> Option<Vec<Action>> {
        self.env = env;
        (self.whole, self.events, self.family) = (Loaded::default(), Loaded::default(), Loaded::default());
        (self.pods, self.built) = (Loaded::default(), Loaded::default());
        Some(self.load(scene))
    }

    fn own_motion(&mut self, motion: Motion, scene: &Scene<'_>) -> Option<Vec<Action>> {
        self.tab = tabs::by_motion(self.tabs(), self.tab, motion)?;
        Some(self.load_tab(scene))
    }

    fn open(&mut self, line: Option<&PageLine>, scene: &Scene<'_>) -> Option<Vec<Action>> {
        // A file opens at the line of the definition or the use.
        let at = line.and_then(|line| crate::views::file::open_at(line.link()?, line.place()?, scene.facts));
        let action = at.map(Action::Push).or_else(|| follow(line?, scene));
        Some(action.into_iter().collect())
    }

    fn targets(&self, line: Option<&PageLine>, _scene: &Scene<'_>) -> Vec<CommandTarget> {
        let lists = matches!(self.tab, Tab::Inventory | Tab::Tree | Tab::Build | Tab::Variables);
        // A commit is opened, and everything else is done with the object.
        let is_commit = |link: &&CommandTarget| matches!(link, CommandTarget::Commit(..));
        let object = line.filter(|_| lists).and_then(PageLine::link).filter(|link| !is_commit(link)).cloned();
        vec![object.unwrap_or_else(|| CommandTarget::Object(self.env, self.object.clone()))]
    }

    fn topics(&self, line: Option<&PageLine>, lines: &[PageLine]) -> Vec<String> {
        let Some(line) = line else { return Vec::new() };
        let field = (self.tab == Tab::Yaml).then(|| field_of(line, lines)).flatten();
        let field = field.map(|field| format!("{}.{field}", self.object.kind));
        field.into_iter().chain(line.topics().iter().cloned()).collect()
    }

    fn reply(&mut self, payload: Box<dyn Any + Send>, _scene: &Scene<'_>) -> Vec<Action> {
        let payload = match payload.downcast::<family::FamilyAnswer>().map(|answer| *answer) {
            Ok(family::FamilyAnswer(env, answer)) => {
                if env == self.env {
                    self.family.take(answer.map(Some));
                }
                return Vec::new();
            }
            Err(payload) => payload,
        };
        let payload = match payload.downcast::<pods::Answer>().map(|answer| *answer) {
            Ok(pods::Answer(env, answer)) => {
                if env == self.env {
                    self.pods.take(answer.map(Some));
                }
                return Vec::new();
            }
            Err(payload) => payload,
        };
        let payload = match payload.downcast::<built::BuiltAnswer>().map(|answer| *answer) {
            Ok(built::BuiltAnswer(env, answer)) => {
                if env == self.env {
                    self.built.take(answer.map(Some));
                }
                return Vec::new();
            }
            Err(payload) => payload,
        };
        match payload.downcast::<Answer>().map(|answer| *answer) {
            Ok(Answer::Whole(env, answer)) if env == self.env => self.whole.take(answer),
            Ok(Answer::Events(env, answer)) if env == self.env => self.events.take(answer.map(Some)),
            // The user has changed the environment meanwhile.
            Ok(_) | Err(_) => {}
        }
        Vec::new()
    }
}
