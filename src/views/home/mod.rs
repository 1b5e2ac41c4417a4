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

pub mod flow;
mod tree;

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::app::motion::step;
use crate::app::{Action, Facts, Motion, Scene, Target, Task, View};
use crate::kinds;
use crate::model::{Env, Kind, Link, ObjectRef, PerEnv, State};
use crate::repo::EntryKind;
use crate::repo::git::{Mark, commits_behind};
use crate::theme::Scope;
use crate::widgets::{Scroll, fit, lines, panel, titled, wrap};
use flow::FlowLine;
use tree::{Look, Tree};

/// From this width on two environments are shown side by side.
const PAIR_FROM_WIDTH: u16 = 100;

/// What a note keeps at least, in cells: `next 119m`.
const NOTE_WIDTH: usize = 9;

/// Shows the repository's tree and the environments.
#[derive(Debug, Default)]
pub struct Home {
    tree: Tree,
    tree_selected: usize,
    tree_scroll: Scroll,
    /// 0 is the tree, then the environments in the order in which they are shown.
    focus: usize,
    selected: PerEnv<Option<ObjectRef>>,
    scrolls: PerEnv<Scroll>,
    filter: String,
    /// Files that feed the selected object; folders above them too.
    linked_files: BTreeSet<String>,
    /// Objects that the selected file feeds.
    linked_objects: BTreeSet<(Env, ObjectRef)>,
    /// How far behind HEAD the followed revisions are; `None` while git is asked or does not know them.
    behind: BTreeMap<String, Option<u32>>,
    /// The HEAD that this was asked of.
    behind_of: Option<String>,
    wide: std::cell::Cell<bool>,
}

/// Returns the colour scope of a state.
pub fn state_scope(state: State) -> Scope {
    match state {
        State::Ready => Scope::Ready,
        State::Progressing => Scope::Progressing,
        State::Failed => Scope::Failed,
        State::Waiting => Scope::Waiting,
        State::Suspended => Scope::Suspended,
        State::Unknown => Scope::Unknown,
    }
}

impl Home {
    /// Starts with the environments' folders open and the environment panel focused, as live state is what most look for first.
    pub fn new() -> Self {
        let open = ["clusters", "apps", "infrastructure", "monitoring"].map(str::to_owned).into_iter().collect();
        Self { tree: Tree { open, filter: String::new() }, focus: 1, ..Self::default() }
    }

    /// The environments that are shown, first first.
    fn shown(&self, facts: &Facts) -> Vec<Env> {
        pair(facts, if self.wide.get() { 2 } else { 1 })
    }

    fn focused_env(&self, facts: &Facts) -> Option<Env> {
        let shown = self.shown(facts);
        self.focus.checked_sub(1).and_then(|index| shown.get(index.min(shown.len().saturating_sub(1))).copied())
    }

    fn flow(&self, facts: &Facts, env: Env) -> Vec<FlowLine> {
        let mut lines = flow::lines(facts, env);
        if !self.filter.is_empty() {
            lines.retain(|line| line.object.name.contains(&self.filter) || line.state.word().contains(&self.filter));
        }
        lines
    }

    fn index_of(&self, env: Env, lines: &[FlowLine]) -> usize {
        let selected = self.selected.get(env).and_then(Option::as_ref);
        selected.and_then(|object| lines.iter().position(|line| line.object == *object)).unwrap_or(0)
    }

    fn select(&mut self, env: Env, count: usize, object: Option<ObjectRef>) {
        if self.selected.len() != count {
            self.selected = PerEnv::from_fn(count, |_| None);
            self.scrolls = PerEnv::from_fn(count, |_| Scroll::default());
        }
        if let Some(slot) = self.selected.get_mut(env) {
            *slot = object;
        }
    }

    fn selected_object(&self, facts: &Facts) -> Option<(Env, ObjectRef)> {
        let env = self.focused_env(facts)?;
        let lines = self.flow(facts, env);
        lines.get(self.index_of(env, &lines)).map(|line| (env, line.object.clone()))
    }

    fn selected_path(&self, facts: &Facts) -> Option<(String, EntryKind)> {
        let snapshot = facts.repository.as_ref()?;
        self.tree.visible(snapshot).get(self.tree_selected).map(|entry| (entry.path.to_string(), entry.kind))
    }

    fn move_tree(&mut self, motion: Motion, facts: &Facts) -> Option<Vec<Action>> {
        let snapshot = facts.repository.as_ref()?;
        let visible = self.tree.visible(snapshot);
        if let Some(next) = step(self.tree_selected, visible.len(), self.tree_scroll.page(), motion) {
            self.tree_selected = next;
            return Some(Vec::new());
        }
        let entry = *visible.get(self.tree_selected)?;
        let folder = entry.kind == EntryKind::Directory;
        let open = self.tree.open.contains(&*entry.path);
        match motion {
            Motion::Open if folder => self.tree.toggle(&entry.path),
            Motion::Right if folder && !open => self.tree.toggle(&entry.path),
            Motion::Left if folder && open => self.tree.toggle(&entry.path),
            Motion::Left => {
                let parent = visible.iter().take(self.tree_selected).rposition(|other| other.depth < entry.depth);
                self.tree_selected = parent.unwrap_or(self.tree_selected);
            }
            _ => return None,
        }
        Some(Vec::new())
    }

    fn render_tree(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
        let focus = scene.focus && self.focus == 0;
        let inside = panel(frame, area, "repository", focus, scene.theme);
        let Some(snapshot) = &scene.facts.repository else {
            let text = match &scene.facts.repository_fault {
                Some(fault) => format!("{}: {}. {}", fault.what, fault.why, fault.todo),
                None => "reading...".to_owned(),
            };
            let wrapped: Vec<Line<'_>> = wrap(&text, usize::from(inside.width)).into_iter().map(Line::from).collect();
            frame.render_widget(Paragraph::new(wrapped), inside);
            return;
        };
        let visible = self.tree.visible(snapshot);
        let selected = self.tree_selected.min(visible.len().saturating_sub(1));
        lines(frame, inside, &self.tree_scroll, selected, visible.len(), |index, chosen| {
            visible.get(index).map_or_else(Line::default, |entry| {
                self.tree.line(
                    entry,
                    &Look {
                        facts: scene.facts,
                        theme: scene.theme,
                        width: usize::from(inside.width),
                        selected: chosen && self.focus == 0,
                        linked: self.linked_files.contains(&*entry.path),
                        mark: snapshot.git.as_ref().ok().and_then(|git| git.mark(&entry.path)).map(Mark::letter),
                    },
                )
            })
        });
    }

    fn render_env(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>, env: Env, focus: bool) {
        let colour = scene.facts.environment(env).and_then(|environment| environment.colour.as_deref());
        let own = colour.and_then(|colour| scene.theme.coloured(colour));
        let style = own.unwrap_or_else(|| scene.theme.style(Scope::Title));
        let title = env_title(scene.facts, env, &self.behind);
        let inside = titled(frame, area, &title, style, focus && scene.focus, scene.theme);
        let flow = self.flow(scene.facts, env);
        let width = usize::from(inside.width);
        let mut top = inside;
        if let Some(fault) = scene.facts.trouble(env) {
            let text = format!("{}: {}. {}", fault.what, fault.why, fault.todo);
            let wrapped: Vec<Line<'_>> = wrap(&text, width)
                .into_iter()
                .take(4)
                .map(|text| Line::styled(text, scene.theme.style(Scope::Error)))
                .collect();
            let height = u16::try_from(wrapped.len()).unwrap_or(0).min(inside.height);
            frame.render_widget(Paragraph::new(wrapped), Rect { height, ..inside });
            top = Rect { y: inside.y + height, height: inside.height - height, ..inside };
        }
        if flow.is_empty() {
            let text = self.empty_text(scene.facts, env);
            let wrapped: Vec<Line<'_>> = wrap(&text, width).into_iter().map(Line::from).collect();
            frame.render_widget(Paragraph::new(wrapped), top);
            return;
        }
        let selected = self.index_of(env, &flow);
        // A failing object takes a second line for its message, so lines and objects are not the same count.
        let mut rows: Vec<(usize, bool)> = Vec::new();
        for (index, line) in flow.iter().enumerate() {
            rows.push((index, false));
            if line.message.is_some() {
                rows.push((index, true));
            }
        }
        let selected_row = rows.iter().position(|(index, message)| *index == selected && !message).unwrap_or(0);
        let fallback = Scroll::default();
        let scroll = self.scrolls.get(env).unwrap_or(&fallback);
        lines(frame, top, scroll, selected_row, rows.len(), |row, _| {
            let Some((index, message)) = rows.get(row).copied() else { return Line::default() };
            let Some(line) = flow.get(index) else { return Line::default() };
            if message {
                let text = line.message.as_deref().unwrap_or("");
                let indent = " ".repeat(usize::from(line.depth) * 2 + 5);
                return Line::styled(fit(&format!("{indent}{text}"), width), scene.theme.style(Scope::Error));
            }
            self.flow_line(line, env, index == selected && focus, width, scene)
        });
    }

    fn flow_line(&self, line: &FlowLine, env: Env, selected: bool, width: usize, scene: &Scene<'_>) -> Line<'static> {
        let theme = scene.theme;
        let key = (env, line.object.clone());
        let linked = self.linked_objects.contains(&key);
        let marked = scene.facts.marked.contains(&key);
        let (sign, sign_scope) = match (selected, marked, linked) {
            (true, false, _) => (">", Scope::Selection),
            (true, true, _) => ("}", Scope::Marked),
            (false, true, _) => ("+", Scope::Marked),
            (false, false, true) => ("*", Scope::Linked),
            (false, false, false) => (" ", Scope::Text),
        };
        let name_scope = if selected {
            Scope::Selection
        } else if marked {
            Scope::Marked
        } else if linked {
            Scope::Linked
        } else {
            Scope::Text
        };
        let indent = " ".repeat(usize::from(line.depth) * 2);
        // The name comes first: a note that is longer than what the name leaves is cut, but never below a time's width.
        let name_width = unicode_width::UnicodeWidthStr::width(line.object.name.as_str());
        let note = fit(&line.note, width.saturating_sub(5 + indent.len() + name_width).max(NOTE_WIDTH));
        let used = 1 + indent.len() + 2 + 1;
        let room = width.saturating_sub(used + unicode_width::UnicodeWidthStr::width(note.as_str()) + 1);
        let name = fit(&line.object.name, room);
        let gap = " ".repeat(room.saturating_sub(unicode_width::UnicodeWidthStr::width(name.as_str())) + 1);
        let state = theme.style(state_scope(line.state));
        Line::from(vec![
            Span::styled(sign, theme.style(sign_scope)),
            Span::raw(indent),
            Span::styled(format!("{} ", line.state.sign()), state),
            Span::styled(name, theme.style(name_scope)),
            Span::raw(gap),
            Span::styled(note, if line.state == State::Ready { theme.style(Scope::Dim) } else { state }),
        ])
    }

    fn empty_text(&self, facts: &Facts, env: Env) -> String {
        if !self.filter.is_empty() {
            return format!("nothing matches `{}`; / and esc show all again", self.filter);
        }
        let link = kinds::find("Kustomization").and_then(|kind| facts.table(env, kind)).map(|table| &table.link);
        match link {
            Some(Link::Live) => "no Kustomization yet: `flux bootstrap` makes the first, in clusters/".to_owned(),
            Some(Link::Absent) => "Flux is not installed here: `flux install` or `flux bootstrap` brings it".to_owned(),
            Some(Link::Syncing { .. } | Link::Connecting) | None if facts.trouble(env).is_none() => {
                "connecting...".to_owned()
            }
            _ => String::new(),
        }
    }

    /// Finds what the selection is linked with: the objects that a file feeds, the files that an object is made from.
    fn link(&mut self, facts: &Facts) {
        self.linked_files.clear();
        self.linked_objects.clear();
        let Some(snapshot) = &facts.repository else { return };
        if self.focus == 0 {
            let Some((path, _)) = self.selected_path(facts) else { return };
            for feed in snapshot.fed_by(&path) {
                let Some(env) = facts.find_environment(&feed.env) else { continue };
                let kustomization = kinds::KUSTOMIZATION.object(&feed.namespace, &feed.name);
                self.linked_objects.insert((env, kustomization));
                let declared = feed.declared.iter().filter(|declared| declared.file == path);
                self.linked_objects.extend(declared.map(|declared| (env, declared.object.clone())));
            }
        } else if let Some((env, object)) = self.selected_object(facts) {
            for file in snapshot.files_of(facts.name(env), &object) {
                let folders = file.match_indices('/').filter_map(|(index, _)| file.get(..index));
                self.linked_files.extend(folders.map(str::to_owned));
                self.linked_files.insert(file.to_owned());
            }
        }
    }

    /// Asks git how many commits lie between the revisions that the clusters follow and HEAD, once for each revision and HEAD.
    fn ask_how_far_behind(&mut self, facts: &Facts) -> Vec<Action> {
        let Some(snapshot) = &facts.repository else { return Vec::new() };
        // Before git has told the commit, and where there is none yet, nothing is behind it.
        let Some(head) = snapshot.git.as_ref().ok().and_then(|git| git.commit.clone()) else { return Vec::new() };
        if self.behind_of.as_ref() != Some(&head) {
            self.behind.clear();
            self.behind_of = Some(head);
        }
        let mut asked = Vec::new();
        for (env, _) in facts.environments.iter() {
            let Some(revision) = followed(facts, env) else { continue };
            if self.behind.contains_key(&revision) {
                continue;
            }
            self.behind.insert(revision.clone(), None);
            let root = snapshot.root.clone();
            asked.push(Action::Task(Task::blocking("commits behind", move |_| {
                let commits = commits_behind(&root, &revision);
                Behind { revision, commits }
            })));
        }
        asked
    }
}

/// Returns the first environment that is shown and those after it, as many as there is room for.
fn pair(facts: &Facts, room: usize) -> Vec<Env> {
    let count = facts.environments.len();
    (0..room.min(count)).map(|offset| Env(u8::try_from((facts.shown.index() + offset) % count).unwrap_or(0))).collect()
}

/// Writes an environment panel's title: name, applied revision, how far behind the repository it is.
fn env_title(facts: &Facts, env: Env, behind: &BTreeMap<String, Option<u32>>) -> String {
    let mut title = facts.name(env).to_owned();
    if let Some(revision) = followed(facts, env) {
        title.push_str("  ");
        title.push_str(&kinds::short_revision(&revision));
        match behind.get(&revision).copied().flatten() {
            Some(1) => title.push_str(", 1 commit behind"),
            Some(count) if count > 1 => title.extend([", ", &count.to_string(), " commits behind"]),
            _ => {}
        }
    }
    title
}

/// Returns the revision that an environment's source has fetched; of `flux-system` where there are several.
fn followed(facts: &Facts, env: Env) -> Option<String> {
    let table = facts.table(env, kinds::find("GitRepository")?)?;
    let row = table.rows.values().find(|row| &*row.key.name == "flux-system").or_else(|| table.rows.values().next())?;
    row.flux.as_ref().map(|flux| flux.revision.clone()).filter(|revision| !revision.is_empty())
}

/// Tells how many commits a revision is behind HEAD.
struct Behind {
    revision: String,
    commits: Option<u32>,
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
        let shown = self.shown(scene.facts);
        let tree_width = if area.width >= 160 {
            46
        } else if area.width >= PAIR_FROM_WIDTH {
            32
        } else {
            28
        };
        let [tree_area, rest] = Layout::horizontal([Constraint::Length(tree_width), Constraint::Fill(1)]).areas(area);
        self.render_tree(frame, tree_area, scene);
        if shown.is_empty() {
            let inside = panel(frame, rest, "environments", false, scene.theme);
            let text = if scene.facts.repository.is_some() || scene.facts.repository_fault.is_some() {
                "no environment: fluxdeck looks for folders below clusters/ of the repository; `fluxdeck info` shows where it looked"
            } else {
                "looking for environments..."
            };
            let wrapped: Vec<Line<'_>> = wrap(text, usize::from(inside.width)).into_iter().map(Line::from).collect();
            frame.render_widget(Paragraph::new(wrapped), inside);
            return;
        }
        let areas = Layout::horizontal(shown.iter().map(|_| Constraint::Fill(1))).split(rest);
        for (index, (env, area)) in shown.iter().zip(areas.iter()).enumerate() {
            let focus = self.focus == index + 1 || (self.focus > shown.len() && index + 1 == shown.len());
            self.render_env(frame, *area, scene, *env, focus);
        }
    }

    fn motion(&mut self, motion: Motion, scene: &Scene<'_>) -> Option<Vec<Action>> {
        let facts = scene.facts;
        let panels = self.shown(facts).len() + 1;
        match motion {
            Motion::NextPanel => self.focus = (self.focus + 1) % panels,
            Motion::PreviousPanel => self.focus = (self.focus + panels - 1) % panels,
            Motion::Panel(number) => self.focus = usize::from(number.saturating_sub(1)).min(panels - 1),
            Motion::Mark => {
                let (env, object) = self.selected_object(facts)?;
                return Some(vec![Action::Mark(env, object)]);
            }
            _ if self.focus == 0 => return self.move_tree(motion, facts),
            _ => {
                let env = self.focused_env(facts)?;
                let flow = self.flow(facts, env);
                let page = self.scrolls.get(env).map_or(10, Scroll::page);
                let next = step(self.index_of(env, &flow), flow.len(), page, motion)?;
                let object = flow.get(next).map(|line| line.object.clone());
                self.select(env, facts.environments.len(), object);
            }
        }
        Some(Vec::new())
    }

    fn rested(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        self.link(scene.facts);
        self.ask_how_far_behind(scene.facts)
    }

    fn reply(&mut self, payload: Box<dyn Any + Send>, _scene: &Scene<'_>) -> Vec<Action> {
        if let Ok(behind) = payload.downcast::<Behind>() {
            self.behind.insert(behind.revision, behind.commits);
        }
        Vec::new()
    }

    fn watches(&self, scene: &Scene<'_>) -> Vec<(Env, &'static Kind)> {
        // The pair, even where only one of it has room: the other is a key away.
        let pair = pair(scene.facts, 2).into_iter();
        pair.filter_map(|env| Some((env, kinds::find("Deployment")?))).collect()
    }

    fn targets(&self, scene: &Scene<'_>) -> Vec<Target> {
        let facts = scene.facts;
        if self.focus == 0 {
            return match self.selected_path(facts) {
                Some((_, EntryKind::Directory)) | None => Vec::new(),
                Some((path, _)) => vec![Target::File(facts.environment_of(&path), path)],
            };
        }
        // Only marks that can be seen count: what is filtered or paged out of sight must not be acted on.
        let visible: Vec<Target> = self
            .shown(facts)
            .into_iter()
            .flat_map(|env| self.flow(facts, env).into_iter().map(move |line| (env, line.object)))
            .filter(|key| facts.marked.contains(key))
            .map(|(env, object)| Target::Object(env, object))
            .collect();
        if visible.is_empty() {
            self.selected_object(facts).map(|(env, object)| Target::Object(env, object)).into_iter().collect()
        } else {
            visible
        }
    }

    fn filter(&mut self, text: &str, _scene: &Scene<'_>) -> bool {
        if self.focus == 0 {
            text.clone_into(&mut self.tree.filter);
            self.tree_selected = 0;
        } else {
            text.clone_into(&mut self.filter);
        }
        true
    }
}
