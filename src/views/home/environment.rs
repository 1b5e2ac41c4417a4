//! An environment's panel: its Flux objects in deployment order.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;

use ratatui::Frame;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::flow::FlowLine;
use super::next::NextStep;
use crate::app::health::{Gravity, Problem, state_scope};
use crate::app::{Facts, Motion, Scene};
use crate::kinds;
use crate::model::{Connection, Env, ObjectRef, State, work};
use crate::theme::Scope;
use crate::views::parts::kept::{Kept, SameValue};
use crate::widgets::{Paragraph, Scroll, Span, StyledLine, fit, lines, titled, wrap};

/// What a note keeps at least, in cells: `next 119m`.
const NOTE_WIDTH: usize = 9;

/// From this width on a line has room for what its object is and since when it is so.
const DETAIL_FROM_WIDTH: usize = 64;

/// A failing object's message takes so many lines at most where not all has room: its beginning and its end, where the cause stands, and its
/// neighbours stay in sight.
const MESSAGE_LINES: usize = 3;

/// A note that stands below its line takes so many lines at most.
const NOTE_LINES: usize = 2;

/// The lines of a panel, and the width and height that they are laid out for.
type LinesInRoom = (SameValue<[FlowLine]>, (usize, usize));

/// Keeps what is selected in an environment's panel.
#[derive(Debug, Default)]
pub(super) struct Environment {
    /// The selected object; the first line while nothing was.
    pub selected: Option<ObjectRef>,
    /// How far the panel is scrolled.
    pub scroll: Scroll,
    /// Where the selected object stood last.
    place: Cell<usize>,
    /// The rows of the lines, for a room.
    rows: Kept<LinesInRoom, Vec<PanelRow>>,
}

/// One row of a panel: a line, or a part of the message below it.
#[derive(Debug)]
struct PanelRow {
    line: usize,
    part: RowPart,
}

/// Says what a row shows of its line.
#[derive(Debug)]
enum RowPart {
    /// The object itself.
    Object,
    /// A part of its note, which has no room beside its name.
    Note(String),
    /// A part of what is wrong with it.
    Message(String),
    /// What to do next about it.
    Next(NextStep),
}

/// Holds what drawing a panel needs to know.
pub(super) struct PanelContext<'a> {
    /// The environment.
    pub env: Env,
    /// The panel's title.
    pub title: String,
    /// The lines.
    pub flow: &'a Arc<[FlowLine]>,
    /// What its lines are filtered by.
    pub filter: &'a str,
    /// Whether keys go to it.
    pub focus: bool,
    /// Objects that the selected file feeds.
    pub linked: &'a BTreeSet<(Env, ObjectRef)>,
}

impl Environment {
    /// Returns which line is selected.
    pub fn index(&self, flow: &[FlowLine]) -> usize {
        let Some(object) = &self.selected else { return 0 };
        let is_here = |place: &usize| flow.get(*place).is_some_and(|line| line.object == *object);
        if let Some(here) = Some(self.place.get()).filter(is_here) {
            return here;
        }
        work::count(flow.len());
        let found = flow.iter().position(|line| line.object == *object).unwrap_or(0);
        self.place.set(found);
        found
    }

    /// Selects a line.
    pub fn select(&mut self, flow: &[FlowLine], place: usize) {
        self.selected = flow.get(place).map(|line| line.object.clone());
        self.place.set(place);
    }

    /// Lays lines out: a failing object takes rows of its own for its message and the next step, so rows and objects are not the same count.
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
                // Why it waits or is suspended is the news: what fits on no line beside the name has one below.
                if note_of(shown, width).1 {
                    let note = wrap(&shown.note, width.saturating_sub(indent.len()).max(10));
                    let note = note.into_iter().take(NOTE_LINES).map(|part| RowPart::Note(format!("{indent}{part}")));
                    rows.extend(note.map(|part| PanelRow { line, part }));
                }
                let text = if has_room { text } else { abridged(text, width.saturating_sub(indent.len())) };
                let text = text.into_iter().map(|part| RowPart::Message(format!("{indent}{part}")));
                rows.extend(text.map(|part| PanelRow { line, part }));
                let next = shown.next.filter(|_| has_room);
                rows.extend(next.map(|next| PanelRow { line, part: RowPart::Next(next) }));
            }
            rows
        })
    }

    /// Draws the panel.
    pub fn render(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>, look: &PanelContext<'_>) {
        let colour = scene.facts.environment(look.env).and_then(|environment| environment.colour.as_deref());
        let own = colour.and_then(|colour| scene.theme.coloured(colour));
        let style = own.unwrap_or_else(|| scene.theme.style(Scope::Title));
        let inside = titled(frame, area, &look.title, style, look.focus && scene.focus, scene.theme);
        let width = usize::from(inside.width);
        let top = trouble(frame, inside, scene, look);
        if look.flow.is_empty() {
            let text = empty_text(scene.facts, look);
            let wrapped: Vec<StyledLine<'_>> = wrap(&text, width).into_iter().map(StyledLine::from).collect();
            frame.render_widget(Paragraph::new(wrapped), top);
            return;
        }
        let selected = self.index(look.flow);
        let rows = self.rows(look.flow, (width, usize::from(top.height)));
        // Rows come in the order of their lines, and the first of a line is its own.
        let selected_row = rows.partition_point(|row| row.line < selected);
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
    }
}

/// Returns where the text below a line begins, in cells.
fn indent_of(line: &FlowLine) -> usize {
    usize::from(line.depth) * 2 + 5
}

fn message_lines(line: &FlowLine, width: usize) -> Vec<String> {
    let Some(message) = &line.message else { return Vec::new() };
    wrap(message, width.saturating_sub(indent_of(line)).max(10))
}

/// Leaves the middle of a long message out: the cause stands at its end.
fn abridged(mut text: Vec<String>, width: usize) -> Vec<String> {
    if text.len() > MESSAGE_LINES {
        text.drain(1..=text.len() - MESSAGE_LINES);
        if let Some(first) = text.first_mut() {
            *first = format!("{} ~", fit(first, width.saturating_sub(2)));
        }
    }
    text
}

/// Writes the next step with its key, or with the name by which the palette finds it.
fn next_line(next: NextStep, indent: usize, width: usize, scene: &Scene<'_>) -> StyledLine<'static> {
    let key = next.command.map(|id| {
        // What opens is a motion, and its key is no command's.
        let keys = if id == "open" { scene.keymap.keys_of_motion(Motion::Open) } else { scene.keymap.keys_of(id) };
        let title = || scene.commands.iter().find(|command| command.id == id).map_or("", |command| command.title);
        keys.first().map_or_else(|| format!(":{}  ", title()), |key| format!("{key} "))
    });
    let key = key.unwrap_or_default();
    let room = width.saturating_sub(indent + key.width());
    StyledLine::from(vec![
        Span::raw(" ".repeat(indent)),
        Span::styled(key, scene.theme.style(Scope::Key)),
        Span::styled(fit(next.words, room), scene.theme.style(Scope::Dim)),
    ])
}

/// Draws why an environment cannot be reached, and returns the room below. What to do is shown whole, whatever is cut of the why.
fn trouble(frame: &mut Frame<'_>, inside: Rect, scene: &Scene<'_>, look: &PanelContext<'_>) -> Rect {
    let (told, todo) = match scene.facts.trouble(look.env) {
        Some(fault) => (format!("{}: {}", fault.what, fault.why), fault.todo),
        None if !look.flow.is_empty() && is_without_flux(scene.facts, look.env) => {
            ("Flux is not installed here".to_owned(), "`flux install` or `flux bootstrap` brings it".to_owned())
        }
        None => return unlisted(frame, inside, scene, look),
    };
    let width = usize::from(inside.width);
    let todo = wrap(&todo, width);
    let most = if look.flow.is_empty() { inside.height } else { (inside.height / 2).max(4) };
    let room = usize::from(most).saturating_sub(todo.len()).max(2);
    let mut text = wrap(&told, width);
    if text.len() > room {
        text.truncate(room);
        if let Some(last) = text.last_mut() {
            *last = fit(&format!("{} ~", fit(last, width.saturating_sub(2))), width);
        }
    }
    text.extend(todo);
    let wrapped: Vec<StyledLine<'_>> =
        text.into_iter().map(|text| StyledLine::styled(text, scene.theme.style(Scope::Error))).collect();
    let height = u16::try_from(wrapped.len()).unwrap_or(0).min(inside.height);
    frame.render_widget(Paragraph::new(wrapped), Rect { height, ..inside });
    Rect { y: inside.y + height, height: inside.height - height, ..inside }
}

/// Draws what is wrong with what has no line of its own, sources and nodes above all, and returns the room below.
fn unlisted(frame: &mut Frame<'_>, inside: Rect, scene: &Scene<'_>, look: &PanelContext<'_>) -> Rect {
    let listed: BTreeSet<&ObjectRef> = look.flow.iter().map(|line| &line.object).collect();
    let problems = scene.facts.health(look.env).map(|health| health.problems.as_slice()).unwrap_or_default();
    let told = |problem: &&Problem| problem.gravity != Gravity::Suspended && !listed.contains(&problem.object);
    let is_chart = |problem: &&Problem| kinds::HELM_CHART.is(&problem.object);
    let problems: Vec<&Problem> = problems.iter().filter(told).filter(|problem| !is_chart(problem)).collect();
    let width = usize::from(inside.width);
    let most = usize::from(inside.height / 4).max(2);
    let mut text: Vec<String> = problems.iter().flat_map(|problem| wrap(&problem.line(), width)).collect();
    if text.len() > most {
        text.truncate(most);
        if let Some(last) = text.last_mut() {
            *last = fit(&format!("{} ~", fit(last, width.saturating_sub(2))), width);
        }
    }
    let style = scene.theme.style(Scope::Error);
    let lines: Vec<StyledLine<'_>> = text.into_iter().map(|text| StyledLine::styled(text, style)).collect();
    let height = u16::try_from(lines.len()).unwrap_or(0).min(inside.height);
    frame.render_widget(Paragraph::new(lines), Rect { height, ..inside });
    Rect { y: inside.y + height, height: inside.height - height, ..inside }
}

/// Returns the cells that a line's name takes, with what stands before it.
fn left_of(line: &FlowLine) -> usize {
    1 + usize::from(line.depth) * 2 + 2 + line.name.width() + 1
}

/// Returns what stands at the right of a line, and whether the whole note goes below it. The name comes first: a note that is longer than what the
/// name leaves is cut, but never below a time's width.
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
        // That it failed is seen by its sign; when it is tried again is not.
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
        (true, false, _) => (">", Scope::Selection),
        (true, true, _) => ("}", Scope::Selection),
        (false, true, _) => ("+", Scope::Marked),
        (false, false, true) => ("*", Scope::Linked),
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

/// Says why there is nothing to show, and what to do.
fn empty_text(facts: &Facts, look: &PanelContext<'_>) -> String {
    if !look.filter.is_empty() {
        return format!("nothing matches `{}`; esc shows all again", look.filter);
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
