//! The layout of one entry in cells: its text, its colours, and its visible rows.

use std::collections::BTreeSet;
use std::ops::Range;

use ratatui::style::Style;

use super::buffer::find;
use crate::model::text::cells;
use crate::widgets::{Span, fit, rows};

/// The most bytes of a cell, about; it decides how much of a text is read if only its end is visible.
const BYTES_OF_CELL: usize = 4;

/// Holds the text of an entry, harmless for a terminal, and its layout.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Layout {
    text: String,
    /// The styles, each with its first byte.
    styles: Vec<(usize, Style)>,
    /// The bytes of each row.
    pub(super) rows: Vec<Range<usize>>,
    /// Whether the one row continues beyond the screen.
    pub(super) is_cut: bool,
}

impl Layout {
    /// Appends a text in a style.
    pub(super) fn push(&mut self, text: &str, style: Style) {
        self.styles.push((self.text.len(), style));
        self.text.push_str(&cells(text));
    }

    /// Wraps the text to a width, into its first or last rows, up to a number.
    pub(super) fn wrap(&mut self, width: usize, most: usize, is_end: bool) {
        if !is_end {
            self.rows = rows(&self.text, width, most);
            return;
        }
        let seen = width.saturating_add(1).saturating_mul(most).saturating_mul(BYTES_OF_CELL);
        let mut from = self.text.len().saturating_sub(seen);
        // It starts at a word, if there is one.
        let tail = self.text.as_bytes().get(from..).unwrap_or_default();
        if from > 0 {
            from += tail.iter().position(|byte| *byte == b' ').map_or(0, |space| space.saturating_add(1));
        }
        while !self.text.is_char_boundary(from) {
            from = from.saturating_add(1);
        }
        let all = rows(self.text.get(from..).unwrap_or_default(), width, usize::MAX);
        let last = all.iter().skip(all.len().saturating_sub(most));
        self.rows = last.map(|row| row.start.saturating_add(from)..row.end.saturating_add(from)).collect();
    }

    /// Cuts the text to one row, which starts at a number of characters.
    pub(super) fn cut(&mut self, width: usize, pan: usize) {
        let from = self.text.char_indices().nth(pan).map_or(self.text.len(), |(at, _)| at);
        let rest = self.text.get(from..).unwrap_or_default();
        let kept = fit(rest, width);
        self.is_cut = width > 0 && kept.len() <= rest.len() && kept != rest.get(..kept.len()).unwrap_or_default();
        let length = kept.len().saturating_sub(usize::from(self.is_cut));
        self.rows = std::iter::once(from..from.saturating_add(length)).collect();
    }

    /// Appends the spans of a row: its colours over a style, and over both the search text in its own style.
    pub(super) fn spans(
        &self,
        row: &Range<usize>,
        style: Style,
        (sought, is_found): (&str, Style),
        spans: &mut Vec<Span<'static>>,
    ) {
        let text = self.text.get(row.clone()).unwrap_or_default();
        let matches = matches(text, sought);
        let first = self.styles.partition_point(|(at, _)| *at <= row.start);
        let inside =
            self.styles.get(first..).unwrap_or_default().iter().map(|(at, _)| *at).take_while(|at| *at < row.end);
        let mut edges: BTreeSet<usize> = inside.map(|at| at.saturating_sub(row.start)).collect();
        edges.extend(matches.iter().flat_map(|range| [range.start, range.end]));
        edges.extend([0, text.len()]);
        let edges: Vec<usize> = edges.into_iter().collect();
        for pair in edges.windows(2) {
            let &[from, to] = pair else { continue };
            let own = self.styles.partition_point(|(at, _)| *at <= row.start.saturating_add(from)).checked_sub(1);
            let own = own.and_then(|place| self.styles.get(place)).map_or_else(Style::new, |(_, own)| *own);
            let found = matches.iter().any(|range| range.contains(&from));
            let style = if found { is_found } else { style.patch(own) };
            spans.push(Span::styled(text.get(from..to).unwrap_or_default().to_owned(), style));
        }
    }
}

/// Finds every occurrence of the search text.
fn matches(text: &str, sought: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| find(rest, sought)).filter(|_| !sought.is_empty()) {
        let start = from.saturating_add(at);
        from = start.saturating_add(sought.len());
        found.push(start..from);
    }
    found
}

#[cfg(test)]
mod tests {
    use ratatui::style::{Color, Style};

    use super::*;

    fn shown(layout: &Layout) -> Vec<&str> {
        layout.rows.iter().map(|row| layout.text.get(row.clone()).unwrap()).collect()
    }

    #[test]
    fn the_first_rows_or_the_last_are_laid_out() {
        let mut layout = Layout::default();
        let words: Vec<String> = (0..100_000).map(|number| format!("é{number:05}")).collect();
        layout.push(&words.join(" "), Style::new());
        layout.wrap(13, 2, false);
        assert_eq!(shown(&layout), ["é00000 é00001", "é00002 é00003"]);
        layout.wrap(13, 2, true);
        assert_eq!(shown(&layout), ["é99996 é99997", "é99998 é99999"]);
        layout.cut(8, 7);
        assert_eq!((shown(&layout), layout.is_cut), (vec!["é00001 "], true));
        let mut short = Layout::default();
        short.push("a~", Style::new());
        short.cut(2, 0);
        assert_eq!((shown(&short), short.is_cut), (vec!["a~"], false));
    }

    #[test]
    fn colours_and_what_is_sought_part_a_row() {
        let (red, found) = (Style::new().fg(Color::Red), Style::new().fg(Color::Green));
        let mut layout = Layout::default();
        layout.push("an ", Style::new());
        layout.push("err\u{1b}or", red);
        layout.cut(40, 0);
        let mut spans = Vec::new();
        layout.spans(&layout.rows[0], Style::new(), ("n e", found), &mut spans);
        let told: Vec<_> = spans.iter().map(|span| (span.content.as_ref(), span.style.fg)).collect();
        let all = [("a", None), ("n ", found.fg), ("e", found.fg), (r"rr\u{1b}or", red.fg)];
        assert_eq!(told, all);
    }
}
