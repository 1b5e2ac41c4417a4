//! The shared parts of views with tabs: the line of tabs, texts above their pages, and the opening of links.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use unicode_width::UnicodeWidthStr as _;

use crate::app::{Action, CommandTarget, Motion, Scene};
use crate::model::Fault;
use crate::theme::{Scope, Theme};
use crate::views::parts::page::PageLine;
use crate::widgets::{Paragraph, Span, StyledLine, fit};

/// Describes a tab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TabLabel {
    /// Its name.
    pub text: String,
    /// The text after its name, such as a count.
    pub mark: String,
    /// The colour of that text.
    pub scope: Scope,
    /// Whether it is the open one.
    pub is_shown: bool,
}

impl TabLabel {
    /// Builds a tab without a mark.
    pub fn new(text: impl Into<String>, is_shown: bool) -> Self {
        Self { text: text.into(), mark: String::new(), scope: Scope::Dim, is_shown }
    }

    fn width(&self) -> usize {
        self.text.width() + self.mark.width() + 2
    }
}

/// Writes the tabs: the open one in brackets, so that it does not depend on colour alone. If there is no room for all,
/// the ones around it are written, with an arrow towards the others.
pub fn line(labels: &[TabLabel], width: u16, theme: &Theme) -> StyledLine<'static> {
    let width = usize::from(width);
    let shown = labels.iter().position(|label| label.is_shown).unwrap_or(0);
    let fits = |first: usize, last: usize| {
        let arrows = usize::from(first > 0) * 2 + usize::from(last + 1 < labels.len()) * 2;
        let cells: usize = labels.iter().take(last + 1).skip(first).map(TabLabel::width).sum();
        cells + arrows <= width
    };
    // The tabs start at the first one if the open tab is then in sight; else so that the one after it is in sight, too.
    let last = if shown + 1 < labels.len() { shown + 1 } else { shown };
    let mut first = 0;
    while first < shown && !fits(first, last) {
        first += 1;
    }
    let mut last = shown;
    while last + 1 < labels.len() && fits(first, last + 1) {
        last += 1;
    }
    let mut spans = Vec::new();
    if first > 0 {
        spans.push(Span::styled("← ", theme.style(Scope::Key)));
    }
    for label in labels.iter().take(last + 1).skip(first) {
        let (open, close, scope) = if label.is_shown { ("[", "]", Scope::Selection) } else { (" ", " ", Scope::Dim) };
        spans.push(Span::styled(format!("{open}{}", fit(&label.text, width)), theme.style(scope)));
        if !label.mark.is_empty() {
            spans.push(Span::styled(label.mark.clone(), theme.style(label.scope)));
        }
        spans.push(Span::styled(close, theme.style(scope)));
    }
    if last + 1 < labels.len() {
        spans.push(Span::styled(" →", theme.style(Scope::Key)));
    }
    StyledLine::from(spans)
}

/// Draws the tabs, and below them a warning about the content of the pages; returns the room that is left.
pub fn head(frame: &mut Frame<'_>, inside: Rect, labels: &[TabLabel], warning: &[String], theme: &Theme) -> Rect {
    let height = u16::try_from(warning.len()).unwrap_or(0).min(inside.height / 3);
    let [head, told, body] =
        Layout::vertical([Constraint::Length(1), Constraint::Length(height), Constraint::Fill(1)]).areas(inside);
    frame.render_widget(line(labels, head.width, theme), head);
    text(frame, told, warning, Scope::Error, theme);
    body
}

/// Returns the tab that a motion leads to, with the first after the last; `None` for any other motion.
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

/// Writes the number of matching lines, for a title; empty without a search.
pub fn found(count: Option<usize>) -> String {
    count.map_or_else(String::new, |count| format!("  {count} found"))
}

/// Draws lines of text in one style.
pub fn text(frame: &mut Frame<'_>, area: Rect, lines: &[String], scope: Scope, theme: &Theme) {
    let lines: Vec<StyledLine<'_>> =
        lines.iter().map(|line| StyledLine::styled(line.as_str(), theme.style(scope))).collect();
    frame.render_widget(Paragraph::new(lines), area);
}

/// Writes a fault in place of a value that could not be read.
pub fn fault(fault: &Fault) -> Vec<PageLine> {
    vec![
        PageLine::wrapped(format!("{}: {}", fault.what, fault.why), Scope::Error),
        PageLine::wrapped(format!("{}; ‹key:redraw› tries again", fault.todo), Scope::Text),
    ]
}

/// Requests to open a target, as enter on it elsewhere would.
pub fn open(target: CommandTarget, scene: &Scene<'_>) -> Option<Action> {
    scene.command("open").map(|command| Action::Dispatch(command, vec![target], Vec::new()))
}

#[cfg(test)]
mod tests {
    use super::{TabLabel, line};
    use crate::theme::{Depth, Theme};

    #[test]
    fn the_tab_that_is_shown_is_seen_and_arrows_say_where_more_are() {
        let theme = Theme::load("terminal", Depth::None, false).unwrap();
        let shown = |at: usize, width: u16| {
            let names = ["overview", "history", "values", "manifest", "diff"];
            let labels: Vec<TabLabel> =
                names.iter().enumerate().map(|(index, name)| TabLabel::new(*name, index == at)).collect();
            line(&labels, width, &theme).spans.iter().map(|span| span.content.to_string()).collect::<String>()
        };
        assert_eq!(shown(1, 60), " overview [history] values  manifest  diff ");
        assert_eq!(shown(0, 25), "[overview] history  →");
        assert_eq!(shown(2, 25), "← [values] manifest  →");
        assert_eq!(shown(4, 25), "←  manifest [diff]");
        assert_eq!(shown(3, 8), "← [manifest] →");
    }
}
