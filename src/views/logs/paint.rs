//! Draws a log: the state of the stream, and the lines of the page. It reads only the lines on the screen.

use std::fmt::Write as _;
use std::ops::Range;

use jiff::tz::TimeZone;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout as Areas, Rect};
use ratatui::style::Style;

use super::layout::Layout;
use super::{Logs, State};
use crate::app::Scene;
use crate::cluster::logs::{LogEntry, LogLevel};
use crate::theme::{Scope, Theme};
use crate::widgets::{Paragraph, Span, StyledLine, fit, pad, panel, wrap};

/// The largest drawn width of a pod's name.
const POD: usize = 24;

pub(super) fn paint(view: &Logs, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
    let inside = panel(frame, area, &title(view, scene), scene.focus, scene.theme);
    let [head, body] = Areas::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(inside);
    frame.render_widget(heading(view, usize::from(head.width), scene), head);
    if view.buffer.shown() == 0 {
        let lines: Vec<StyledLine<'_>> = wrap(&scene.keymap.written(&nothing(view)), usize::from(body.width))
            .into_iter()
            .map(StyledLine::from)
            .collect();
        frame.render_widget(Paragraph::new(lines), body);
        return;
    }
    view.page.set(body.height);
    let rows = Page { view, theme: scene.theme, width: usize::from(body.width), height: usize::from(body.height) };
    frame.render_widget(Paragraph::new(rows.lines()), body);
}

fn title(view: &Logs, scene: &Scene<'_>) -> String {
    let mut title = format!("{}  log of {}", scene.facts.name(view.source.env), view.source.writer());
    if let Some(object) = view.source.speaks_of() {
        if view.buffer.sieve().concerning {
            let _ = write!(title, "  lines of {object}");
        } else {
            title.push_str("  all lines");
        }
    }
    if let Some(container) = view.source.container().filter(|_| view.source.speaks_of().is_none()) {
        let _ = write!(title, "  container {container}");
    }
    let extent = view.extent.word();
    if !extent.is_empty() {
        let _ = write!(title, "  {extent}");
    }
    title
}

fn heading(view: &Logs, width: usize, scene: &Scene<'_>) -> StyledLine<'static> {
    let theme = scene.theme;
    let (state, scope) = match &view.state {
        State::Connecting => ("connecting".to_owned(), Scope::Dim),
        State::Waiting => ("waiting for the first line".to_owned(), Scope::Progressing),
        State::Following(_) if view.pods.len() > 1 => (format!("following {} pods", view.pods.len()), Scope::Ready),
        State::Following(pod) => (format!("following {pod}"), Scope::Ready),
        State::Interrupted(why) => (format!("interrupted: {why}"), Scope::Waiting),
        State::Ended(why) => (format!("ended: {why}; ‹key:open› follows it again"), Scope::Failed),
    };
    let sieve = view.buffer.sieve();
    let mut facts = vec![if view.buffer.shown() == view.buffer.kept() {
        format!("{} lines", view.buffer.kept())
    } else {
        format!("{} of {} lines", view.buffer.shown(), view.buffer.kept())
    }];
    if view.buffer.fallen() > 0 {
        facts.push(format!("{} older fell out", view.buffer.fallen()));
    }
    if view.lost > 0 {
        facts.push(format!("{} LOST", view.lost));
    }
    if !sieve.text.is_empty() {
        facts.push(format!("/{}", sieve.text));
    }
    if view.wrap {
        facts.push("wrapped".to_owned());
    }
    facts.push(if view.at.is_none() { "at the end".to_owned() } else { "‹key:bottom› follows".to_owned() });
    let facts = fit(&scene.keymap.written(&facts.join("  ")), width);
    let state = pad(
        &scene.keymap.written(&state),
        width.saturating_sub(unicode_width::UnicodeWidthStr::width(facts.as_str()) + 2),
    );
    StyledLine::from(vec![
        Span::styled(state, theme.style(scope)),
        Span::raw("  "),
        Span::styled(facts, theme.style(if view.lost > 0 { Scope::Error } else { Scope::Dim })),
    ])
}

/// Explains why no line is shown, and the remedy.
fn nothing(view: &Logs) -> String {
    let sieve = view.buffer.sieve();
    if view.buffer.kept() > 0 && !sieve.text.is_empty() {
        return format!("no line has `{}`; ‹key:back› shows all again", sieve.text);
    }
    if let (true, Some(object)) = (view.buffer.kept() > 0 && sieve.concerning, view.source.speaks_of()) {
        let (kept, writer) = (view.buffer.kept(), view.source.writer());
        return format!(
            "of the last {kept} lines of {writer}, none speaks of {object}; ‹key:logs-all› shows them all, ‹key:reconcile› makes it speak of the object"
        );
    }
    match &view.state {
        State::Connecting => format!("connecting to the log of {}", view.source.writer()),
        State::Ended(why) => format!("there is nothing to show: {why}; ‹key:open› tries again"),
        State::Interrupted(why) => format!("no line has come yet: {why}; it is tried again by itself"),
        _ => format!("{} has written nothing yet; its lines appear here by themselves", view.source.writer()),
    }
}

struct Page<'a> {
    view: &'a Logs,
    theme: &'a Theme,
    width: usize,
    height: usize,
}

impl Page<'_> {
    fn lines(&self) -> Vec<StyledLine<'static>> {
        let (selected, count) = (self.view.selected(), self.view.buffer.shown());
        // The end is drawn from below, so that its last line is fully visible.
        let end = self.back_from(count, self.height);
        let first = if self.view.at.is_none() {
            end
        } else {
            let mut first = self.view.buffer.place(self.view.top.get());
            if selected < first || self.rows(first, selected + 1) > self.height {
                first = self.back_from(selected + 1, self.height / 2 + 1);
            }
            first.min(end)
        };
        self.view.top.set(self.view.buffer.number(first).unwrap_or(0));
        let mut lines = Vec::with_capacity(self.height);
        for index in first..count {
            let Some(entry) = self.view.buffer.get(index) else { break };
            lines.extend(self.entry(entry, index == selected));
            if lines.len() >= self.height && self.view.at.is_some() {
                break;
            }
        }
        if self.view.at.is_none() && lines.len() > self.height {
            lines.drain(..lines.len() - self.height);
        }
        lines.truncate(self.height);
        lines
    }

    /// Returns the first of the lines before `end` that fill a height; it may be cut.
    fn back_from(&self, end: usize, height: usize) -> usize {
        let mut first = end.saturating_sub(1);
        let mut used = self.rows(first, end);
        while first > 0 && used < height {
            first -= 1;
            used += self.rows(first, first + 1);
        }
        if used > height && first + 1 < end && self.view.at.is_some() { first + 1 } else { first }
    }

    /// Counts the rows of the lines from one place to another, up to a page.
    fn rows(&self, from: usize, to: usize) -> usize {
        if !self.view.wrap {
            return to.saturating_sub(from);
        }
        let mut rows = 0;
        for index in from..to {
            let Some(entry) = self.view.buffer.get(index) else { break };
            rows += self.layout(entry).rows.len();
            if rows > self.height {
                break;
            }
        }
        rows
    }

    /// Lays out the visible part of an entry: its first rows, or its last while the view follows the end.
    fn layout(&self, entry: &LogEntry) -> Layout {
        let sieve = self.view.buffer.sieve();
        let mut layout = Layout::default();
        if let Some(subject) = entry.subject.as_deref().filter(|_| !sieve.as_written && !sieve.concerning) {
            layout.push(subject, Style::new());
            layout.push("  ", Style::new());
        }
        let (text, colours) = self.theme.read_colours(entry.text(sieve.as_written));
        let ends = colours.iter().skip(1).map(|(at, _)| *at).chain([text.len()]);
        let first = colours.first().map_or(text.len(), |(at, _)| *at);
        layout.push(text.get(..first).unwrap_or_default(), Style::new());
        for ((from, style), to) in colours.iter().zip(ends) {
            layout.push(text.get(*from..to).unwrap_or_default(), *style);
        }
        let room = self.width.saturating_sub(self.prefix(entry, false).iter().map(Span::width).sum());
        if self.view.wrap {
            layout.wrap(room, self.height.saturating_add(1), self.view.at.is_none());
        } else {
            layout.cut(room, self.view.pan);
        }
        layout
    }

    fn prefix(&self, entry: &LogEntry, selected: bool) -> Vec<Span<'static>> {
        let mut spans = vec![Span::styled(if selected { "> " } else { "  " }, self.theme.style(Scope::Selection))];
        if self.view.times {
            let time = entry.at.map(|at| at.to_zoned(TimeZone::UTC).strftime("%H:%M:%SZ ").to_string());
            spans.push(Span::styled(time.unwrap_or_else(|| " ".repeat(10)), self.theme.style(Scope::Dim)));
        }
        if self.view.pods.len() > 1 {
            spans.push(Span::styled(format!("{} ", tail(&entry.pod, POD)), self.theme.style(self.colour(&entry.pod))));
        }
        if !self.view.buffer.sieve().as_written && self.width >= 60 {
            spans.push(Span::styled(format!("{:<5} ", entry.level.word()), self.level(entry)));
        }
        spans
    }

    /// Colours a pod by its place among the pods of the log; its name has the same meaning without colour.
    fn colour(&self, pod: &str) -> Scope {
        const COLOURS: [Scope; 4] = [Scope::Linked, Scope::Git, Scope::Shell, Scope::Title];
        let at = self.view.pods.iter().position(|known| &**known == pod).unwrap_or(0);
        COLOURS.get(at % COLOURS.len()).copied().unwrap_or(Scope::Linked)
    }

    fn level(&self, entry: &LogEntry) -> Style {
        self.theme.style(match entry.level {
            LogLevel::Error => Scope::Failed,
            LogLevel::Warning => Scope::Waiting,
            LogLevel::Info => Scope::Ready,
            LogLevel::Debug | LogLevel::Unsaid => Scope::Dim,
        })
    }

    fn entry(&self, entry: &LogEntry, selected: bool) -> Vec<StyledLine<'static>> {
        let prefix = self.prefix(entry, selected);
        let indent: usize = prefix.iter().map(Span::width).sum();
        let layout = self.layout(entry);
        let style = self.theme.style(if entry.level == LogLevel::Error { Scope::Failed } else { Scope::Text });
        let found = (self.view.buffer.sieve().text.as_str(), self.theme.style(Scope::Match));
        let mut prefix = Some(prefix);
        let line = |row: &Range<usize>| {
            let mut spans = prefix.take().unwrap_or_else(|| vec![Span::raw(" ".repeat(indent))]);
            layout.spans(row, style, found, &mut spans);
            if layout.is_cut {
                spans.push(Span::styled("~", style));
            }
            StyledLine::from(spans)
        };
        layout.rows.iter().map(line).collect()
    }
}

/// Returns the end of a pod's name, which distinguishes it from its siblings, padded to a width.
fn tail(name: &str, width: usize) -> String {
    let skip = name.chars().count().saturating_sub(width);
    pad(&name.chars().skip(skip).collect::<String>(), width)
}
