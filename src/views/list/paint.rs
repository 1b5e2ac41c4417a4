//! The drawing of a list: only the visible rows.

use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use unicode_width::UnicodeWidthStr;

use super::List;
use super::source::RowSource;
use crate::app::Scene;
use crate::app::health::state_scope;
use crate::model::Row;
use crate::model::clock::age;
use crate::model::signs;
use crate::theme::Scope;
use crate::views::parts::abridged::abridged;
use crate::views::parts::columns::{ColumnNeed, GAP};
use crate::views::parts::row_list::{Direction, ListedRows, SortColumn};
use crate::views::parts::tabs;
use crate::widgets::{Paragraph, Span, StyledLine, fit, fit_middle, lines, pad, panel, wrap};

/// The number of characters of a selected name that are marked: all of a long one would cost more bytes a key than the
/// whole budget.
const MARKED_CHARACTERS: usize = 20;

/// The largest width of a column, in cells; the object's detail has the full text.
const WIDEST: usize = 160;

/// The largest wanted width of a message: it takes the room that the others leave.
const SAID: usize = 30;

/// The lines below the rows for the message of the selected one.
const BELOW: u16 = 2;

/// The cells of the heading of messages, with the sign of its order.
const TITLED: usize = "MESSAGE".len() + 1;

/// The number of rows that decide the widths of the columns.
const MEASURED: usize = 500;

/// The cells of an age.
const AGE: usize = 4;

/// The signs before the first column: the cursor, the state, and a gap.
const SIGNS: usize = 3;

/// Names a column after the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ListColumn {
    /// A cell of the row.
    Cell(usize),
    /// The age of the object.
    Age,
    /// Its message.
    Message,
}

/// Holds the shown columns with their widths.
struct Columns {
    /// The width of the namespaces; `None` if the objects have none.
    namespace: Option<usize>,
    name: usize,
    others: Vec<(ListColumn, usize)>,
    /// The room for messages, up to the edge.
    message: usize,
    /// Whether a row has a message.
    has_messages: bool,
    before: bool,
    behind: bool,
}

impl List {
    pub(super) fn paint(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
        let listed = self.shown.listed(self.rows(scene.facts));
        let inside = panel(frame, area, &self.heading(scene, listed.len()), scene.focus, scene.theme);
        let tabs_height = u16::from(matches!(self.source, RowSource::Known(_)) && inside.height > 3);
        let [tabs_area, head, body] =
            Layout::vertical([Constraint::Length(tabs_height), Constraint::Length(1), Constraint::Fill(1)])
                .areas(inside);
        if let (RowSource::Known(kind), 1..) = (&self.source, tabs_height) {
            let labels = self.tabs.labels(scene.facts, self.env, kind);
            frame.render_widget(tabs::line(&labels, inside.width, scene.theme), tabs_area);
        }
        let width = usize::from(inside.width);
        let columns = self.columns(width, &listed, scene.facts.now_in(self.env));
        frame.render_widget(self.head(&columns, width, &listed, scene), head);
        if listed.is_empty() {
            let text = scene.keymap.written(&self.nothing(scene.facts)).into_owned();
            let wrapped: Vec<StyledLine<'_>> = wrap(&text, width).into_iter().map(StyledLine::from).collect();
            frame.render_widget(Paragraph::new(wrapped), body);
            return;
        }
        let chosen = self.shown.index(&listed);
        let body = message_below(frame, body, &columns, listed.get(chosen), scene);
        lines(frame, body, &self.shown.scroll, chosen, listed.len(), |index, selected| {
            listed.get(index).map_or_else(StyledLine::default, |row| self.line(row, selected, width, &columns, scene))
        });
    }

    /// Lists the columns after the name, in their order: those that `kubectl get -o wide` adds come last.
    fn others(&self) -> Vec<ListColumn> {
        let cells = |wide: bool| {
            let is_wide = move |place: &usize| match &self.source {
                RowSource::Known(_) => false,
                RowSource::Printed(printed) => printed.columns.get(*place).is_some_and(|column| column.wide),
            };
            (0..self.source.columns()).filter(move |place| is_wide(place) == wide).map(ListColumn::Cell)
        };
        let message = matches!(self.source, RowSource::Known(_)).then_some(ListColumn::Message);
        cells(false).chain([ListColumn::Age]).chain(message).chain(cells(true)).collect()
    }

    fn columns(&self, width: usize, listed: &ListedRows<'_>, now: Timestamp) -> Columns {
        let others = self.others();
        let asked = self.shown.widths(listed, || self.measure(&others, listed, now));
        let fixed = if self.source.namespaced() { 2 } else { 1 };
        let (fixed, asked) = asked.split_at_checked(fixed).unwrap_or_default();
        let need =
            |(column, asked): (&ListColumn, &usize)| ColumnNeed { asked: *asked, is_kept: self.is_kept(*column) };
        let needs: Vec<ColumnNeed> = others.iter().zip(asked).map(need).collect();
        let layout = self.columns.lay(width.saturating_sub(SIGNS), fixed, &needs);
        let (namespace, name) = match layout.fixed.as_slice() {
            [namespace, name] => (Some(*namespace), *name),
            widths => (None, widths.first().copied().unwrap_or(0)),
        };
        let place = others.iter().position(|column| *column == ListColumn::Message);
        let has_messages = place.and_then(|place| asked.get(place)).is_some_and(|asked| *asked > TITLED);
        let others: Vec<_> = layout.shown.iter().filter_map(|(at, width)| Some((*others.get(*at)?, *width))).collect();
        let before: usize =
            layout.fixed.iter().chain(layout.shown.iter().map(|(_, width)| width)).map(|width| width + GAP).sum();
        let message = match others.last() {
            // It takes the rest of the line.
            Some((ListColumn::Message, asked)) => (width + asked + GAP).saturating_sub(SIGNS + before),
            _ => 0,
        };
        Columns { namespace, name, others, message, has_messages, before: layout.before, behind: layout.behind }
    }

    /// Tells whether a column stays in sight in a narrow list.
    fn is_kept(&self, column: ListColumn) -> bool {
        match column {
            ListColumn::Cell(place) => self.source.title(place).eq_ignore_ascii_case("status"),
            ListColumn::Age => true,
            ListColumn::Message => false,
        }
    }

    /// Measures the wanted widths of the columns: namespace, if there is one, name and the others.
    fn measure(&self, others: &[ListColumn], listed: &ListedRows<'_>, now: Timestamp) -> Vec<usize> {
        let rows: Vec<&Row> = listed.first(MEASURED).collect();
        let widest = |title: &str, sorted: SortColumn, text: &dyn Fn(&Row) -> usize| {
            let sign = usize::from(self.shown.order().by == sorted);
            let widest = rows.iter().map(|row| text(row)).max().unwrap_or(0);
            widest.max(title.width() + sign).min(WIDEST)
        };
        let namespace = self
            .source
            .namespaced()
            .then(|| widest("NAMESPACE", SortColumn::Namespace, &|row| row.key.namespace.width()));
        let name = widest("NAME", SortColumn::Name, &|row| row.key.name.width());
        let others = others.iter().map(|column| match column {
            ListColumn::Cell(place) => widest(self.source.title(*place), SortColumn::Cell(*place), &|row| {
                // An age in the cell may grow by a cell before the rows change.
                row.cell(*place, now).width() + usize::from(row.note.as_ref().is_some_and(|note| note.column == *place))
            }),
            ListColumn::Age => widest("AGE", SortColumn::Age, &|_| AGE),
            ListColumn::Message => {
                let said = |row: &Row| row.message.lines().next().map_or(0, UnicodeWidthStr::width);
                widest("MESSAGE", SortColumn::Message, &said).min(SAID)
            }
        });
        namespace.into_iter().chain([name]).chain(others).collect()
    }

    /// Writes the headings of the columns: with an arrow at the sorted column, and at the edges where more columns are.
    fn head(&self, columns: &Columns, width: usize, listed: &ListedRows<'_>, scene: &Scene<'_>) -> StyledLine<'static> {
        let sign = |column| self.shown.direction(column, listed).map_or("", Direction::sign);
        let titled = |title: &str, column, width| pad(&format!("{title}{}", sign(column)), width) + " ";
        let more = if columns.before { "←" } else { " " };
        let mut heading = format!("{more}{} ", pad(sign(SortColumn::State), 1));
        if let Some(width) = columns.namespace {
            heading.push_str(&titled("NAMESPACE", SortColumn::Namespace, width));
        }
        heading.push_str(&titled("NAME", SortColumn::Name, columns.name));
        for (column, width) in &columns.others {
            heading.push_str(&match column {
                ListColumn::Cell(place) => {
                    titled(&self.source.title(*place).to_uppercase(), SortColumn::Cell(*place), *width)
                }
                ListColumn::Age => titled("AGE", SortColumn::Age, *width),
                ListColumn::Message => titled("MESSAGE", SortColumn::Message, *width),
            });
        }
        let heading = if columns.behind {
            pad(&heading, width.saturating_sub(1)) + "→"
        } else {
            fit(heading.trim_end(), width)
        };
        StyledLine::styled(heading, scene.theme.style(Scope::Heading))
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
            (true, false) => (signs::SELECTED.sign, Scope::Selection),
            (true, true) => (signs::SELECTED_AND_MARKED.sign, Scope::Selection),
            (false, true) => (signs::MARKED.sign, Scope::Marked),
            (false, false) => (" ", Scope::Text),
        };
        let is_known = matches!(self.source, RowSource::Known(_));
        let state = if is_known { row.state.sign() } else { " " };
        let mut spans = vec![
            Span::styled(sign, theme.style(Scope::Selection)),
            Span::styled(format!("{state} "), theme.style(state_scope(row.state))),
        ];
        if let Some(width) = columns.namespace {
            let namespace = pad(&fit_middle(&row.key.namespace, width), width);
            spans.push(Span::styled(format!("{namespace} "), theme.style(Scope::Dim)));
        }
        // Names of one workload differ at their end, and those of several at their beginning.
        let name = fit_middle(&row.key.name, columns.name);
        let gap = columns.name.saturating_sub(name.width());
        let cut = name.char_indices().nth(MARKED_CHARACTERS).map_or(name.len(), |(index, _)| index);
        let (head, tail) = name.split_at_checked(cut).unwrap_or((&name, ""));
        spans.push(Span::styled(head.to_owned(), theme.style(scope)));
        let mut rest = format!("{tail}{}", " ".repeat(gap));
        for (column, asked) in &columns.others {
            rest.push(' ');
            let (text, scope) = match column {
                ListColumn::Cell(place) => {
                    rest.push_str(&pad(&row.cell(*place, scene.facts.now_in(self.env)), *asked));
                    continue;
                }
                ListColumn::Age => {
                    let old = row.created.map(|created| age(scene.facts.now_in(self.env), created));
                    (pad(&old.unwrap_or_default(), *asked), Scope::Dim)
                }
                ListColumn::Message => {
                    let used = spans.iter().map(Span::width).sum::<usize>() + rest.width();
                    let message = row.message.lines().next().unwrap_or("");
                    (fit(message, width.saturating_sub(used)), state_scope(row.state))
                }
            };
            spans.push(Span::raw(std::mem::take(&mut rest)));
            spans.push(Span::styled(text, theme.style(scope)));
        }
        spans.push(Span::raw(rest));
        StyledLine::from(spans)
    }
}

/// Draws the message of the selected row below the rows where the columns have too little room for it, and returns
/// the room above. The room depends on the columns alone, so that no key makes the rows jump.
fn message_below(frame: &mut Frame<'_>, body: Rect, columns: &Columns, row: Option<&Row>, scene: &Scene<'_>) -> Rect {
    if columns.message >= SAID || !columns.has_messages || body.height < BELOW * 3 {
        return body;
    }
    let [body, below] = Layout::vertical([Constraint::Fill(1), Constraint::Length(BELOW)]).areas(body);
    if let Some(row) = row {
        let text = abridged(row.message.lines().next().unwrap_or(""), usize::from(BELOW), usize::from(below.width));
        let style = scene.theme.style(state_scope(row.state));
        let rows: Vec<StyledLine<'_>> = text.into_iter().map(|text| StyledLine::styled(text, style)).collect();
        frame.render_widget(Paragraph::new(rows), below);
    }
    body
}
