//! An environment's panel: its Flux objects in deployment order.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::sync::Arc;

use ratatui::Frame;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::behind::PanelTitle;
use super::flow::FlowLine;
use super::next::{self, NextStep};
use super::outlook::{Outlook, OutlookLine};
use crate::app::health::{Gravity, Problem, state_scope};
use crate::app::motion::step;
use crate::app::{Facts, Motion, Scene};
use crate::kinds;
use crate::model::signs;
use crate::model::{Connection, Env, ObjectRef, State, work};
use crate::theme::Scope;
use crate::views::parts::abridged::{abridged, wrapped};
use crate::views::parts::kept::{Kept, SameValue};
use crate::widgets::{Paragraph, Scroll, Span, StyledLine, fit, fit_middle, fit_unfinished, footed, lines, wrap};

/// The least width of a note, in cells: `next 119m`.
const NOTE_WIDTH: usize = 9;

/// The least width of a line with the kind and the age of its object.
const DETAIL_FROM_WIDTH: usize = 64;

/// The most lines of a failing object's message and next step if the room is too small for all: the beginning of the
/// message and its end, which has the cause, so that the neighbours stay in sight.
const MESSAGE_LINES: usize = 3;

/// The least height of a panel with an outlook below its lines; a small terminal shows only the lines.
const OUTLOOK_FROM_HEIGHT: u16 = 21;

/// The most lines of a note below its line.
const NOTE_LINES: usize = 2;

/// The lines of a panel, and the width and height that they are laid out for.
type LinesInRoom = (SameValue<[FlowLine]>, (usize, usize));

/// Names what a panel's line is about, which can be selected and opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PanelItem {
    /// An object of the cluster.
    Object(ObjectRef),
    /// A commit, by its hash.
    Commit(String),
}

impl PanelItem {
    /// Returns the object, if it is one.
    pub(super) fn object(&self) -> Option<&ObjectRef> {
        match self {
            Self::Object(object) => Some(object),
            Self::Commit(_) => None,
        }
    }
}

/// Keeps the selection in an environment's panel.
#[derive(Debug, Default)]
pub(super) struct Environment {
    /// The selected item; `None` means the first line.
    selected: Option<PanelItem>,
    /// The scroll position of the panel.
    pub scroll: Scroll,
    /// The last place of the selected object.
    place: Cell<usize>,
    /// The rows of the lines, for a room.
    rows: Kept<LinesInRoom, Vec<PanelRow>>,
    /// The objects above and below the lines, as they were drawn last.
    around: RefCell<Around>,
}

/// Lists what a panel shows without a line of its own in the deployment order; it is selected like the lines.
#[derive(Debug, Default)]
struct Around {
    /// The objects with a fault, above the lines.
    above: Vec<PanelItem>,
    /// The objects and commits of the outlook, below the lines.
    below: Vec<PanelItem>,
}

/// One row of a panel: a line, or a part of the message below it.
#[derive(Debug)]
struct PanelRow {
    line: usize,
    part: RowPart,
}

/// Names the part of a line that a row shows.
#[derive(Debug)]
enum RowPart {
    /// The object itself.
    Object,
    /// A part of its note, if that has no room beside its name.
    Note(String),
    /// A part of its fault.
    Message(String),
    /// The next step for it.
    Next(NextStep),
}

/// Holds the input of drawing a panel.
pub(super) struct PanelContext<'a> {
    /// The environment.
    pub env: Env,
    /// The texts in the panel's border.
    pub title: PanelTitle,
    /// The outlook below the lines, if there is room.
    pub outlook: &'a dyn Fn() -> Arc<Outlook>,
    /// The lines.
    pub flow: &'a Arc<[FlowLine]>,
    /// The filter of its lines.
    pub filter: &'a str,
    /// Whether keys go to it.
    pub focus: bool,
    /// The objects that the selected file feeds.
    pub linked: &'a BTreeSet<(Env, ObjectRef)>,
}

impl Environment {
    /// Returns the index of the selected line; the first one if its object is gone.
    fn index(&self, flow: &[FlowLine]) -> usize {
        let Some(object) = self.selected.as_ref().and_then(PanelItem::object) else { return 0 };
        let is_here = |place: &usize| flow.get(*place).is_some_and(|line| line.object == *object);
        if let Some(here) = Some(self.place.get()).filter(is_here) {
            return here;
        }
        work::count(flow.len());
        let found = flow.iter().position(|line| line.object == *object).unwrap_or(0);
        self.place.set(found);
        found
    }

    /// Returns the place of the selection among all that can be selected: what is above the lines, the lines, and what is below them.
    fn position(&self, flow: &[FlowLine]) -> usize {
        let around = self.around.borrow();
        let place = |items: &[PanelItem]| {
            let selected = self.selected.as_ref()?;
            items.iter().position(|item| item == selected)
        };
        let below = || place(&around.below).map(|at| around.above.len() + flow.len() + at);
        place(&around.above).or_else(below).unwrap_or_else(|| around.above.len() + self.index(flow))
    }

    /// Returns the item at a place.
    fn item_at(&self, flow: &[FlowLine], position: usize) -> Option<PanelItem> {
        let around = self.around.borrow();
        let Some(in_flow) = position.checked_sub(around.above.len()) else {
            return around.above.get(position).cloned();
        };
        let below = || around.below.get(in_flow.checked_sub(flow.len())?).cloned();
        flow.get(in_flow).map(|line| PanelItem::Object(line.object.clone())).or_else(below)
    }

    /// Returns the selected item.
    pub fn selected(&self, flow: &[FlowLine]) -> Option<PanelItem> {
        self.item_at(flow, self.position(flow))
    }

    /// Moves the selection; `None` if the motion is not one along lines.
    pub fn go(&mut self, flow: &[FlowLine], motion: Motion) -> Option<()> {
        let around = { self.around.borrow().above.len() + self.around.borrow().below.len() };
        let next = step(self.position(flow), around + flow.len(), self.scroll.page(), motion)?;
        self.selected = self.item_at(flow, next);
        self.place.set(next.saturating_sub(self.around.borrow().above.len()));
        Some(())
    }

    /// Lays lines out: a failing object has rows of its own for its message and the next step, so rows and objects
    /// differ in number.
    fn rows(&self, flow: &Arc<[FlowLine]>, room: (usize, usize)) -> Arc<Vec<PanelRow>> {
        self.rows.get_or_make((SameValue::new(flow), room), || {
            work::count(flow.len());
            let (width, height) = room;
            let texts: Vec<Vec<String>> = flow.iter().map(|line| message_lines(line, width)).collect();
            let below = |line: &FlowLine| {
                let note = if note_of(line, width).1 { NOTE_LINES } else { 0 };
                note + usize::from(line.next.is_some())
            };
            let whole = flow.iter().zip(&texts).map(|(line, text)| 1 + text.len() + below(line));
            let has_room = whole.sum::<usize>() <= height;
            let mut rows = Vec::with_capacity(flow.len());
            for (line, (shown, text)) in flow.iter().zip(texts).enumerate() {
                rows.push(PanelRow { line, part: RowPart::Object });
                let indent = " ".repeat(indent_of(shown));
                // The reason that it waits or is suspended is the news: if it does not fit beside the name, it is
                // below.
                if note_of(shown, width).1 {
                    let note = wrap(&shown.note, width.saturating_sub(indent.len()).max(10));
                    let note = note.into_iter().take(NOTE_LINES).map(|part| RowPart::Note(format!("{indent}{part}")));
                    rows.extend(note.map(|part| PanelRow { line, part }));
                }
                let most = MESSAGE_LINES - usize::from(shown.next.is_some());
                let message = shown.message.as_deref().filter(|_| !has_room);
                let text =
                    message.map_or(text, |message| abridged(message, most, width.saturating_sub(indent.len()).max(10)));
                let text = text.into_iter().map(|part| RowPart::Message(format!("{indent}{part}")));
                rows.extend(text.map(|part| PanelRow { line, part }));
                rows.extend(shown.next.map(|next| PanelRow { line, part: RowPart::Next(next) }));
            }
            rows
        })
    }

    /// Draws the panel; tells whether it has room for more than its lines.
    pub fn render(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>, look: &PanelContext<'_>) -> bool {
        let colour = scene.facts.environment(look.env).and_then(|environment| environment.colour.as_deref());
        let own = colour.and_then(|colour| scene.theme.coloured(colour));
        let style = own.unwrap_or_else(|| scene.theme.style(Scope::Title));
        let (title, foot) = (look.title.title.as_str(), look.title.foot.as_str());
        let inside = footed(frame, area, (title, style), foot, look.focus && scene.focus, scene.theme);
        let width = usize::from(inside.width);
        *self.around.borrow_mut() = Around::default();
        let top = self.trouble(frame, inside, scene, look);
        if look.flow.is_empty() {
            let text = scene.keymap.written(&empty_text(scene.facts, look)).into_owned();
            let wrapped: Vec<StyledLine<'_>> = wrap(&text, width).into_iter().map(StyledLine::from).collect();
            frame.render_widget(Paragraph::new(wrapped), top);
            return false;
        }
        let rows = self.rows(look.flow, (width, usize::from(top.height)));
        let taken = u16::try_from(rows.len()).unwrap_or(u16::MAX).saturating_add(1);
        let below = Rect { y: top.y.saturating_add(taken), height: top.height.saturating_sub(taken), ..top };
        let has_room = inside.height >= OUTLOOK_FROM_HEIGHT && below.height > 0;
        let outlook = if has_room { (look.outlook)().lines(usize::from(below.height)) } else { Vec::new() };
        let known: BTreeSet<&ObjectRef> = look.flow.iter().map(|line| &line.object).collect();
        let has_line = |item: &&PanelItem| item.object().is_some_and(|object| known.contains(object));
        let mut below_items: Vec<PanelItem> = Vec::new();
        for item in outlook.iter().filter_map(|line| line.about.as_ref()).filter(|item| !has_line(item)) {
            // A pod may have several warnings: it is selected once.
            if !below_items.contains(item) {
                below_items.push(item.clone());
            }
        }
        self.around.borrow_mut().below = below_items;
        // Only one of the lines, or what is around them, has the selection.
        let selected = self.position(look.flow).checked_sub(self.around.borrow().above.len()).unwrap_or(usize::MAX);
        // Rows are in the order of their lines, and the first of a line is its own.
        let selected_row = if selected == usize::MAX { 0 } else { rows.partition_point(|row| row.line < selected) };
        lines(frame, top, &self.scroll, selected_row, rows.len(), |row, _| {
            let Some(PanelRow { line: index, part }) = rows.get(row) else { return StyledLine::default() };
            let Some(line) = look.flow.get(*index) else { return StyledLine::default() };
            match part {
                RowPart::Object => flow_line(line, *index == selected && look.focus, width, scene, look),
                RowPart::Note(text) => StyledLine::styled(fit(text, width), scene.theme.style(state_scope(line.state))),
                RowPart::Message(text) => StyledLine::styled(fit(text, width), scene.theme.style(Scope::Error)),
                RowPart::Next(next) => next_line(*next, indent_of(line), width, scene),
            }
        });
        let is_below = selected >= look.flow.len() && selected != usize::MAX;
        let has_selection = |line: &OutlookLine| line.about.is_some() && line.about == self.selected;
        let chosen = outlook.iter().position(has_selection).filter(|_| is_below);
        let below_lines = outlook.iter().enumerate().map(|(at, line)| {
            if chosen == Some(at) {
                return chosen_line(&line.write(width), look, scene);
            }
            StyledLine::styled(line.write(width), scene.theme.style(line.scope))
        });
        frame.render_widget(Paragraph::new(below_lines.collect::<Vec<_>>()), below);
        has_room
    }

    /// Draws the reason that an environment cannot be reached, and returns the room below. The remedy is shown in full,
    /// even if the reason is cut.
    fn trouble(&self, frame: &mut Frame<'_>, inside: Rect, scene: &Scene<'_>, look: &PanelContext<'_>) -> Rect {
        let (told, todo) = match scene.facts.trouble(look.env) {
            Some(fault) => (format!("{}: {}", fault.what, fault.why), scene.keymap.written(&fault.todo).into_owned()),
            None if !look.flow.is_empty() && is_without_flux(scene.facts, look.env) => {
                ("Flux is not installed here".to_owned(), "`flux install` or `flux bootstrap` brings it".to_owned())
            }
            None => return self.unlisted(frame, inside, scene, look),
        };
        let width = usize::from(inside.width);
        let todo = wrap(&todo, width);
        let most = if look.flow.is_empty() { inside.height } else { (inside.height / 2).max(4) };
        let room = usize::from(most).saturating_sub(todo.len()).max(2);
        let mut text = wrap(&told, width);
        if text.len() > room {
            text.truncate(room);
            if let Some(last) = text.last_mut() {
                *last = fit_unfinished(last, width);
            }
        }
        text.extend(todo);
        let wrapped: Vec<StyledLine<'_>> =
            text.into_iter().map(|text| StyledLine::styled(text, scene.theme.style(Scope::Error))).collect();
        let height = u16::try_from(wrapped.len()).unwrap_or(0).min(inside.height);
        frame.render_widget(Paragraph::new(wrapped), Rect { height, ..inside });
        Rect { y: inside.y + height, height: inside.height - height, ..inside }
    }

    /// Draws the faults of objects without a line of their own, mainly sources and nodes, and returns the room below.
    fn unlisted(&self, frame: &mut Frame<'_>, inside: Rect, scene: &Scene<'_>, look: &PanelContext<'_>) -> Rect {
        let listed: BTreeSet<&ObjectRef> = look.flow.iter().map(|line| &line.object).collect();
        let problems = scene.facts.health(look.env).map(|health| health.problems.as_slice()).unwrap_or_default();
        // A filter hides lines: what they would show does not move above the others.
        let told = |problem: &&Problem| {
            look.filter.is_empty() && problem.gravity != Gravity::Suspended && !listed.contains(&problem.object)
        };
        // A source that a line needs is shown there.
        let is_at_a_line = |problem: &&Problem| {
            let name = problem.object.short();
            let says = |line: &FlowLine| line.message.as_ref().is_some_and(|message| message.starts_with(&name));
            kinds::HELM_CHART.is(&problem.object) || look.flow.iter().any(says)
        };
        let problems: Vec<&Problem> = problems.iter().filter(told).filter(|problem| !is_at_a_line(problem)).collect();
        let width = usize::from(inside.width);
        let most = usize::from(inside.height / 4).max(3);
        let style = scene.theme.style(Scope::Error);
        let mut lines: Vec<StyledLine<'_>> = Vec::new();
        let mut shown: Vec<PanelItem> = Vec::new();
        for problem in problems {
            let next = next::beside(&problem.object);
            // Each fault is shown with its cause and next step, or not at all: the title counts it.
            let room = most.saturating_sub(lines.len() + usize::from(next.is_some()));
            if room == 0 {
                break;
            }
            let text = match room {
                1 => vec![fit_middle(&problem.line(), width.saturating_sub(1))],
                _ => abridged(&problem.line(), room, width.saturating_sub(1)),
            };
            let is_selected = self.selected.as_ref().and_then(PanelItem::object) == Some(&problem.object);
            lines.extend(text.into_iter().enumerate().map(|(at, text)| {
                let text = format!(" {text}");
                if at == 0 && is_selected { chosen_line(&text, look, scene) } else { StyledLine::styled(text, style) }
            }));
            lines.extend(next.map(|next| next_line(next, 1, width, scene)));
            shown.push(PanelItem::Object(problem.object.clone()));
        }
        self.around.borrow_mut().above = shown;
        let height = u16::try_from(lines.len()).unwrap_or(0).min(inside.height);
        frame.render_widget(Paragraph::new(lines), Rect { height, ..inside });
        Rect { y: inside.y + height, height: inside.height - height, ..inside }
    }
}

/// Draws a line without a place in the deployment order that has the selection: its sign stands in the first cell.
fn chosen_line(text: &str, look: &PanelContext<'_>, scene: &Scene<'_>) -> StyledLine<'static> {
    let rest = text.strip_prefix(' ').unwrap_or(text).to_owned();
    if !look.focus {
        return StyledLine::from(format!(" {rest}"));
    }
    let style = scene.theme.style(Scope::Selection);
    StyledLine::from(vec![Span::styled(signs::SELECTED.sign, style), Span::styled(rest, style)])
}

/// Returns the start of the text below a line, in cells.
fn indent_of(line: &FlowLine) -> usize {
    usize::from(line.depth) * 2 + 5
}

fn message_lines(line: &FlowLine, width: usize) -> Vec<String> {
    let Some(message) = &line.message else { return Vec::new() };
    wrapped(message, width.saturating_sub(indent_of(line)).max(10))
}

/// Writes the next step with its key, or with its name in the palette.
fn next_line(next: NextStep, indent: usize, width: usize, scene: &Scene<'_>) -> StyledLine<'static> {
    let key = next.command.map(|id| {
        // The motion that opens has the key, not a command.
        let keys = if id == "open" { scene.keymap.keys_of_motion(Motion::Open) } else { scene.keymap.keys_of(id) };
        let title = || scene.commands.iter().find(|command| command.id == id).map_or("", |command| command.title);
        match (keys.first(), next.typed) {
            (None, _) => format!(":{}  ", title()),
            (Some(key), "") => format!("{key} "),
            (Some(key), typed) => format!("{key}{typed}  "),
        }
    });
    let key = key.unwrap_or_default();
    let room = width.saturating_sub(indent + key.width());
    StyledLine::from(vec![
        Span::raw(" ".repeat(indent)),
        Span::styled(key, scene.theme.style(Scope::Key)),
        Span::styled(fit(next.words, room), scene.theme.style(Scope::Dim)),
    ])
}

/// Returns the width of a line's name and the part before it.
fn left_of(line: &FlowLine) -> usize {
    1 + usize::from(line.depth) * 2 + 2 + line.name.width() + 1
}

/// Returns the text at the right of a line, and whether the whole note goes below it. The name comes first: a note that
/// is longer than the room beside it is cut, but never below the width of a time.
fn note_of(line: &FlowLine, width: usize) -> (String, bool) {
    let room = width.saturating_sub(left_of(line) + 1).max(NOTE_WIDTH);
    if line.note.width() <= room {
        return (line.note.clone(), false);
    }
    match line.state {
        State::Waiting | State::Suspended => {
            let word = line.note.split([' ', ':']).next().unwrap_or_default();
            (fit(word, room), true)
        }
        // The sign shows the failure; the time of the next retry is only here.
        State::Failed => (fit(line.note.strip_prefix("failed, ").unwrap_or(&line.note), room), false),
        _ => (fit(&line.note, room), false),
    }
}

fn flow_line(
    line: &FlowLine,
    selected: bool,
    width: usize,
    scene: &Scene<'_>,
    look: &PanelContext<'_>,
) -> StyledLine<'static> {
    let theme = scene.theme;
    let key = (look.env, line.object.clone());
    let linked = look.linked.contains(&key);
    let marked = scene.is_marked(look.env, &line.object);
    let (sign, scope) = match (selected, marked, linked) {
        (true, false, _) => (signs::SELECTED.sign, Scope::Selection),
        (true, true, _) => (signs::SELECTED_AND_MARKED.sign, Scope::Selection),
        (false, true, _) => (signs::MARKED.sign, Scope::Marked),
        (false, false, true) => (signs::LINKED.sign, Scope::Linked),
        (false, false, false) => (" ", Scope::Text),
    };
    let indent = " ".repeat(usize::from(line.depth) * 2);
    let left = left_of(line);
    let (note, _) = note_of(line, width);
    let detailed = width >= DETAIL_FROM_WIDTH && left + line.detail.width() + 2 + note.width() < width;
    let detail = if detailed { line.detail.as_str() } else { "" };
    let right = note.width() + if detail.is_empty() { 0 } else { detail.width() + 2 };
    let room = width.saturating_sub(1 + indent.len() + 2 + right + 2);
    let name = fit(&line.name, room);
    let gap = " ".repeat(room.saturating_sub(name.width()) + 1);
    let between = if detail.is_empty() { "" } else { "  " };
    let state = theme.style(state_scope(line.state));
    let quiet = theme.style(Scope::Dim);
    StyledLine::from(vec![
        Span::styled(sign, theme.style(if marked { Scope::Marked } else { scope })),
        Span::raw(indent),
        Span::styled(format!("{} ", line.state.sign()), state),
        Span::styled(name, theme.style(if selected { Scope::Selection } else { scope })),
        Span::raw(gap),
        Span::styled(format!("{detail}{between}"), quiet),
        Span::styled(note, if line.state == State::Ready { quiet } else { state }),
    ])
}

/// Tells whether the cluster answers and has no Flux.
fn is_without_flux(facts: &Facts, env: Env) -> bool {
    facts.table(env, kinds::KUSTOMIZATION).is_some_and(|table| table.link == Connection::Absent)
}

/// Explains why the panel is empty, and the remedy.
fn empty_text(facts: &Facts, look: &PanelContext<'_>) -> String {
    if !look.filter.is_empty() {
        return format!("nothing matches `{}`; ‹key:back› shows all again", look.filter);
    }
    let link = facts.table(look.env, kinds::KUSTOMIZATION).map(|table| &table.link);
    match link {
        Some(Connection::Live) => "no Kustomization yet: `flux bootstrap` makes the first, in clusters/".to_owned(),
        Some(Connection::Absent) => {
            "Flux is not installed here: `flux install` or `flux bootstrap` brings it".to_owned()
        }
        Some(Connection::Syncing { .. } | Connection::Connecting) | None if facts.trouble(look.env).is_none() => {
            "connecting...".to_owned()
        }
        _ => String::new(),
    }
}
