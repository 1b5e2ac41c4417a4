//! Draws the two panels of the git screen.

use std::fmt::Write as _;

use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::Rect;

use super::files::{ChangedFile, Group};
use super::{Git, applied, files_of, state};
use crate::app::Scene;
use crate::model::Fault;
use crate::model::clock::age;
use crate::repo::git::{GitState, Head};
use crate::theme::{Scope, Theme};
use crate::widgets::{Paragraph, Span, StyledLine, fit, fit_end, lines, pad, panel, wrap};

/// Writes where HEAD stands: branch, what it follows, how far they are apart, and what git is in the middle of.
pub fn title(state: &GitState, now: Timestamp) -> String {
    let mut title = match &state.head {
        Head::Branch(name) => format!("git  {name}"),
        Head::Unborn(name) => format!("git  {name}, no commit yet"),
        Head::Detached => format!("git  detached at {}", state.head_word()),
    };
    match (&state.upstream, &state.head) {
        (Some(upstream), _) => {
            let _ = write!(title, " -> {}", upstream.name);
            match (upstream.ahead, upstream.behind) {
                (Some(0), Some(0)) => title.push_str("  up to date"),
                (Some(ahead), Some(behind)) => drop(write!(title, "  {ahead} ahead, {behind} behind")),
                _ => title.push_str("  which is gone"),
            }
            match state.fetched {
                Some(at) => drop(write!(title, ", fetched {} ago", age(now, at))),
                None => title.push_str(", never fetched here"),
            }
        }
        (None, Head::Branch(_)) => title.push_str("  follows no branch: P sets it"),
        (None, _) => {}
    }
    if let Some(operation) = state.operation {
        let _ = write!(title, "  {} IN PROGRESS", operation.word().to_uppercase());
    }
    title
}

fn say(frame: &mut Frame<'_>, area: Rect, text: &str, scope: Scope, theme: &Theme) {
    let told: Vec<StyledLine<'_>> = wrap(text, usize::from(area.width)).into_iter().map(StyledLine::from).collect();
    frame.render_widget(Paragraph::new(told).style(theme.style(scope)), area);
}

fn fault_text(fault: &Fault) -> String {
    format!("{}: {}\n{}", fault.what, fault.why, fault.todo)
}

/// One line of the upper panel: a heading, or a file by its place.
enum Row {
    Heading(Group, usize),
    File(usize),
}

fn rows(files: &[ChangedFile]) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut last = None;
    for (index, file) in files.iter().enumerate() {
        if last != Some(file.group) {
            last = Some(file.group);
            rows.push(Row::Heading(file.group, files.iter().filter(|other| other.group == file.group).count()));
        }
        rows.push(Row::File(index));
    }
    rows
}

/// Draws the changed files.
pub fn files(view: &Git, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
    use crate::app::View as _;
    let theme = scene.theme;
    let inside = panel(frame, area, &view.title(scene), scene.focus && !view.history, theme);
    match state(scene) {
        None => {
            let text = scene.facts.repository_fault.as_ref().map_or_else(|| "reading...".to_owned(), fault_text);
            return say(frame, inside, &text, Scope::Dim, theme);
        }
        Some(Err(fault)) => return say(frame, inside, &fault_text(fault), Scope::Error, theme),
        Some(Ok(_)) => {}
    }
    let files = files_of(scene);
    if files.is_empty() {
        let text = "nothing is changed; what you edit appears here, space stages it, c commits";
        return say(frame, inside, text, Scope::Dim, theme);
    }
    let rows = rows(&files);
    let chosen = view.index(&files);
    let row = rows.iter().position(|row| matches!(row, Row::File(index) if *index == chosen)).unwrap_or(0);
    let width = usize::from(inside.width);
    lines(frame, inside, &view.scroll, row, rows.len(), |index, selected| match rows.get(index) {
        Some(Row::Heading(group, count)) => {
            StyledLine::styled(format!(" {} ({count})", group.heading()), theme.style(Scope::Heading))
        }
        Some(Row::File(at)) => files.get(*at).map_or_else(StyledLine::default, |file| {
            let scope = if selected { Scope::Selection } else { Scope::Text };
            let mark = if file.group == Group::Conflict { Scope::Error } else { Scope::Git };
            StyledLine::from(vec![
                Span::styled(if selected { ">" } else { " " }, theme.style(Scope::Selection)),
                Span::styled(format!("  {} ", file.letter), theme.style(mark)),
                Span::styled(fit_end(&file.path, width.saturating_sub(6)), theme.style(scope)),
            ])
        }),
        None => StyledLine::default(),
    });
}

/// Draws the last commits, each with the environments that applied it.
pub fn history(view: &Git, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
    let theme = scene.theme;
    let inside = panel(frame, area, "commits, and who applied them", scene.focus && view.history, theme);
    let log = match &view.log {
        // Why there is no history is told above.
        _ if state(scene).is_some_and(Result::is_err) => return,
        None => return say(frame, inside, "reading...", Scope::Dim, theme),
        Some(Err(fault)) => return say(frame, inside, &fault_text(fault), Scope::Error, theme),
        Some(Ok(log)) if log.is_empty() => {
            return say(frame, inside, "there is no commit yet: space stages, c commits", Scope::Dim, theme);
        }
        Some(Ok(log)) => log,
    };
    let ahead = state(scene)
        .and_then(|state| state.as_ref().ok()?.upstream.as_ref()?.ahead)
        .and_then(|ahead| usize::try_from(ahead).ok())
        .unwrap_or(0);
    let width = usize::from(inside.width);
    lines(frame, inside, &view.history_scroll, view.commit, log.len(), |index, selected| {
        let Some(entry) = log.get(index) else { return StyledLine::default() };
        let envs: Vec<String> = scene
            .facts
            .environments
            .iter()
            .filter_map(|(env, _)| applied::word(scene.facts, env, &entry.commit))
            .collect();
        let sent = if index < ahead { "not pushed" } else { "" };
        let told = [sent.to_owned(), envs.join(", ")].into_iter().filter(|text| !text.is_empty());
        let told = fit(&told.collect::<Vec<_>>().join("  "), width / 2);
        let room = width.saturating_sub(11 + told.chars().count() + 1);
        let scope = if selected { Scope::Selection } else { Scope::Text };
        let subject = fit(&entry.subject, room);
        let gap = pad("", room.saturating_sub(unicode_width::UnicodeWidthStr::width(subject.as_str())) + 1);
        StyledLine::from(vec![
            Span::styled(if selected { ">" } else { " " }, theme.style(Scope::Selection)),
            Span::styled(format!(" {} ", pad(entry.short(), 7)), theme.style(Scope::Dim)),
            Span::styled(subject, theme.style(scope)),
            Span::raw(gap),
            Span::styled(told, theme.style(if index < ahead { Scope::Waiting } else { Scope::Ready })),
        ])
    });
}
