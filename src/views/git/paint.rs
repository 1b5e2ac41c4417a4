//! Draws the two panels of the git screen.

use std::fmt::Write as _;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::files::{ChangedFile, Group};
use super::{Git, applied, files_of, state};
use crate::app::{Scene, distance};
use crate::model::Fault;
use crate::model::signs;
use crate::repo::git::{GitState, Head};
use crate::theme::{Scope, Theme};
use crate::widgets::{Paragraph, Span, StyledLine, fit, fit_end, lines, pad, panel, wrap};

/// Writes the state of HEAD: branch, upstream, how far they are apart, and the operation that git is in the middle of.
pub fn title(state: &GitState, scene: &Scene<'_>) -> String {
    let mut title = match &state.head {
        Head::Branch(name) => format!("git  {name}"),
        Head::Unborn(name) => format!("git  {name}, no commit yet"),
        Head::Detached => format!("git  detached at {}", state.head_word()),
    };
    match (&state.upstream, &state.head) {
        (Some(upstream), _) => {
            let apart = distance(upstream, scene.facts.now, scene.keymap);
            let _ = write!(title, " -> {}  {apart}", upstream.name);
        }
        (None, Head::Branch(_)) => {
            title.push_str(&scene.keymap.written("  follows no branch: ‹key:git-push› sets it"));
        }
        (None, _) => {}
    }
    if let Some(operation) = state.operation {
        let _ = write!(title, "  {} IN PROGRESS", operation.word().to_uppercase());
    }
    title
}

fn say(frame: &mut Frame<'_>, area: Rect, text: &str, scope: Scope, scene: &Scene<'_>) {
    let told = wrap(&scene.keymap.written(text), usize::from(area.width));
    let told: Vec<StyledLine<'_>> = told.into_iter().map(StyledLine::from).collect();
    frame.render_widget(Paragraph::new(told).style(scene.theme.style(scope)), area);
}

fn fault_text(fault: &Fault) -> String {
    format!("{}: {}\n{}", fault.what, fault.why, fault.todo)
}

/// Describes the operation that git is in the middle of, and the next step.
fn unfinished(state: &GitState) -> Option<String> {
    let operation = state.operation?;
    let word = operation.word();
    let skips = if operation.skipping().is_some() { "‹key:git-skip› leaves this commit out, " } else { "" };
    Some(match state.counts.conflicts {
        0 if operation.continuing().is_none() => {
            format!(
                "git is {word}: `git {0} good` and `git {0} bad` go on with it, ‹key:git-abort› ends it",
                operation.verb()
            )
        }
        0 => format!(
            "git is {word}, and no file is in conflict: ‹key:git-continue› continues, {skips}‹key:git-abort› aborts"
        ),
        1 => format!(
            "git is {word}: 1 file is in conflict. ‹key:edit› edits it, ‹key:mark› marks it as resolved; then ‹key:git-continue› continues. ‹key:git-abort› aborts"
        ),
        count => format!(
            "git is {word}: {count} files are in conflict. ‹key:edit› edits each, ‹key:mark› marks it as resolved; then ‹key:git-continue› continues. ‹key:git-abort› aborts"
        ),
    })
}

/// Writes a text above the content of a panel, and returns the room that is left.
fn band(frame: &mut Frame<'_>, area: Rect, text: &str, scope: Scope, scene: &Scene<'_>) -> Rect {
    let written = scene.keymap.written(text);
    let lines = u16::try_from(wrap(&written, usize::from(area.width)).len()).unwrap_or(u16::MAX);
    let height = lines.min(area.height.saturating_sub(2));
    say(frame, Rect { height, ..area }, &written, scope, scene);
    Rect { y: area.y.saturating_add(height), height: area.height.saturating_sub(height), ..area }
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

/// Draws the sign of the cursor, which only the panel with the focus has.
fn cursor(is_here: bool, theme: &Theme) -> Span<'static> {
    Span::styled(if is_here { signs::SELECTED.sign } else { " " }, theme.style(Scope::Selection))
}

/// Draws the changed files.
pub fn files(view: &Git, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
    use crate::app::View as _;
    let theme = scene.theme;
    let inside = panel(frame, area, &view.title(scene), scene.focus && !view.history, theme);
    match state(scene) {
        None => {
            let text = scene.facts.repository_fault.as_ref().map_or_else(|| "reading...".to_owned(), fault_text);
            return say(frame, inside, &text, Scope::Dim, scene);
        }
        Some(Err(fault)) => return say(frame, inside, &fault_text(fault), Scope::Error, scene),
        Some(Ok(_)) => {}
    }
    let inside = match state(scene).and_then(|state| state.as_ref().ok()).and_then(unfinished) {
        Some(text) => band(frame, inside, &text, Scope::Waiting, scene),
        None => inside,
    };
    let files = files_of(scene);
    if files.is_empty() {
        let text = "nothing is changed; what you edit appears here, ‹key:mark› stages it, ‹key:git-message› commits";
        return say(frame, inside, text, Scope::Dim, scene);
    }
    let rows = rows(&files);
    let chosen = view.index(&files);
    let row = rows.iter().position(|row| matches!(row, Row::File(index) if *index == chosen)).unwrap_or(0);
    let width = usize::from(inside.width);
    lines(frame, inside, &view.scroll, row, rows.len(), |index, selected| match rows.get(index) {
        Some(Row::Heading(group, count)) => StyledLine::styled(
            format!(" {} ({count})", scene.keymap.written(group.heading())),
            theme.style(Scope::Heading),
        ),
        Some(Row::File(at)) => files.get(*at).map_or_else(StyledLine::default, |file| {
            let scope = if selected { Scope::Selection } else { Scope::Text };
            let mark = if file.group == Group::Conflict { Scope::Error } else { Scope::Git };
            let conflict = file.conflict.map(|words| format!("  {words}")).unwrap_or_default();
            let taken = conflict.len().saturating_add(6);
            StyledLine::from(vec![
                cursor(selected && !view.history, theme),
                Span::styled(format!("  {} ", file.letter), theme.style(mark)),
                Span::styled(fit_end(&file.path, width.saturating_sub(taken)), theme.style(scope)),
                Span::styled(conflict, theme.style(Scope::Dim)),
            ])
        }),
        None => StyledLine::default(),
    });
}

/// Draws the last commits, each with the environments that applied it.
pub fn history(view: &Git, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
    let theme = scene.theme;
    let inside = panel(frame, area, "commits, and who applied them", scene.focus && view.history, theme);
    let inside = view.missing.iter().fold(inside, |inside, (commit, names)| {
        let short = crate::model::revision::short(commit);
        let text = format!("{names}: has applied {short}, a commit that is not here: ‹key:git-fetch› fetches it");
        band(frame, inside, &text, Scope::Waiting, scene)
    });
    let log = match &view.log {
        // The panel above reports why there is no history.
        _ if state(scene).is_some_and(Result::is_err) => return,
        None => return say(frame, inside, "reading...", Scope::Dim, scene),
        Some(Err(fault)) => return say(frame, inside, &fault_text(fault), Scope::Error, scene),
        Some(Ok(log)) if log.is_empty() => {
            return say(
                frame,
                inside,
                "there is no commit yet: ‹key:mark› stages, ‹key:git-message› commits",
                Scope::Dim,
                scene,
            );
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
            cursor(selected && view.history, theme),
            Span::styled(format!(" {} ", pad(entry.short(), 7)), theme.style(Scope::Dim)),
            Span::styled(subject, theme.style(scope)),
            Span::raw(gap),
            Span::styled(told, theme.style(if index < ahead { Scope::Waiting } else { Scope::Ready })),
        ])
    });
}
