//! The values of an opened file as rows, masked unless revealed.

use std::collections::BTreeSet;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr as _};

use crate::model::signs;
use crate::sops::{Changed, Entry, ValueChange, ValueType};
use crate::theme::{Scope, Theme};
use crate::views::parts::columns::share;
use crate::widgets::{Span, StyledLine, fit, pad};
use crate::workflows::secret::document::{Document, MASK, displayed, type_word};

/// The wanted width of an encrypted value: most are masked, and a revealed one continues below.
const HIDDEN: usize = 40;
/// The width of the type's column.
const TYPE: usize = 7;

/// One line of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretRow {
    /// The head of a document, if there are several.
    Document(usize),
    /// A value, or its first line.
    Value(usize),
    /// A further line of a revealed value, with its bytes in the shown text.
    More(usize, std::ops::Range<usize>),
    /// A removed value, by its number among those.
    Gone(usize),
}

/// Holds the widths of the columns.
#[derive(Debug, Clone, Copy)]
pub struct Columns {
    path: usize,
    value: usize,
}

impl Columns {
    /// Measures the columns for a width.
    pub fn new(document: &Document, width: usize) -> Self {
        let longest =
            document.entries().iter().map(|entry| &entry.path).chain(document.gone().map(|change| &change.path));
        let longest = longest.map(|path| path.to_string().chars().count()).max().unwrap_or(0);
        let value = |entry: &Entry| if entry.encrypted { HIDDEN } else { displayed(entry).1.expose().width() };
        let widest = document.entries().iter().map(value).max().unwrap_or(0);
        // Two signs, the type and "enc" beside them, each with a gap.
        let room = width.saturating_sub(TYPE + 11);
        let path = share(room, &[longest.max(4), widest]).first().copied().unwrap_or(4);
        Self { path, value: room.saturating_sub(path) }
    }

    /// Returns the number of cells before a value.
    pub fn before_value(self) -> usize {
        self.path + TYPE + 11
    }

    /// Writes the headings.
    pub fn heading(self) -> String {
        format!("   {} {} {} VALUE", pad("PATH", self.path), pad("TYPE", TYPE), pad("", 5))
    }
}

/// Lists the rows: every value that the filter leaves, with the lines of revealed ones.
pub fn rows(document: &Document, revealed: &BTreeSet<usize>, filter: &str, columns: Columns) -> Vec<SecretRow> {
    let wanted = filter.to_lowercase();
    let many = document.documents() > 1;
    let mut rows = Vec::new();
    let mut headed = None;
    for (index, entry) in document.entries().iter().enumerate() {
        if !wanted.is_empty() && !entry.path.to_string().to_lowercase().contains(&wanted) {
            continue;
        }
        if many && headed != Some(entry.document) {
            headed = Some(entry.document);
            rows.push(SecretRow::Document(entry.document));
        }
        rows.push(SecretRow::Value(index));
        if revealed.contains(&index) && entry.encrypted {
            let parts = parts(displayed(entry).1.expose(), columns.value);
            rows.extend(parts.into_iter().skip(1).map(|range| SecretRow::More(index, range)));
        }
    }
    let left = |change: &ValueChange| change.path.to_string().to_lowercase().contains(&wanted);
    rows.extend(
        document.gone().enumerate().filter(|(_, change)| left(change)).map(|(index, _)| SecretRow::Gone(index)),
    );
    rows
}

/// Splits a text at line ends and at full lines, and returns the ranges of bytes.
fn parts(text: &str, width: usize) -> Vec<std::ops::Range<usize>> {
    let width = width.max(1);
    let mut parts = Vec::new();
    let (mut start, mut used) = (0, 0);
    for (at, character) in text.char_indices() {
        let wide = character.width().unwrap_or(1);
        if character == '\n' {
            parts.push(start..at);
            (start, used) = (at + 1, 0);
        } else if used + wide > width {
            parts.push(start..at);
            (start, used) = (at, wide);
        } else {
            used += wide;
        }
    }
    if start < text.len() || parts.is_empty() {
        parts.push(start..text.len());
    }
    parts
}

/// Holds the input of drawing a row.
pub struct RowContext<'a> {
    /// The document.
    pub document: &'a Document,
    /// The revealed values.
    pub revealed: &'a BTreeSet<usize>,
    /// The columns.
    pub columns: Columns,
    /// The theme.
    pub theme: &'a Theme,
}

impl RowContext<'_> {
    /// Writes a row.
    pub fn line(&self, row: &SecretRow, selected: bool) -> StyledLine<'static> {
        match row {
            SecretRow::Document(document) => {
                let heads = self.document.opened().file().documents();
                let name = heads.get(*document).map(|head| {
                    let part = |text: &Option<String>| text.clone().unwrap_or_default();
                    format!("{} {}/{}", part(&head.kind), part(&head.namespace), part(&head.name))
                });
                let text = format!(" document {}: {}", document + 1, name.unwrap_or_default());
                StyledLine::styled(fit(&text, self.columns.path + self.columns.value), self.theme.style(Scope::Heading))
            }
            SecretRow::Value(index) => match self.document.entries().get(*index) {
                Some(entry) => self.value(*index, entry, selected),
                None => StyledLine::default(),
            },
            SecretRow::More(index, range) => {
                let Some(entry) = self.document.entries().get(*index) else { return StyledLine::default() };
                let (_, secret) = displayed(entry);
                let part = fit(secret.expose().get(range.clone()).unwrap_or(""), self.columns.value);
                let indent = " ".repeat(self.columns.path + TYPE + 11);
                StyledLine::from(vec![Span::raw(indent), Span::styled(part, self.theme.style(Scope::Revealed))])
            }
            SecretRow::Gone(index) => {
                let Some(change) = self.document.gone().nth(*index) else { return StyledLine::default() };
                let style = self.theme.style(Scope::Removed);
                let path = pad(&fit(&change.path.to_string(), self.columns.path), self.columns.path);
                StyledLine::styled(format!(" {} {path} removed", signs::REMOVED.sign), style)
            }
        }
    }

    fn value(&self, index: usize, entry: &Entry, selected: bool) -> StyledLine<'static> {
        let theme = self.theme;
        let fate = self.document.fate(entry);
        let sign = match fate {
            None => " ",
            Some(Changed::Added) => signs::ADDED.sign,
            Some(Changed::Renamed(_)) => signs::RENAMED.sign,
            Some(Changed::Value | Changed::Removed) => signs::CHANGED.sign,
        };
        let was = match fate {
            Some(Changed::Renamed(from)) => format!("  was {}", from.last_key().unwrap_or_default()),
            _ => String::new(),
        };
        let path = fit(&entry.path.to_string(), self.columns.path);
        let gap = " ".repeat(self.columns.path.saturating_sub(path.chars().count()) + 1);
        let (form, secret) = displayed(entry);
        let (text, scope) = match entry.value_type {
            ValueType::Null => ("(null)".to_owned(), Scope::Dim),
            _ if secret.is_empty() => ("(empty)".to_owned(), Scope::Dim),
            _ if !entry.encrypted => (fit(secret.expose(), self.columns.value), Scope::Text),
            _ if !self.revealed.contains(&index) => (MASK.to_owned(), Scope::Masked),
            _ => {
                let first = parts(secret.expose(), self.columns.value).into_iter().next().unwrap_or_default();
                (fit(secret.expose().get(first).unwrap_or(""), self.columns.value), Scope::Revealed)
            }
        };
        StyledLine::from(vec![
            Span::styled(if selected { signs::SELECTED.sign } else { " " }, theme.style(Scope::Selection)),
            Span::styled(format!("{sign} "), theme.style(Scope::Added)),
            Span::styled(path, theme.style(if selected { Scope::Selection } else { Scope::Text })),
            Span::raw(gap),
            Span::styled(format!("{} ", pad(type_word(entry, form), TYPE)), theme.style(Scope::Dim)),
            Span::styled(
                if entry.encrypted { "enc   " } else { "plain " },
                theme.style(if entry.encrypted { Scope::Lock } else { Scope::Dim }),
            ),
            Span::styled(text, theme.style(scope)),
            Span::styled(fit(&was, self.columns.value), theme.style(Scope::Dim)),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn a_value_is_split_at_line_ends_and_where_the_line_is_full() {
        let split = |text: &str| {
            parts(text, 4).into_iter().map(|range| text.get(range).unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(split(""), [""]);
        assert_eq!(split("abcdef"), ["abcd", "ef"]);
        assert_eq!(split("ab\ncd\n"), ["ab", "cd"]);
        assert_eq!(split("日本語"), ["日本", "語"]);
    }
}
