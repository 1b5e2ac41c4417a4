//! What the views with tabs share: the line of tabs, texts above their pages, and how their links open.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

use crate::app::{Action, CommandTarget, Motion, Scene};
use crate::model::Fault;
use crate::theme::{Scope, Theme};
use crate::views::parts::page::PageLine;
use crate::widgets::{Paragraph, Span, StyledLine, fit};

/// Writes the tabs: the one that is shown in brackets, so that it does not rest on colour alone.
pub fn line(labels: &[(String, bool)], width: u16, theme: &Theme) -> StyledLine<'static> {
    let mut room = usize::from(width);
    let mut spans = Vec::new();
    for (label, shown) in labels {
        let (text, scope) =
            if *shown { (format!("[{label}]"), Scope::Selection) } else { (format!(" {label} "), Scope::Dim) };
        let text = fit(&text, room);
        room = room.saturating_sub(text.chars().count());
        spans.push(Span::styled(text, theme.style(scope)));
    }
    StyledLine::from(spans)
}

/// Draws the tabs, and below them a warning about what the pages show; returns the room that is left.
pub fn head(frame: &mut Frame<'_>, inside: Rect, labels: &[(String, bool)], warning: &[String], theme: &Theme) -> Rect {
    let height = u16::try_from(warning.len()).unwrap_or(0).min(inside.height / 3);
    let [head, told, body] =
        Layout::vertical([Constraint::Length(1), Constraint::Length(height), Constraint::Fill(1)]).areas(inside);
    frame.render_widget(line(labels, head.width, theme), head);
    text(frame, told, warning, Scope::Error, theme);
    body
}

/// Returns the tab that a motion leads to, round from the last to the first; `None` for a motion that leads to none.
pub fn by_motion<T: Copy + PartialEq>(all: &[T], shown: T, motion: Motion) -> Option<T> {
    let at = all.iter().position(|tab| *tab == shown).unwrap_or(0);
    let count = all.len().max(1);
    let place = match motion {
        Motion::NextTab | Motion::NextPanel => (at + 1) % count,
        Motion::PreviousTab | Motion::PreviousPanel => (at + count - 1) % count,
        Motion::Panel(number) => usize::from(number.saturating_sub(1)),
        _ => return None,
    };
    Some(all.get(place).copied().unwrap_or(shown))
}

/// Writes how many lines match what is searched, for a title; empty when nothing is searched.
pub fn found(count: Option<usize>) -> String {
    count.map_or_else(String::new, |count| format!("  {count} found"))
}

/// Draws lines of text in one style.
pub fn text(frame: &mut Frame<'_>, area: Rect, lines: &[String], scope: Scope, theme: &Theme) {
    let lines: Vec<StyledLine<'_>> =
        lines.iter().map(|line| StyledLine::styled(line.as_str(), theme.style(scope))).collect();
    frame.render_widget(Paragraph::new(lines), area);
}

/// Writes a fault in place of what could not be read.
pub fn fault(fault: &Fault) -> Vec<PageLine> {
    vec![
        PageLine::wrapped(format!("{}: {}", fault.what, fault.why), Scope::Error),
        PageLine::wrapped(format!("{}; ctrl-l tries again", fault.todo), Scope::Text),
    ]
}

/// Asks for a target to be opened, as enter on it elsewhere would.
pub fn open(target: CommandTarget, scene: &Scene<'_>) -> Option<Action> {
    scene.command("open").map(|command| Action::Dispatch(command, vec![target], Vec::new()))
}
