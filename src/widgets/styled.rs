//! Spans, lines and paragraphs: all texts on a screen pass through these.
//!
//! They wrap ratatui's, and make the text visible first. Ratatui drops control characters and attaches characters
//! without a width to the cell before, so text could hide in a name or reverse the row; here it is visible, and takes
//! the cells that it needs.

use std::borrow::Cow;
use std::ops::Deref;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::{text, widgets};

use crate::model::text::cells;

/// Makes the text of one row visible.
fn visible<'a>(content: impl Into<Cow<'a, str>>) -> Cow<'a, str> {
    match content.into() {
        Cow::Borrowed(content) => cells(content),
        Cow::Owned(content) => match cells(&content) {
            Cow::Owned(changed) => Cow::Owned(changed),
            Cow::Borrowed(_) => Cow::Owned(content),
        },
    }
}

/// Holds a part of a line in one style.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Span<'a>(text::Span<'a>);

impl<'a> Span<'a> {
    /// Creates a span of a text, in the style below it.
    pub fn raw(content: impl Into<Cow<'a, str>>) -> Self {
        Self(text::Span::raw(visible(content)))
    }

    /// Creates a span of a text with a style.
    pub fn styled(content: impl Into<Cow<'a, str>>, style: impl Into<Style>) -> Self {
        Self(text::Span::styled(visible(content), style))
    }
}

impl Span<'_> {
    /// Returns the number of its cells.
    pub fn width(&self) -> usize {
        self.0.width()
    }
}

impl<'a> Deref for Span<'a> {
    type Target = text::Span<'a>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<'a, T: Into<Cow<'a, str>>> From<T> for Span<'a> {
    fn from(content: T) -> Self {
        Self::raw(content)
    }
}

/// Holds a line of spans.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StyledLine<'a>(text::Line<'a>);

impl<'a> StyledLine<'a> {
    /// Creates a line of a text, in the style below it.
    pub fn raw(content: impl Into<Cow<'a, str>>) -> Self {
        Span::raw(content).into()
    }

    /// Creates a line of a text with a style.
    pub fn styled(content: impl Into<Cow<'a, str>>, style: impl Into<Style>) -> Self {
        Self(text::Line::styled(visible(content), style))
    }
}

impl<'a> Deref for StyledLine<'a> {
    type Target = text::Line<'a>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<'a> From<Span<'a>> for StyledLine<'a> {
    fn from(span: Span<'a>) -> Self {
        Self(text::Line::from(span.0))
    }
}

impl<'a> From<Vec<Span<'a>>> for StyledLine<'a> {
    fn from(spans: Vec<Span<'a>>) -> Self {
        spans.into_iter().collect()
    }
}

impl From<String> for StyledLine<'_> {
    fn from(content: String) -> Self {
        Self::raw(content)
    }
}

impl<'a> From<&'a str> for StyledLine<'a> {
    fn from(content: &'a str) -> Self {
        Self::raw(content)
    }
}

impl<'a> FromIterator<Span<'a>> for StyledLine<'a> {
    fn from_iter<I: IntoIterator<Item = Span<'a>>>(spans: I) -> Self {
        Self(spans.into_iter().map(|span| span.0).collect())
    }
}

impl widgets::Widget for StyledLine<'_> {
    /// Draws the line; one that is longer than the area ends with `~`, as in [`super::fit`].
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let room = usize::from(area.width);
        let is_cut = self.0.width() > room && {
            let text: String = self.0.spans.iter().map(|span| &*span.content).collect();
            unicode_width::UnicodeWidthStr::width(text.trim_end()) > room
        };
        self.0.render(area, buffer);
        if let Some(last) = area.right().checked_sub(1).filter(|_| is_cut && area.height > 0)
            && let Some(cell) = buffer.cell_mut((last, area.y))
        {
            cell.set_char('~');
        }
    }
}

/// Holds the lines of a paragraph.
#[derive(Debug, Clone, Default)]
pub struct Text<'a>(text::Text<'a>);

impl<'a> From<Vec<StyledLine<'a>>> for Text<'a> {
    fn from(lines: Vec<StyledLine<'a>>) -> Self {
        Self(text::Text::from(lines.into_iter().map(|line| line.0).collect::<Vec<_>>()))
    }
}

impl<'a> From<StyledLine<'a>> for Text<'a> {
    fn from(line: StyledLine<'a>) -> Self {
        Self(text::Text::from(line.0))
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(content: &'a str) -> Self {
        StyledLine::raw(content).into()
    }
}

/// Creates ratatui's paragraphs.
pub struct Paragraph;

impl Paragraph {
    /// Creates a paragraph of lines.
    #[allow(clippy::new_ret_no_self, reason = "it stands where ratatui's own stands elsewhere")]
    pub fn new<'a>(text: impl Into<Text<'a>>) -> widgets::Paragraph<'a> {
        widgets::Paragraph::new(text.into().0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Paragraph, Span, StyledLine};
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    #[test]
    fn a_hostile_name_is_seen_and_takes_its_cells() {
        let hostile = "a\u{1b}[2J\u{202e}b\u{9b}";
        assert_eq!(Span::raw(hostile).width(), r"a\u{1b}[2J\u{202e}b\u{9b}".len());
        let mut terminal = Terminal::new(TestBackend::new(30, 3)).unwrap();
        terminal
            .draw(|frame| {
                let lines: Vec<StyledLine<'_>> = vec![
                    StyledLine::from(hostile.to_owned()),
                    vec![Span::raw(hostile), Span::raw("|")].into(),
                    StyledLine::styled(hostile, ratatui::style::Style::new()),
                ];
                frame.render_widget(Paragraph::new(lines), frame.area());
            })
            .unwrap();
        terminal.backend().assert_buffer_lines([
            r"a\u{1b}[2J\u{202e}b\u{9b}     ",
            r"a\u{1b}[2J\u{202e}b\u{9b}|    ",
            r"a\u{1b}[2J\u{202e}b\u{9b}     ",
        ]);
    }
}
