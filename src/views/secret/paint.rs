//! Draws the opened file: its head, its values, and the field of the edited one.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::widgets::Clear;
use unicode_width::UnicodeWidthStr as _;

use super::editor::Editor;
use super::field::Field;
use super::table::{self, Columns, RowContext, SecretRow};
use super::{SecretView, head};
use crate::app::Scene;
use crate::sops::Locked;
use crate::theme::Scope;
use crate::widgets::{Paragraph, StyledLine, fit, lines, panel};
use crate::workflows::secret::document::Document;

/// The largest height of the field of a value with several lines, in rows.
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
        let asked = self.editing.as_ref().map_or(0, |(_, editor)| {
            u16::try_from(editor.lines().clamp(1, HIGHEST_FIELD)).unwrap_or(1).saturating_add(2)
        });
        let asked = asked.min(inside.height.saturating_sub(above.saturating_add(3)).max(3));
        // A value is edited in place; other input has its field at the foot.
        let in_place = self.editing.as_ref().filter(|(field, _)| matches!(field, Field::Value(_)));
        let field = if in_place.is_some() { 0 } else { asked };
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
                format!("no path matches `{}`; {} shows all again", self.filter, scene.keymap.written("‹key:back›"))
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
        match in_place {
            Some((_, editor)) => {
                let row = u16::try_from(chosen.saturating_sub(self.scroll.first())).unwrap_or(0);
                self.render_in_place(editor, frame, (body, row), (asked, columns), scene);
            }
            None => self.render_field(frame, field_area, scene),
        }
    }

    /// Draws the field of a value over the value; one that is too long, or has several lines, below its row, or above
    /// it if only there is room.
    fn render_in_place(
        &self,
        editor: &Editor,
        frame: &mut Frame<'_>,
        (body, row): (Rect, u16),
        (height, columns): (u16, Columns),
        scene: &Scene<'_>,
    ) {
        let line = Rect { y: body.y.saturating_add(row), height: 1, ..body }.intersection(body);
        let before = u16::try_from(columns.before_value()).unwrap_or(u16::MAX).min(line.width);
        let place = Rect { x: line.x.saturating_add(before), width: line.width - before, ..line };
        let typed = editor.view().0.iter().map(|line| line.width()).max().unwrap_or(0);
        if editor.lines() > 1 || typed >= usize::from(place.width) {
            let height = height.min(body.height);
            let below = body.bottom().saturating_sub(line.bottom());
            let y = if below >= height { line.bottom() } else { body.bottom().saturating_sub(height) };
            let y = if below < height && line.y.saturating_sub(body.y) >= height { line.y - height } else { y };
            self.render_field(frame, Rect { y, height, ..body }, scene);
            return;
        }
        frame.render_widget(Clear, place);
        frame.buffer_mut().set_style(place, scene.theme.style(Scope::Text));
        editor.render(frame, place, scene.theme);
    }

    /// Draws the reason that the file stays closed, and the field for the input that opens it.
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
