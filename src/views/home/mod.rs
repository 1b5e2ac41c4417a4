//! Home: the repository beside the environments.
//!
//! ```text
//! +>repository -----------+ staging  main@dc5f039 ----------+ production  main@9f1c2aa --------+
//! | v apps                | = flux-system          next <1m | = flux-system          next <1m  |
//! |   v production        | = infrastructure       next  6m | x infrastructure  failed, retry  |
//! |>      kustomization M |*= apps                 next  7m |     certificate wildcard: DNS    |
//! |       secret.yaml [p] |   = immich    0.10.3            |*. apps       waits on infra…     |
//! +-----------------------+---------------------------------+----------------------------------+
//! ```

mod applied;
mod behind;
mod environment;
#[cfg(test)]
mod fault_tests;
pub mod flow;
mod links;
mod next;
mod outlook;
mod repository;
#[cfg(test)]
mod tests;
mod tree;

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::widgets::Paragraph;
use crate::widgets::StyledLine;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

use crate::app::{Action, CommandTarget, Facts, Motion, Scene, View};
use crate::kinds;
use crate::model::{Env, Kind, ObjectRef, PerEnv, work};
use crate::repo::EntryKind;
use crate::widgets::{panel, wrap};
use applied::AppliedCommits;
use behind::Behind;
use environment::{Environment, PanelContext, PanelItem};
use flow::FlowLine;
use links::Links;
use outlook::Outlook;
use repository::Repository;

/// The least width for two environments side by side.
const PAIR_FROM_WIDTH: u16 = 100;

/// The least width for two panels: below it there is room only for the one with the focus.
const TWO_PANELS_FROM_WIDTH: u16 = 60;

/// Shows the repository's tree and the environments.
#[derive(Debug, Default)]
pub struct Home {
    repository: Repository,
    environments: PerEnv<Environment>,
    /// Whether the tree has the focus; else it is on the focused environment of the facts.
    in_tree: bool,
    /// The first of the two environments on the screen: it scrolls with the focus, and never wraps around.
    first: Cell<usize>,
    filter: String,
    links: Links,
    behind: Behind,
    wide: Cell<bool>,
    /// The lines of each environment until the facts change: a key reads them many times.
    flows: RefCell<PerEnv<Option<Arc<[FlowLine]>>>>,
    /// The outlooks below them, until the facts change.
    outlooks: RefCell<BTreeMap<Env, Arc<Outlook>>>,
    applied: AppliedCommits,
    /// Whether each panel had room for an outlook at the last drawing: its kinds are watched only then.
    has_room: RefCell<BTreeMap<Env, bool>>,
}

/// Returns the environments with a panel: all, or the one that the user chose.
fn shown_environments(facts: &Facts) -> Vec<Env> {
    facts.only.map_or_else(|| facts.environments.iter().map(|(env, _)| env).collect(), |env| vec![env])
}

impl Home {
    /// Starts with the focus on the first environment, as most users look for the live state first.
    pub fn new() -> Self {
        Self { repository: Repository::new(), ..Self::default() }
    }

    /// Returns the shown environments in their order: the focused one, and its neighbour if there is room.
    fn shown(&self, facts: &Facts) -> Vec<Env> {
        if self.wide.get() { self.pair(facts) } else { focused(facts).into_iter().collect() }
    }

    /// Returns the focused environment and the neighbour beside it, scrolled only as far as the focus needs.
    fn pair(&self, facts: &Facts) -> Vec<Env> {
        let chosen = shown_environments(facts);
        let focus = chosen.iter().position(|env| *env == facts.focused).unwrap_or_default();
        let room = chosen.len().min(2);
        let first = self.first.get().min(focus).max((focus + 1).saturating_sub(room)).min(chosen.len() - room);
        self.first.set(first);
        chosen.into_iter().skip(first).take(room).collect()
    }

    fn focused_env(&self, facts: &Facts) -> Option<Env> {
        focused(facts).filter(|_| !self.in_tree)
    }

    /// Moves the focus to a panel: 0 is the tree, then the environments in their order; nowhere if there is none.
    fn focus(&mut self, panel: usize, facts: &Facts) -> Vec<Action> {
        let env = panel.checked_sub(1).and_then(|index| shown_environments(facts).get(index).copied());
        if let Some(env) = env {
            self.in_tree = false;
            return vec![Action::Focus(env)];
        }
        self.in_tree |= panel == 0;
        Vec::new()
    }

    /// Moves the focus along the screen: the tree, then the environments shown.
    fn focus_next_panel(&mut self, forward: bool, facts: &Facts) -> Vec<Action> {
        let shown = self.shown(facts);
        let at = self.focused_env(facts).and_then(|env| shown.iter().position(|one| *one == env));
        let (at, panels) = (at.map_or(0, |index| index + 1), shown.len() + 1);
        let next = (at + if forward { 1 } else { panels - 1 }) % panels;
        let env = next.checked_sub(1).and_then(|index| shown.get(index));
        let panel = env
            .and_then(|env| shown_environments(facts).iter().position(|one| one == env))
            .map_or(0, |index| index + 1);
        self.focus(panel, facts)
    }

    /// Moves the focus along all environments; from the tree into the last one that had it.
    fn focus_next_environment(&mut self, forward: bool, facts: &Facts) -> Vec<Action> {
        let chosen = shown_environments(facts);
        let count = chosen.len().max(1);
        let at = chosen.iter().position(|env| *env == facts.focused).unwrap_or_default();
        let by = match (self.in_tree, forward) {
            (true, _) => 0,
            (false, true) => 1,
            (false, false) => count - 1,
        };
        self.focus((at + by) % count + 1, facts)
    }

    fn flow(&self, facts: &Facts, env: Env) -> Arc<[FlowLine]> {
        let mut flows = self.flows.borrow_mut();
        if flows.len() != facts.environments.len() {
            *flows = PerEnv::from_fn(facts.environments.len(), |_| None);
        }
        if let Some(known) = flows.get(env).and_then(Option::as_ref) {
            return Arc::clone(known);
        }
        let mut lines = flow::lines(facts, env);
        work::count(lines.len());
        if !self.filter.is_empty() {
            let wanted = self.filter.to_lowercase();
            lines.retain(|line| line.name.contains(&wanted) || line.state.word().contains(&wanted));
        }
        let lines: Arc<[FlowLine]> = lines.into();
        if let Some(slot) = flows.get_mut(env) {
            *slot = Some(Arc::clone(&lines));
        }
        lines
    }

    fn forget_flows(&mut self) {
        *self.flows.get_mut() = PerEnv::default();
        self.outlooks.get_mut().clear();
    }

    fn outlook(&self, facts: &Facts, env: Env) -> Arc<Outlook> {
        let mut outlooks = self.outlooks.borrow_mut();
        let outlook = outlooks.entry(env).or_insert_with(|| {
            // The lines that the filter hides count, too: they are shown again without it.
            let flow = flow::lines(facts, env);
            work::count(flow.len());
            Arc::new(Outlook::of(facts, env, &flow, &self.applied))
        });
        Arc::clone(outlook)
    }

    fn selected_item(&self, facts: &Facts) -> Option<(Env, PanelItem)> {
        let env = self.focused_env(facts)?;
        let flow = self.flow(facts, env);
        let untouched = || flow.first().map(|line| PanelItem::Object(line.object.clone()));
        let selected = self.environments.get(env).map_or_else(untouched, |environment| environment.selected(&flow));
        selected.map(|item| (env, item))
    }

    fn selected_object(&self, facts: &Facts) -> Option<(Env, ObjectRef)> {
        let (env, item) = self.selected_item(facts)?;
        item.object().map(|object| (env, object.clone()))
    }

    /// Makes a panel for each environment, once they are known or are others.
    fn size(&mut self, facts: &Facts) {
        let count = facts.environments.len();
        if self.environments.len() != count {
            self.environments = PerEnv::from_fn(count, |_| Environment::default());
        }
    }

    fn move_in_environment(&mut self, motion: Motion, facts: &Facts) -> Option<()> {
        let env = self.focused_env(facts)?;
        let flow = self.flow(facts, env);
        self.size(facts);
        self.environments.get_mut(env)?.go(&flow, motion)
    }

    fn render_environments(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
        let facts = scene.facts;
        let shown = self.shown(facts);
        if shown.is_empty() {
            let inside = panel(frame, area, "environments", false, scene.theme);
            let text = match (&facts.repository, &facts.repository_fault) {
                (Some(snapshot), _) => {
                    let fault = snapshot.looked.nothing();
                    let todo = scene.keymap.written(&fault.todo);
                    format!("{}\n\nwhy: {}\n\nwhat to do: {todo}", fault.what, fault.why)
                }
                (None, Some(_)) => "no environment: there is no repository here, and the settings name none; `fluxdeck info` shows where it looked".to_owned(),
                (None, None) => "looking for environments...".to_owned(),
            };
            let lines = text.lines().flat_map(|line| wrap(line, usize::from(inside.width)));
            let wrapped: Vec<StyledLine<'_>> = lines.map(StyledLine::from).collect();
            frame.render_widget(Paragraph::new(wrapped), inside);
            return;
        }
        let untouched = Environment::default();
        let areas = Layout::horizontal(shown.iter().map(|_| Constraint::Fill(1))).split(area);
        for (env, area) in shown.iter().zip(areas.iter()) {
            let flow = self.flow(facts, *env);
            let lines: &[FlowLine] = if scene.has_marks(*env) { &flow } else { &[] };
            let seen = lines.iter().filter(|line| scene.is_marked(*env, &line.object)).count();
            let outlook = || self.outlook(facts, *env);
            let look = PanelContext {
                env: *env,
                title: self.behind.title(facts, *env, &scene.marked_word(*env, seen), area.width),
                outlook: &outlook,
                flow: &flow,
                filter: &self.filter,
                focus: self.focused_env(facts) == Some(*env),
                linked: &self.links.objects,
            };
            let has_room = self.environments.get(*env).unwrap_or(&untouched).render(frame, *area, scene, &look);
            self.has_room.borrow_mut().insert(*env, has_room);
        }
    }
}

/// Returns the focused environment; `None` if none is known.
fn focused(facts: &Facts) -> Option<Env> {
    facts.environment(facts.focused).map(|environment| environment.env)
}

impl View for Home {
    fn id(&self) -> &'static str {
        "home"
    }

    fn title(&self, _scene: &Scene<'_>) -> String {
        "home".to_owned()
    }

    fn render(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
        self.wide.set(area.width >= PAIR_FROM_WIDTH);
        let tree_width = match area.width {
            160.. => 46,
            PAIR_FROM_WIDTH.. => 32,
            _ => 28,
        };
        if area.width < TWO_PANELS_FROM_WIDTH {
            return if self.in_tree {
                self.repository.render(frame, area, scene, true, &self.links.files);
            } else {
                self.render_environments(frame, area, scene);
            };
        }
        let [tree, rest] = Layout::horizontal([Constraint::Length(tree_width), Constraint::Fill(1)]).areas(area);
        self.repository.render(frame, tree, scene, self.in_tree, &self.links.files);
        self.render_environments(frame, rest, scene);
    }

    fn changed(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        self.forget_flows();
        self.size(scene.facts);
        self.applied.ask(scene.facts)
    }

    fn motion(&mut self, motion: Motion, scene: &Scene<'_>) -> Option<Vec<Action>> {
        let facts = scene.facts;
        match motion {
            Motion::NextPanel | Motion::PreviousPanel => {
                return Some(self.focus_next_panel(motion == Motion::NextPanel, facts));
            }
            Motion::Panel(number) => return Some(self.focus(usize::from(number.saturating_sub(1)), facts)),
            Motion::NextEnvironment | Motion::PreviousEnvironment => {
                return Some(self.focus_next_environment(motion == Motion::NextEnvironment, facts));
            }
            Motion::Mark => {
                let (env, object) = self.selected_object(facts)?;
                return Some(vec![Action::Mark(env, object)]);
            }
            _ if self.in_tree => self.repository.motion(motion, facts)?,
            _ => self.move_in_environment(motion, facts)?,
        }
        Some(Vec::new())
    }

    fn rested(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        self.links = if self.in_tree {
            self.repository.selected(scene.facts).map(|(path, _)| Links::of_path(&path, scene.facts))
        } else {
            self.selected_object(scene.facts).map(|(env, object)| Links::of_object(env, &object, scene.facts))
        }
        .unwrap_or_default();
        self.behind.ask(scene.facts)
    }

    fn reply(&mut self, payload: Box<dyn Any + Send>, _scene: &Scene<'_>) -> Vec<Action> {
        if let Err(payload) = self.applied.answer(payload) {
            self.behind.answer(payload);
        }
        self.forget_flows();
        Vec::new()
    }

    fn watches(&self, scene: &Scene<'_>) -> Vec<(Env, &'static Kind)> {
        // Both are watched, even if only one has room: the other is a key away.
        let facts = scene.facts;
        let judged = || kinds::WORKLOADS.iter().copied().chain(std::iter::once(kinds::NODE));
        let mut watched: Vec<(Env, &'static Kind)> = Vec::new();
        for env in self.pair(facts) {
            watched.extend(judged().map(|kind| (env, kind)));
            // Pods have the reason why a workload is not ready; while all are ready, thousands of pods need not be
            // read.
            let is_unwell =
                facts.health(env).and_then(|health| health.workloads).is_some_and(|share| !share.is_whole());
            watched.extend((is_unwell || outlook::has_warned_of_pods(facts, env)).then_some((env, kinds::POD)));
            // The kinds of the outlook come last, and only if there is room for it.
            let is_listed = facts.table(env, kinds::KUSTOMIZATION).is_some_and(|table| table.link.is_listed());
            let has_room = self.has_room.borrow().get(&env).copied().unwrap_or(true);
            if is_listed && has_room {
                watched.extend(kinds::BESIDE.iter().map(|kind| (env, *kind)));
            }
        }
        watched
    }

    fn targets(&self, scene: &Scene<'_>) -> Vec<CommandTarget> {
        let facts = scene.facts;
        if self.in_tree {
            return match self.repository.selected(facts) {
                Some((_, EntryKind::Directory)) | None => Vec::new(),
                Some((path, _)) => vec![CommandTarget::File(facts.environment_of(&path), path)],
            };
        }
        let selected = self.selected_item(facts).map(|(env, item)| match item {
            PanelItem::Object(object) => CommandTarget::Object(env, object),
            PanelItem::Commit(hash) => CommandTarget::Commit(Some(env), hash),
        });
        // A panel without a line still selects its environment: commands on it can repair its connection.
        selected.or_else(|| self.focused_env(facts).map(CommandTarget::Environment)).into_iter().collect()
    }

    fn marked(&self, scene: &Scene<'_>) -> Vec<CommandTarget> {
        // Marks are rare: without one, the lines need not be visited.
        let Some(env) = self.focused_env(scene.facts).filter(|env| scene.has_marks(*env)) else { return Vec::new() };
        let flow = self.flow(scene.facts, env);
        let marked = flow.iter().filter(|line| scene.is_marked(env, &line.object));
        marked.map(|line| CommandTarget::Object(env, line.object.clone())).collect()
    }

    fn env(&self, scene: &Scene<'_>) -> Option<Env> {
        focused(scene.facts)
    }

    fn filter(&mut self, text: &str, scene: &Scene<'_>) -> bool {
        // Only one filter applies: that of the panel in which the user typed it.
        let (tree, flows) = if self.in_tree { (text, "") } else { ("", text) };
        self.repository.filter(tree, scene.facts);
        flows.clone_into(&mut self.filter);
        self.forget_flows();
        true
    }

    fn filtered(&self, scene: &Scene<'_>) -> Option<(usize, usize)> {
        let facts = scene.facts;
        let of_flows = || {
            let env = focused(facts)?;
            Some((self.flow(facts, env).len(), flow::lines(facts, env).len()))
        };
        if self.filter.is_empty() { self.repository.filtered(facts) } else { of_flows() }
    }
}
