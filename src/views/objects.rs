//! A list of any kind, with the columns that the API server prints.
//!
//! ```text
//! +> staging  certificates.cert-manager.io  3 ------------------------------+
//! |  NAMESPACE     NAME        READY   SECRET          AGE                   |
//! |> cert-manager  wildcard    False   wildcard-tls    2d                    |
//! +--------------------------------------------------------------------------+
//! ```

use std::any::Any;
use std::collections::BTreeMap;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use unicode_width::UnicodeWidthStr;

use crate::app::{Action, CommandTarget, Motion, Scene, Task, View};
use crate::cluster::{Resource, TableColumn, TableEvent, TableRow};
use crate::model::clock::age;
use crate::model::{Env, Fault, ObjectRef, RowKey};
use crate::theme::Scope;
use crate::views::parts::chosen::{ListSelection, NextOrder, SortOrder};
use crate::widgets::{Paragraph, Scroll, Span, StyledLine, fit, lines, pad, panel, wrap};

/// A column is never wider than this, in cells; what is cut stands in the object's detail.
const WIDEST: usize = 44;

/// Rows whose cells decide how wide the columns are: looking at all of ten thousand at each draw would be felt.
const MEASURED: usize = 200;

/// From this width on, columns that `kubectl get -o wide` adds are shown too.
const WIDE_FROM: u16 = 150;

/// Lists the objects of any resource.
#[derive(Debug)]
pub struct Objects {
    env: Env,
    resource: Resource,
    columns: Vec<TableColumn>,
    rows: BTreeMap<RowKey, TableRow>,
    /// Whether the whole list was received once.
    complete: bool,
    fault: Option<Fault>,
    chosen: ListSelection,
    order: SortOrder,
    scroll: Scroll,
    filter: String,
}

impl Objects {
    /// Opens the list of a resource in an environment, over all namespaces.
    pub fn new(env: Env, resource: Resource) -> Self {
        Self {
            env,
            resource,
            columns: Vec::new(),
            rows: BTreeMap::new(),
            complete: false,
            fault: None,
            chosen: ListSelection::default(),
            order: SortOrder::default(),
            scroll: Scroll::default(),
            filter: String::new(),
        }
    }

    fn found(&self) -> Vec<&TableRow> {
        let wanted = self.filter.to_lowercase();
        let matches = |row: &&TableRow| {
            wanted.is_empty()
                || row.key.name.contains(&wanted)
                || row.key.namespace.contains(&wanted)
                || row.cells.iter().any(|cell| cell.to_lowercase().contains(&wanted))
        };
        let mut rows: Vec<&TableRow> = self.rows.values().filter(matches).collect();
        self.order.sort(&mut rows);
        rows
    }

    fn target(&self, row: &TableRow) -> CommandTarget {
        let resource = &self.resource;
        let object = ObjectRef::new(&resource.kind, &resource.group, &row.key.namespace, &row.key.name);
        CommandTarget::Object(self.env, object)
    }

    /// The marked ones among rows.
    fn marked_rows(&self, scene: &Scene<'_>, rows: &[&TableRow]) -> Vec<CommandTarget> {
        let rows = if scene.has_marks(self.env) { rows } else { &[] };
        let targets = rows.iter().map(|row| self.target(row));
        targets.filter(|target| is_marked(scene, target)).collect()
    }

    fn heading(&self, scene: &Scene<'_>, rows: &[&TableRow]) -> String {
        let count = rows.len();
        let marked = scene.marked_word(self.env, self.marked_rows(scene, rows).len());
        let all = self.rows.len();
        let state = match (&self.fault, self.complete) {
            (Some(_), true) => format!("{all}, may be old"),
            (Some(_), false) => "not listed".to_owned(),
            (None, false) => "listing".to_owned(),
            (None, true) if count == all => all.to_string(),
            (None, true) => format!("{count} of {all}"),
        };
        let group = if self.resource.group.is_empty() { String::new() } else { format!(".{}", self.resource.group) };
        let order = self.order.word(|column| self.columns.get(column).map(|one| one.name.clone()).unwrap_or_default());
        format!("{}  {}{group}  {state}{order}{marked}", scene.facts.name(self.env), self.resource.plural)
    }
}

fn is_marked(scene: &Scene<'_>, target: &CommandTarget) -> bool {
    matches!(target, CommandTarget::Object(env, object) if scene.is_marked(*env, object))
}

impl View for Objects {
    fn id(&self) -> &'static str {
        "objects"
    }

    fn title(&self, _scene: &Scene<'_>) -> String {
        self.resource.plural.clone()
    }

    fn opened(&mut self, _scene: &Scene<'_>) -> Vec<Action> {
        let (env, resource) = (self.env, self.resource.clone());
        vec![Action::Task(Task::stream(format!("list {}", resource.plural), move |reach, mut reply| async move {
            let cluster = match reach.cluster(env) {
                Ok(cluster) => cluster,
                Err(fault) => {
                    reply.send(TableEvent::Failed(fault)).await;
                    return;
                }
            };
            let (sender, mut events) = tokio::sync::mpsc::channel(4);
            let follow = cluster.follow_table(&resource, "", |event| {
                let sender = sender.clone();
                async move { sender.send(event).await.is_ok() }
            });
            let forward = async {
                while let Some(event) = events.recv().await {
                    if !reply.send(event).await {
                        return;
                    }
                }
            };
            tokio::select! {
                () = follow => (),
                () = forward => (),
            }
        }))]
    }

    fn reply(&mut self, payload: Box<dyn Any + Send>, _scene: &Scene<'_>) -> Vec<Action> {
        match payload.downcast::<TableEvent>().map(|event| *event) {
            Ok(TableEvent::List(table)) => {
                self.columns = table.columns;
                self.rows = table.rows.into_iter().map(|row| (row.key.clone(), row)).collect();
                (self.complete, self.fault) = (true, None);
            }
            Ok(TableEvent::Rows(rows)) => self.rows.extend(rows.into_iter().map(|row| (row.key.clone(), row))),
            Ok(TableEvent::Gone(key)) => drop(self.rows.remove(&key)),
            Ok(TableEvent::Failed(fault)) => self.fault = Some(fault),
            Err(other) if other.is::<NextOrder>() => self.order = self.order.next(self.columns.len(), false),
            Err(_) => {}
        }
        if self.chosen.is_set() {
            let mut chosen = std::mem::take(&mut self.chosen);
            chosen.settle(&self.found());
            self.chosen = chosen;
        }
        Vec::new()
    }

    fn motion(&mut self, motion: Motion, scene: &Scene<'_>) -> Option<Vec<Action>> {
        match motion {
            Motion::NextEnvironment | Motion::PreviousEnvironment => {
                let count = scene.facts.environments.len().max(1);
                let by = if motion == Motion::NextEnvironment { 1 } else { count - 1 };
                let env = Env(u8::try_from((self.env.index() + by) % count).unwrap_or(0));
                let next = Self { filter: self.filter.clone(), ..Self::new(env, self.resource.clone()) };
                return Some(vec![Action::Replace(Box::new(next))]);
            }
            Motion::Mark => {
                let found = self.found();
                return match self.target(found.get(self.chosen.at(&found))?) {
                    CommandTarget::Object(env, object) => Some(vec![Action::Mark(env, object)]),
                    _ => None,
                };
            }
            _ => {
                let mut chosen = std::mem::take(&mut self.chosen);
                let moved = chosen.step(&self.found(), self.scroll.page(), motion);
                self.chosen = chosen;
                moved?;
            }
        }
        Some(Vec::new())
    }

    fn targets(&self, _scene: &Scene<'_>) -> Vec<CommandTarget> {
        let found = self.found();
        found.get(self.chosen.at(&found)).map(|row| self.target(row)).into_iter().collect()
    }

    fn marked(&self, scene: &Scene<'_>) -> Vec<CommandTarget> {
        if scene.has_marks(self.env) { self.marked_rows(scene, &self.found()) } else { Vec::new() }
    }

    fn env(&self, _scene: &Scene<'_>) -> Option<Env> {
        Some(self.env)
    }

    fn filter(&mut self, text: &str, _scene: &Scene<'_>) -> bool {
        text.clone_into(&mut self.filter);
        self.chosen = ListSelection::default();
        true
    }

    fn render(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
        let theme = scene.theme;
        let found = self.found();
        let inside = panel(frame, area, &self.heading(scene, &found), scene.focus, theme);
        let [head, body] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(inside);
        let width = usize::from(inside.width);
        if let Some(fault) = &self.fault
            && !self.complete
        {
            let text = format!("{}: {}. {}", fault.what, fault.why, fault.todo);
            let wrapped: Vec<StyledLine<'_>> = wrap(&text, width).into_iter().map(StyledLine::from).collect();
            frame.render_widget(Paragraph::new(wrapped), body);
            return;
        }
        let places: Vec<usize> = (0..self.columns.len())
            .filter(|place| inside.width >= WIDE_FROM || self.columns.get(*place).is_some_and(|column| !column.wide))
            .collect();
        let widest = |title: &str, text: &dyn Fn(&TableRow) -> usize| {
            found.iter().take(MEASURED).map(|row| text(row)).max().unwrap_or(0).max(title.len()).min(WIDEST)
        };
        let namespace =
            if self.resource.namespaced { widest("NAMESPACE", &|row| row.key.namespace.width()) } else { 0 };
        let name = widest("NAME", &|row| row.key.name.width());
        let cells: Vec<(usize, usize)> = places
            .iter()
            .filter_map(|place| {
                let column = self.columns.get(*place)?;
                Some((*place, widest(&column.name, &|row| row.cells.get(*place).map_or(0, |cell| cell.width()))))
            })
            .collect();
        let mut heading = "  ".to_owned();
        if namespace > 0 {
            heading.push_str(&pad("NAMESPACE", namespace));
            heading.push(' ');
        }
        heading.push_str(&pad("NAME", name));
        for (place, width) in &cells {
            let title = self.columns.get(*place).map(|column| column.name.to_uppercase()).unwrap_or_default();
            heading.extend([" ", &pad(&title, *width)]);
        }
        heading.push_str(" AGE");
        frame.render_widget(StyledLine::styled(fit(&heading, width), theme.style(Scope::Heading)), head);
        if found.is_empty() {
            let text = match (self.complete, self.filter.is_empty()) {
                (false, _) => "listing...".to_owned(),
                (true, true) => format!("no {} here", self.resource.plural),
                (true, false) => format!("nothing matches `{}`; / and esc show all again", self.filter),
            };
            frame.render_widget(StyledLine::from(fit(&text, width)), body);
            return;
        }
        lines(frame, body, &self.scroll, self.chosen.at(&found), found.len(), |index, selected| {
            let Some(row) = found.get(index) else { return StyledLine::default() };
            let marked = scene.has_marks(self.env) && is_marked(scene, &self.target(row));
            let (sign, scope) = match (selected, marked) {
                (true, false) => ("> ", Scope::Selection),
                (true, true) => ("} ", Scope::Selection),
                (false, true) => ("+ ", Scope::Marked),
                (false, false) => ("  ", Scope::Text),
            };
            let mut spans = vec![Span::styled(sign, theme.style(scope))];
            if namespace > 0 {
                spans.push(Span::styled(format!("{} ", pad(&row.key.namespace, namespace)), theme.style(Scope::Dim)));
            }
            let shown = fit(&row.key.name, name);
            let gap = " ".repeat(name.saturating_sub(shown.width()));
            spans.push(Span::styled(shown, theme.style(scope)));
            let mut rest = gap;
            for (place, width) in &cells {
                rest.extend([" ", &pad(row.cells.get(*place).map_or("", |cell| cell), *width)]);
            }
            let used: usize = spans.iter().map(Span::width).sum();
            let old = row.created.map(|created| age(scene.facts.now_in(self.env), created)).unwrap_or_default();
            spans.push(Span::raw(fit(&format!("{rest} {old}"), width.saturating_sub(used))));
            StyledLine::from(spans)
        });
    }
}
