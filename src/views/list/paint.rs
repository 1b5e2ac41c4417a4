//! How a list is written: only the rows that are seen.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use unicode_width::UnicodeWidthStr as _;

use super::List;
use super::source::RowSource;
use crate::app::Scene;
use crate::app::health::state_scope;
use crate::model::Row;
use crate::model::clock::age;
use crate::theme::Scope;
use crate::views::parts::row_list::ListedRows;
use crate::widgets::{Paragraph, Span, StyledLine, fit, lines, pad, panel, wrap};

/// How much of a selected name is marked, in characters: all of a long one would cost more bytes a key than the whole budget.
const MARKED_CHARACTERS: usize = 20;

/// A column that the server prints is never wider than this, in cells; what is cut stands in the object's detail.
const WIDEST: usize = 44;

/// Rows whose cells decide how wide the columns are.
const MEASURED: usize = 500;

/// From this width on, columns that `kubectl get -o wide` adds are shown too.
const WIDE_FROM: u16 = 150;

/// The cells of an age, where something stands behind it.
const AGE: usize = 5;

/// Which columns are shown, and how wide each is.
struct Columns {
    namespace: usize,
    name: usize,
    cells: Vec<(usize, usize)>,
}

impl List {
    pub(super) fn paint(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
        let listed = self.shown.listed(self.rows(scene.facts));
        let inside = panel(frame, area, &self.heading(scene, listed.len()), scene.focus, scene.theme);
        let [head, body] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(inside);
        let width = usize::from(inside.width);
        let columns = self.shown_columns(inside.width, &listed);
        let heading = fit(&self.head(&columns), width);
        frame.render_widget(StyledLine::styled(heading, scene.theme.style(Scope::Heading)), head);
        if listed.is_empty() {
            let text = self.nothing(scene.facts);
            let wrapped: Vec<StyledLine<'_>> = wrap(&text, width).into_iter().map(StyledLine::from).collect();
            frame.render_widget(Paragraph::new(wrapped), body);
            return;
        }
        let chosen = self.shown.index(&listed);
        lines(frame, body, &self.shown.scroll, chosen, listed.len(), |index, selected| {
            listed.get(index).map_or_else(StyledLine::default, |row| self.line(row, selected, width, &columns, scene))
        });
    }

    fn shown_columns(&self, room: u16, listed: &ListedRows<'_>) -> Columns {
        let places: Vec<usize> = match &self.source {
            RowSource::Known(kind) => (0..kind.columns.len()).collect(),
            RowSource::Printed(printed) => (0..printed.columns.len())
                .filter(|place| room >= WIDE_FROM || printed.columns.get(*place).is_some_and(|column| !column.wide))
                .collect(),
        };
        let widths = self.shown.widths(listed, room, || self.measure(room, &places, listed));
        let width = |index: usize| widths.get(index).copied().unwrap_or(0);
        let cells = places.into_iter().enumerate().map(|(index, place)| (place, width(index + 2))).collect();
        Columns { namespace: width(0), name: width(1), cells }
    }

    /// Measures namespace, name and the other columns.
    fn measure(&self, room: u16, places: &[usize], listed: &ListedRows<'_>) -> Vec<usize> {
        let rows: Vec<&Row> = listed.first(MEASURED).collect();
        let widest = |text: &dyn Fn(&Row) -> usize| rows.iter().map(|row| text(row)).max().unwrap_or(0);
        let (namespace, name) = (widest(&|row| row.key.namespace.width()), widest(&|row| row.key.name.width()));
        let mut widths = match &self.source {
            RowSource::Known(_) => vec![namespace.clamp(9, 24), name.clamp(12, if room >= 120 { 48 } else { 28 })],
            RowSource::Printed(_) => vec![namespace.clamp("NAMESPACE".len(), WIDEST), name.clamp("NAME".len(), WIDEST)],
        };
        if !self.source.namespaced() {
            widths = widths.into_iter().enumerate().map(|(at, width)| if at == 0 { 0 } else { width }).collect();
        }
        widths.extend(places.iter().map(|place| {
            match &self.source {
                RowSource::Known(kind) => kind.columns.get(*place).map_or(0, |column| usize::from(column.width)),
                RowSource::Printed(_) => widest(&|row| row.cells.get(*place).map_or(0, |cell| cell.width()))
                    .max(self.source.title(*place).width())
                    .min(WIDEST),
            }
        }));
        widths
    }

    /// Writes the headings of the columns.
    fn head(&self, columns: &Columns) -> String {
        let is_known = matches!(self.source, RowSource::Known(_));
        let mut heading = if is_known { "   " } else { "  " }.to_owned();
        if columns.namespace > 0 {
            heading.extend([&pad("NAMESPACE", columns.namespace), " "]);
        }
        heading.push_str(&pad("NAME", columns.name));
        for (place, width) in &columns.cells {
            heading.extend([" ", &pad(&self.source.title(*place).to_uppercase(), *width)]);
        }
        if is_known {
            heading.extend([" ", &pad("AGE", AGE), " MESSAGE"]);
        } else {
            heading.push_str(" AGE");
        }
        heading
    }

    fn line(
        &self,
        row: &Row,
        selected: bool,
        width: usize,
        columns: &Columns,
        scene: &Scene<'_>,
    ) -> StyledLine<'static> {
        let theme = scene.theme;
        let marked = scene.has_marks(self.env) && scene.is_marked(self.env, &self.object(row));
        let (sign, scope) = match (selected, marked) {
            (true, false) => (">", Scope::Selection),
            (true, true) => ("}", Scope::Selection),
            (false, true) => ("+", Scope::Marked),
            (false, false) => (" ", Scope::Text),
        };
        let is_known = matches!(self.source, RowSource::Known(_));
        let state = if is_known { format!("{} ", row.state.sign()) } else { " ".to_owned() };
        let mut spans = vec![
            Span::styled(sign, theme.style(Scope::Selection)),
            Span::styled(state, theme.style(state_scope(row.state))),
        ];
        if columns.namespace > 0 {
            spans.push(Span::styled(
                format!("{} ", pad(&row.key.namespace, columns.namespace)),
                theme.style(Scope::Dim),
            ));
        }
        let name = fit(&row.key.name, columns.name);
        let gap = columns.name.saturating_sub(name.width());
        let cut = name.char_indices().nth(MARKED_CHARACTERS).map_or(name.len(), |(index, _)| index);
        let (head, tail) = name.split_at_checked(cut).unwrap_or((&name, ""));
        spans.push(Span::styled(head.to_owned(), theme.style(scope)));
        let mut rest = format!("{tail}{}", " ".repeat(gap));
        for (place, width) in &columns.cells {
            rest.extend([" ", &pad(row.cells.get(*place).map_or("", |cell| cell), *width)]);
        }
        let old = row.created.map(|created| age(scene.facts.now_in(self.env), created)).unwrap_or_default();
        let used = |spans: &[Span<'_>]| spans.iter().map(Span::width).sum::<usize>();
        if is_known {
            spans.push(Span::raw(rest));
            spans.push(Span::styled(format!(" {} ", pad(&old, AGE)), theme.style(Scope::Dim)));
            let message = fit(row.message.lines().next().unwrap_or(""), width.saturating_sub(used(&spans)));
            spans.push(Span::styled(message, theme.style(state_scope(row.state))));
        } else {
            let room = width.saturating_sub(used(&spans));
            spans.push(Span::raw(fit(&format!("{rest} {old}"), room)));
        }
        StyledLine::from(spans)
    }
}
