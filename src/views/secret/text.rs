//! The whole document as text: highlighted, and checked after every key, so that a mistake is shown where the user
//! makes it.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Modifier;

use super::editor::Editor;
use super::field::Field;
use super::{SecretView, tell};
use crate::app::{Action, Notice, Scene};
use crate::model::text::hides_or_steers;
use crate::sops::SopsError;
use crate::theme::{Scope, Theme};
use crate::widgets::{Paragraph, Span, StyledLine, fit, panel};
use crate::workflows::secret::document::MASK;

/// The width of the line's number.
const NUMBER: usize = 5;

/// Holds the state of the typed text.
#[derive(Debug, Default)]
pub(super) struct TextState {
    /// Its fault, with the line.
    problem: Option<(Option<usize>, String)>,
    /// The first secret character of each line.
    hidden: Vec<Option<usize>>,
    /// The revealed lines, from zero.
    revealed: BTreeSet<usize>,
    /// Whether all values are revealed.
    all: bool,
}

impl TextState {
    /// Returns the first masked character of a line.
    fn mask(&self, line: usize) -> Option<usize> {
        if self.all || self.revealed.contains(&line) { None } else { self.hidden.get(line).copied().flatten() }
    }

    /// Hides every value again; returns whether any was revealed.
    pub(super) fn hide(&mut self) -> bool {
        let shown = self.all || !self.revealed.is_empty();
        (self.all, self.revealed) = (false, BTreeSet::new());
        shown
    }

    /// Follows lines that were added or removed at a line: revealed lines stay with their text.
    fn shift(&mut self, at: usize, before: usize, after: usize) {
        let moved = self.revealed.iter().filter_map(|line| match *line {
            line if line <= at => Some(line),
            line if after >= before => Some(line.saturating_add(after - before)),
            line => line.checked_sub(before - after).filter(|line| *line > at),
        });
        self.revealed = moved.collect();
    }
}

impl SecretView {
    /// Opens the document as text.
    pub(super) fn begin_text(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        if self.saving {
            return tell(scene, "the file is being saved");
        }
        let Some(document) = self.document() else { return Vec::new() };
        match document.opened().plaintext() {
            Ok(text) => {
                let line = self.value().and_then(|index| document.entries().get(index)).map_or(1, |entry| entry.line);
                let mut editor = Editor::new(&text);
                editor.go_to(line);
                let hidden = document.opened().hidden(&text);
                self.editing = Some((Field::Text, editor));
                self.looks = TextState { hidden, ..TextState::default() };
                self.watch_over()
            }
            Err(error) => {
                vec![Action::Tell(Notice::fault(scene.facts.now, error.fault(&self.file, None)))]
            }
        }
    }

    /// Closes the text: a valid one is kept, with undo; one that is not valid is dropped by a second esc only.
    pub(super) fn leave_text(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        if self.looks.problem.is_none() {
            return self.keep(scene);
        }
        self.dropping = true;
        tell(scene, "the text cannot be kept as it is: mend the line with the x, or esc again drops what was typed")
    }

    /// Shows the value under the cursor, or hides it again; with `all`, every value.
    pub(super) fn reveal_in_text(&mut self, all: bool) -> Vec<Action> {
        let Some((Field::Text, editor)) = &self.editing else { return Vec::new() };
        let (_, (row, _)) = editor.view();
        if all {
            self.looks.all = !self.looks.all;
        } else if !self.looks.revealed.remove(&row) {
            self.looks.revealed.insert(row);
        }
        if !self.looks.all && all {
            self.looks.hide();
        }
        self.watch_over()
    }

    /// Changes the text; the value that the user types into is revealed.
    pub(super) fn type_text(&mut self, change: impl FnOnce(&mut Editor)) {
        let Some((Field::Text, editor)) = &mut self.editing else { return };
        let before = editor.lines();
        let (_, (row, _)) = editor.view();
        let text = editor.text();
        change(editor);
        let (_, (now, _)) = editor.view();
        if editor.text() != text {
            self.looks.shift(row.min(now), before, editor.lines());
            self.looks.revealed.extend(row.min(now)..=now);
        }
        self.examine();
    }

    /// Checks the text after a key: its fault with the line, and its secret parts.
    fn examine(&mut self) {
        let (Some((Field::Text, editor)), Some(document)) = (&self.editing, self.document()) else { return };
        let text = editor.text();
        let problem = document.opened().validate(&text).err().map(|error| (line_of(&error), error.to_string()));
        let hidden = document.opened().hidden(&text);
        (self.looks.problem, self.looks.hidden) = (problem, hidden);
    }

    /// Draws the text with its numbers, and below it the fault or the decoded value under the cursor.
    pub(super) fn render_text(&self, editor: &Editor, frame: &mut Frame<'_>, inside: Rect, scene: &Scene<'_>) {
        let title = "ctrl-s keep  esc back  ctrl-x reveal  ctrl-t reveal all   the document as text";
        let inside = panel(frame, inside, title, scene.focus, scene.theme);
        let [body, foot] = Layout::vertical([Constraint::Fill(1), Constraint::Length(1)]).areas(inside);
        let (lines, (row, column)) = editor.view();
        let width = usize::from(body.width).saturating_sub(NUMBER).max(1);
        let shift = column.saturating_sub(width.saturating_sub(8));
        let first = self.text_scroll.follow(row, lines.len(), body.height);
        let shown = lines.iter().enumerate().skip(first).take(usize::from(body.height)).map(|(index, line)| {
            let is_wrong = self.looks.problem.as_ref().is_some_and(|(line, _)| *line == Some(index.saturating_add(1)));
            let sign = if is_wrong { "x" } else { " " };
            let number = format!("{:>3}{sign} ", index.saturating_add(1));
            let mut spans =
                vec![Span::styled(number, scene.theme.style(if is_wrong { Scope::Failed } else { Scope::Dim }))];
            let cursor = (index == row).then_some(column);
            let masked = self.looks.mask(index).map(|at| masked(line, at));
            let line = masked.as_deref().unwrap_or(line);
            let cursor = cursor.map(|column| column.min(if masked.is_some() { line.chars().count() } else { column }));
            spans.extend(highlighted(line, cursor, shift, width, scene.theme));
            StyledLine::from(spans)
        });
        frame.render_widget(Paragraph::new(shown.collect::<Vec<_>>()), body);
        let (words, scope) = match &self.looks.problem {
            Some((Some(line), words)) if !words.starts_with("line ") => (format!("line {line}: {words}"), Scope::Error),
            Some((_, words)) => (words.clone(), Scope::Error),
            None => (
                decoded(lines, row)
                    .filter(|_| self.looks.mask(row).is_none())
                    .unwrap_or_else(|| "it can be saved".to_owned()),
                Scope::Dim,
            ),
        };
        frame.render_widget(StyledLine::styled(fit(&words, usize::from(foot.width)), scene.theme.style(scope)), foot);
    }
}

fn line_of(error: &SopsError) -> Option<usize> {
    match error {
        SopsError::Yaml { line, .. } | SopsError::Shape { line, .. } => Some(*line),
        _ => None,
    }
}

/// Writes a line with a masked value: the mask always has the same length, so that it does not reveal the value's.
pub(super) fn masked(line: &str, at: usize) -> String {
    line.chars().take(at).collect::<String>() + MASK
}

/// Returns the decoded base64 value under the cursor, if that is text.
fn decoded(lines: &[String], row: usize) -> Option<String> {
    let line = lines.get(row)?;
    let indent = |line: &str| line.len().saturating_sub(line.trim_start().len());
    // The nearest line above with less indentation has the key of the value's map.
    let above =
        lines.get(..row)?.iter().rev().find(|above| !above.trim().is_empty() && indent(above) < indent(line))?;
    let (_, value) = line.split_once(": ")?;
    let bytes = STANDARD.decode(value.trim().trim_matches(['"', '\''])).ok().filter(|_| above.trim_end() == "data:")?;
    let size = bytes.len();
    Some(match String::from_utf8(bytes) {
        Ok(text) => format!("decoded: {}", text.replace('\n', " ")),
        Err(_) => format!("decoded: {size} bytes that are not text"),
    })
}

/// Styles a line of YAML: key, value, comment; the cell under the cursor is reversed.
fn highlighted(line: &str, cursor: Option<usize>, shift: usize, width: usize, theme: &Theme) -> Vec<Span<'static>> {
    let count = line.chars().count();
    let indent = count.saturating_sub(line.trim_start().chars().count());
    let comment = if line.trim_start().starts_with('#') {
        indent
    } else {
        line.find(" #")
            .map_or(count, |at| line.get(..at).map_or(count, |before| before.chars().count().saturating_add(1)))
    };
    let key = match line
        .find(": ")
        .or_else(|| line.trim_end().ends_with(':').then(|| line.trim_end().len().saturating_sub(1)))
    {
        Some(at) if comment > indent => line.get(..=at).map_or(0, |before| before.chars().count()),
        _ => 0,
    };
    let scope = |index: usize| match index {
        index if index >= comment => Scope::Dim,
        index if index < key => Scope::Key,
        _ => Scope::Revealed,
    };
    let mut spans: Vec<Span<'static>> = Vec::new();
    let mut run: Option<(Scope, String)> = None;
    let flush = |run: &mut Option<(Scope, String)>, spans: &mut Vec<Span<'static>>| {
        if let Some((scope, text)) = run.take() {
            spans.push(Span::styled(text, theme.style(scope)));
        }
    };
    for (index, letter) in line.chars().enumerate().skip(shift).take(width) {
        let shown = match letter {
            '\t' => ' ',
            _ if hides_or_steers(letter) => '?',
            _ => letter,
        };
        if cursor == Some(index) {
            flush(&mut run, &mut spans);
            spans.push(Span::styled(shown.to_string(), theme.style(scope(index)).add_modifier(Modifier::REVERSED)));
            continue;
        }
        match &mut run {
            Some((known, text)) if *known == scope(index) => text.push(shown),
            _ => {
                flush(&mut run, &mut spans);
                run = Some((scope(index), shown.to_string()));
            }
        }
    }
    flush(&mut run, &mut spans);
    if cursor.is_some_and(|column| column >= count) {
        spans.push(Span::styled(" ", theme.style(Scope::Text).add_modifier(Modifier::REVERSED)));
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::{decoded, highlighted};
    use crate::theme::{Depth, Scope, Theme};

    #[test]
    fn keys_values_and_comments_are_told_apart_and_the_cursor_is_where_it_is() {
        let theme = Theme::load("dark", Depth::True, false).unwrap();
        let parts = |line: &str, cursor| {
            let spans = highlighted(line, cursor, 0, 80, &theme);
            spans.into_iter().map(|span| span.content.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(parts("  key: value # why", None), ["  key:", " value ", "# why"]);
        assert_eq!(parts("# all of it", None), ["# all of it"]);
        assert_eq!(parts("data:", None), ["data:"]);
        assert_eq!(parts("a: b", Some(3)), ["a:", " ", "b"]);
        assert_eq!(parts("ab", Some(2)), ["ab", " "]);
        assert_eq!(highlighted("a: b", None, 0, 80, &theme)[0].style, theme.style(Scope::Key));
    }

    #[test]
    fn what_stands_below_data_is_shown_decoded() {
        let lines = ["data:", "  a: aHVudGVyMg==", "stringData:", "  b: aHVudGVyMg=="].map(str::to_owned);
        assert_eq!(decoded(&lines, 1).unwrap(), "decoded: hunter2");
        assert_eq!((decoded(&lines, 3), decoded(&lines, 0)), (None, None));
    }
}
