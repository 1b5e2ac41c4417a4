//! What will be saved as a difference of the plain text, line by line: comments, order and layout show in no other way.

use similar::{ChangeTag, TextDiff};

use super::text::masked;
use crate::secret::Secret;
use crate::theme::{Scope, Theme};
use crate::widgets::{StyledLine, fit};
use crate::workflows::secret::document::Document;

/// Lines that stay, shown around those that change.
const AROUND: usize = 2;

/// One line of the difference.
#[derive(Debug)]
pub(super) enum DiffLine {
    /// Lines in between are left out.
    Gap,
    /// A line of the text: what happens to it, the line, and from which character on it is secret.
    Text(ChangeTag, Secret, Option<usize>),
}

impl Document {
    /// Compares the text as it was opened with the text as it is now; empty where either cannot be written as text.
    pub(super) fn text_difference(&self) -> Vec<DiffLine> {
        let opened = self.opened();
        let (Ok(old), Ok(new)) = (opened.original_plaintext(), opened.plaintext()) else { return Vec::new() };
        let (old_hidden, new_hidden) = (opened.hidden(&old), opened.hidden(&new));
        let diff = TextDiff::from_lines(old.expose(), new.expose());
        let mut lines = Vec::new();
        for group in diff.grouped_ops(AROUND) {
            if !lines.is_empty() {
                lines.push(DiffLine::Gap);
            }
            for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
                let hidden = match (change.tag(), change.old_index(), change.new_index()) {
                    (ChangeTag::Delete, Some(index), _) => old_hidden.get(index),
                    (_, _, Some(index)) => new_hidden.get(index),
                    _ => None,
                };
                let line = Secret::new(change.value().trim_end_matches('\n'));
                lines.push(DiffLine::Text(change.tag(), line, hidden.copied().flatten()));
            }
        }
        lines
    }
}

impl DiffLine {
    /// Draws the line.
    pub(super) fn line(&self, is_revealed: bool, room: usize, theme: &Theme) -> StyledLine<'static> {
        let Self::Text(tag, text, hidden) = self else { return StyledLine::styled(" ...", theme.style(Scope::Dim)) };
        let text = match hidden {
            Some(at) if !is_revealed => masked(text.expose(), *at),
            _ => text.expose().to_owned(),
        };
        let (sign, scope) = match tag {
            ChangeTag::Delete => ("-", Scope::Removed),
            ChangeTag::Insert => ("+", Scope::Added),
            ChangeTag::Equal => (" ", Scope::Dim),
        };
        StyledLine::styled(fit(&format!("{sign} {text}"), room), theme.style(scope))
    }
}
