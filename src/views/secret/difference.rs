//! The changes as a difference of the plain text, line by line: only it shows comments, order and layout.

use similar::{ChangeTag, TextDiff};

use super::text::masked;
use crate::model::signs;
use crate::secret::Secret;
use crate::theme::{Scope, Theme};
use crate::widgets::{StyledLine, fit};
use crate::workflows::secret::document::Document;

/// The number of unchanged lines around the changed ones.
const AROUND: usize = 2;

/// One line of the difference.
#[derive(Debug)]
pub(super) enum DiffLine {
    /// Left-out lines.
    Gap,
    /// A line of the text: its change, the line, and its first secret character.
    Text(ChangeTag, Secret, Option<usize>),
}

impl Document {
    /// Compares the opened text with the present one; empty if either cannot be written as text.
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
            ChangeTag::Delete => (signs::REMOVED.sign, Scope::Removed),
            ChangeTag::Insert => (signs::ADDED.sign, Scope::Added),
            ChangeTag::Equal => (" ", Scope::Dim),
        };
        StyledLine::styled(fit(&format!("{sign} {text}"), room), theme.style(scope))
    }
}
