//! Draws the opened file: its head, its values, and the field of the one that is edited.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

use super::field::Field;
use super::table::{self, Columns, RowContext, SecretRow};
use super::{SecretView, head};
use crate::app::Scene;
use crate::sops::Locked;
use crate::theme::Scope;
use crate::widgets::{Paragraph, StyledLine, fit, lines, panel};
use crate::workflows::secret::document::Document;

/// The highest that the field of a value of several lines gets, in rows.
const HIGHEST_FIELD: usize = 14;

impl SecretView {
    pub(super) fn render_open(&self, document: &Document, frame: &mut Frame<'_>, inside: Rect, scene: &Scene<'_>) {
        if let Some((Field::Text, editor)) = &self.editing {
            self.render_text(editor, frame, inside, scene);
            return;
        }
        let width = usize::from(inside.width);
        let head = head::lines(document, self.env, self.saving, width, scene);
        let above = u16::try_from(head.len()).unwrap_or(0);
        let field = self.editing.as_ref().map_or(0, |(_, editor)| {
            u16::try_from(editor.lines().clamp(1, HIGHEST_FIELD)).unwrap_or(1).saturating_add(2)
        });
        let field = field.min(inside.height.saturating_sub(above.saturating_add(3)).max(3));
        let [head_area, heading, body, field_area] = Layout::vertical([
            Constraint::Length(above),
            Constraint::Length(1),
            Constraint::Fill(1),
            Constraint::Length(field),
        ])
        .areas(inside);
        frame.render_widget(Paragraph::new(head), head_area);
        let columns = Columns::new(document, width);
        frame.render_widget(
            StyledLine::styled(fit(&columns.heading(), width), scene.theme.style(Scope::Heading)),
            heading,
        );
        let rows = table::rows(document, &self.revealed, &self.filter, columns);
        if rows.is_empty() {
            let text = if self.filter.is_empty() {
                "the file has no values".to_owned()
            } else {
                format!("no path matches `{}`; esc shows all again", self.filter)
            };
            frame.render_widget(StyledLine::from(fit(&text, width)), body);
        }
        let value = self.value();
        let chosen =
            rows.iter().position(|row| value.is_some_and(|index| *row == SecretRow::Value(index))).unwrap_or(0);
        let look = RowContext { document, revealed: &self.revealed, columns, theme: scene.theme };
        lines(frame, body, &self.scroll, chosen, rows.len(), |index, selected| {
            rows.get(index).map_or_else(StyledLine::default, |row| look.line(row, selected))
        });
        self.render_field(frame, field_area, scene);
    }

    /// Draws why the file stays closed, and the field for what opens it.
    pub(super) fn render_locked(&self, locked: &Locked, frame: &mut Frame<'_>, inside: Rect, scene: &Scene<'_>) {
        let field = if self.editing.is_some() { 3 } else { 0 };
        let [body, field_area] = Layout::vertical([Constraint::Fill(1), Constraint::Length(field)]).areas(inside);
        frame.render_widget(Paragraph::new(head::locked(locked, usize::from(inside.width), scene)), body);
        self.render_field(frame, field_area, scene);
    }

    fn render_field(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
        if let Some((what, editor)) = &self.editing {
            let title = what.title(self.document(), editor.lines());
            let field = panel(frame, area, &title, scene.focus, scene.theme);
            editor.render(frame, field, scene.theme);
        }
    }
}
