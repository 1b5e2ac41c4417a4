//! A list of one kind in one environment, over all namespaces.
//!
//! ```text
//! +> staging  [Kustomization] HelmRelease GitRepository …  6 of 6 -----------------+
//! |   NAMESPACE     NAME            REVISION        AGE   MESSAGE                    |
//! |>= flux-system   apps            main@dc5f039    2d    Applied revision: …        |
//! +---------------------------------------------------------------------------------+
//! ```

use std::any::Any;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

use crate::app::{Action, CommandTarget, Facts, Motion, Scene, View};
use crate::kinds;
use crate::model::clock::age;
use crate::model::{Connection, Env, Kind, ObjectRef, Row};
use crate::theme::Scope;
use crate::views::home::state_scope;
use crate::views::parts::chosen::{ListSelection, NextOrder, SortOrder};
use crate::widgets::{Paragraph, Scroll, Span, StyledLine, fit, lines, pad, panel, wrap};

/// How much of a selected name is marked, in characters.
const MARKED_CHARACTERS: usize = 20;

/// Lists the objects of a kind.
#[derive(Debug)]
pub struct List {
    env: Env,
    kind: &'static Kind,
    chosen: ListSelection,
    order: SortOrder,
    scroll: Scroll,
    filter: String,
}

impl List {
    /// Opens the list of a kind that the registry knows; of Kustomizations where it does not.
    pub fn new(env: Env, kind: &str) -> Self {
        let kind = kinds::find(kind).unwrap_or(kinds::KUSTOMIZATION);
        Self {
            env,
            kind,
            chosen: ListSelection::default(),
            order: SortOrder::default(),
            scroll: Scroll::default(),
            filter: String::new(),
        }
    }

    fn rows<'a>(&self, facts: &'a Facts) -> Vec<&'a Row> {
        let Some(table) = facts.table(self.env, self.kind) else { return Vec::new() };
        let wanted = self.filter.to_lowercase();
        let mut rows: Vec<&Row> = table
            .rows
            .values()
            .filter(|row| {
                wanted.is_empty()
                    || row.key.name.contains(&wanted)
                    || row.key.namespace.contains(&wanted)
                    || row.state.word().contains(&wanted)
                    || row.cells.iter().any(|cell| cell.to_lowercase().contains(&wanted))
            })
            .collect();
        self.order.sort(&mut rows);
        rows
    }

    fn object(&self, row: &Row) -> ObjectRef {
        self.kind.object(&row.key.namespace, &row.key.name)
    }

    /// The marked ones among rows; nobody looks at ten thousand for none.
    fn marked_rows(&self, scene: &Scene<'_>, rows: &[&Row]) -> impl Iterator<Item = ObjectRef> {
        let rows = if scene.has_marks(self.env) { rows } else { &[] };
        rows.iter().map(|row| self.object(row)).filter(|object| scene.is_marked(self.env, object))
    }

    fn change_kind(&mut self, by: usize) {
        let kinds = kinds::KINDS;
        let at = kinds.iter().position(|kind| kind.group_kind() == self.kind.group_kind()).unwrap_or(0);
        if let Some(kind) = kinds.get((at + by) % kinds.len()) {
            self.kind = kind;
            (self.chosen, self.order) = (ListSelection::default(), SortOrder::default());
        }
    }

    fn heading(&self, scene: &Scene<'_>, rows: &[&Row]) -> String {
        let count = rows.len();
        let seen = self.marked_rows(scene, rows).count();
        let table = scene.facts.table(self.env, self.kind);
        let all = table.map_or(0, |table| table.rows.len());
        let state = match table.map(|table| &table.link) {
            None | Some(Connection::Connecting) => "connecting".to_owned(),
            Some(Connection::Syncing { received, total }) => match total {
                Some(total) => format!("{received} of {total}, loading"),
                None => format!("{received}, loading"),
            },
            Some(Connection::Live) if count == all => format!("{all}"),
            Some(Connection::Live) => format!("{count} of {all}"),
            Some(Connection::Absent) => "not served here".to_owned(),
            Some(Connection::Forbidden(_)) => "forbidden".to_owned(),
            Some(Connection::Degraded(_) | Connection::Unreachable(_)) => format!("{all}, may be old"),
        };
        let order =
            self.order.word(|column| self.kind.columns.get(column).map(|one| one.title.to_owned()).unwrap_or_default());
        format!(
            "{}  {}  {state}{order}{}",
            scene.facts.name(self.env),
            self.kind.plural,
            scene.marked_word(self.env, seen)
        )
    }

    fn columns(&self, width: u16, rows: &[&Row]) -> Columns {
        let longest = |text: fn(&Row) -> &str, least: usize, most: usize| {
            rows.iter().take(500).map(|row| text(row).len()).max().unwrap_or(0).clamp(least, most)
        };
        let namespace = if self.kind.namespaced { longest(|row| &row.key.namespace, 9, 24) } else { 0 };
        let name = longest(|row| &row.key.name, 12, if width >= 120 { 48 } else { 28 });
        Columns { namespace, name, age: 5 }
    }
}

struct Columns {
    namespace: usize,
    name: usize,
    age: usize,
}

impl View for List {
    fn id(&self) -> &'static str {
        "list"
    }

    fn title(&self, _scene: &Scene<'_>) -> String {
        self.kind.plural.to_owned()
    }

    fn watches(&self, _scene: &Scene<'_>) -> Vec<(Env, &'static Kind)> {
        vec![(self.env, self.kind)]
    }

    fn render(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
        let rows = self.rows(scene.facts);
        let inside = panel(frame, area, &self.heading(scene, &rows), scene.focus, scene.theme);
        let [head, body] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(inside);
        let theme = scene.theme;
        let columns = self.columns(inside.width, &rows);
        let width = usize::from(inside.width);
        let mut heading = format!("   {}", pad("NAMESPACE", columns.namespace));
        if columns.namespace > 0 {
            heading.push(' ');
        } else {
            heading.truncate(3);
        }
        heading.push_str(&pad("NAME", columns.name));
        for column in self.kind.columns {
            heading.push(' ');
            heading.push_str(&pad(&column.title.to_uppercase(), usize::from(column.width)));
        }
        heading.extend([" ", &pad("AGE", columns.age), " MESSAGE"]);
        frame.render_widget(StyledLine::styled(fit(&heading, width), theme.style(Scope::Heading)), head);
        if rows.is_empty() {
            let fault = scene.facts.table(self.env, self.kind).and_then(|table| table.link.fault());
            let text = match (fault, self.filter.is_empty()) {
                (Some(fault), _) => format!("{}: {}. {}", fault.what, fault.why, fault.todo),
                (None, false) => format!("nothing matches `{}`; / and esc show all again", self.filter),
                (None, true) => format!("no {} here; ] shows the next kind", self.kind.plural),
            };
            let wrapped: Vec<StyledLine<'_>> = wrap(&text, width).into_iter().map(StyledLine::from).collect();
            frame.render_widget(Paragraph::new(wrapped), body);
            return;
        }
        let chosen = self.chosen.at(&rows);
        lines(frame, body, &self.scroll, chosen, rows.len(), |index, selected| {
            let Some(row) = rows.get(index) else { return StyledLine::default() };
            let marked = scene.has_marks(self.env) && scene.is_marked(self.env, &self.object(row));
            let name_scope = match (selected, marked) {
                (true, _) => Scope::Selection,
                (false, true) => Scope::Marked,
                (false, false) => Scope::Text,
            };
            let sign = match (selected, marked) {
                (true, false) => ">",
                (true, true) => "}",
                (false, true) => "+",
                (false, false) => " ",
            };
            let mut spans = vec![
                Span::styled(sign, theme.style(Scope::Selection)),
                Span::styled(format!("{} ", row.state.sign()), theme.style(state_scope(row.state))),
            ];
            if columns.namespace > 0 {
                spans.push(Span::styled(
                    format!("{} ", pad(&row.key.namespace, columns.namespace)),
                    theme.style(Scope::Dim),
                ));
            }
            let name = fit(&row.key.name, columns.name);
            let gap = columns.name.saturating_sub(unicode_width::UnicodeWidthStr::width(name.as_str()));
            // A long name would cost more bytes a key than the whole budget: its beginning carries the mark.
            let cut = name.char_indices().nth(MARKED_CHARACTERS).map_or(name.len(), |(index, _)| index);
            let (head, tail) = name.split_at_checked(cut).unwrap_or((&name, ""));
            spans.push(Span::styled(head.to_owned(), theme.style(name_scope)));
            spans.push(Span::raw(format!("{tail}{}", " ".repeat(gap))));
            for (column, cell) in self.kind.columns.iter().zip(&row.cells) {
                spans.push(Span::raw(format!(" {}", pad(cell, usize::from(column.width)))));
            }
            let old = row.created.map(|created| age(scene.facts.now_in(self.env), created)).unwrap_or_default();
            spans.push(Span::styled(format!(" {} ", pad(&old, columns.age)), theme.style(Scope::Dim)));
            let used: usize = spans.iter().map(Span::width).sum();
            let message = fit(row.message.lines().next().unwrap_or(""), width.saturating_sub(used));
            spans.push(Span::styled(message, theme.style(state_scope(row.state))));
            StyledLine::from(spans)
        });
    }

    fn changed(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        if self.chosen.is_set() {
            let mut chosen = std::mem::take(&mut self.chosen);
            chosen.settle(&self.rows(scene.facts));
            self.chosen = chosen;
        }
        Vec::new()
    }

    fn reply(&mut self, payload: Box<dyn Any + Send>, _scene: &Scene<'_>) -> Vec<Action> {
        if payload.is::<NextOrder>() {
            self.order = self.order.next(self.kind.columns.len(), true);
        }
        Vec::new()
    }

    fn motion(&mut self, motion: Motion, scene: &Scene<'_>) -> Option<Vec<Action>> {
        let count = scene.facts.environments.len().max(1);
        match motion {
            // Another kind or environment is another list: what was marked is out of sight.
            Motion::NextTab | Motion::PreviousTab => {
                self.change_kind(if motion == Motion::NextTab { 1 } else { kinds::KINDS.len() - 1 });
                return Some(vec![Action::Unmark]);
            }
            Motion::NextEnvironment | Motion::PreviousEnvironment => {
                let by = if motion == Motion::NextEnvironment { 1 } else { count - 1 };
                self.env = Env(u8::try_from((self.env.index() + by) % count).unwrap_or(0));
                self.chosen = ListSelection::default();
                return Some(vec![Action::Unmark]);
            }
            Motion::Mark => {
                let rows = self.rows(scene.facts);
                let row = rows.get(self.chosen.at(&rows))?;
                return Some(vec![Action::Mark(self.env, self.object(row))]);
            }
            _ => {
                let mut chosen = std::mem::take(&mut self.chosen);
                let moved = chosen.step(&self.rows(scene.facts), self.scroll.page(), motion);
                self.chosen = chosen;
                moved?;
            }
        }
        Some(Vec::new())
    }

    fn targets(&self, scene: &Scene<'_>) -> Vec<CommandTarget> {
        let rows = self.rows(scene.facts);
        rows.get(self.chosen.at(&rows))
            .map(|row| CommandTarget::Object(self.env, self.object(row)))
            .into_iter()
            .collect()
    }

    fn marked(&self, scene: &Scene<'_>) -> Vec<CommandTarget> {
        if !scene.has_marks(self.env) {
            return Vec::new();
        }
        self.marked_rows(scene, &self.rows(scene.facts)).map(|object| CommandTarget::Object(self.env, object)).collect()
    }

    fn env(&self, _scene: &Scene<'_>) -> Option<Env> {
        Some(self.env)
    }

    fn filter(&mut self, text: &str, _scene: &Scene<'_>) -> bool {
        text.clone_into(&mut self.filter);
        self.chosen = ListSelection::default();
        true
    }
}
