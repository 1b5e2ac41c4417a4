//! A list of one kind in one environment, over all namespaces.
//!
//! ```text
//! +> staging  kustomizations  6 ---------------------------------------------------+
//! | [kustomizations 6] helmreleases x1/5  gitrepositories 1  deployments ~1/9     → |
//! |   NAMESPACE↑    NAME            REVISION        AGE   MESSAGE                  → |
//! |>= flux-system   apps            main@dc5f039    2d    Applied revision: …        |
//! +---------------------------------------------------------------------------------+
//! ```

mod kind_tabs;
mod paint;
mod source;
#[cfg(test)]
mod tests;

use std::any::Any;

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::app::{Action, CommandTarget, Facts, Motion, MotionHint, Scene, View};
use crate::cluster::{Resource, WatchEvent};
use crate::kinds;
use crate::model::{Connection, Env, Kind, ObjectRef, Row, Rows};
use crate::views::parts::columns::ColumnScroll;
use crate::views::parts::row_list::{NextOrder, RowList, SortColumn, SortOrder};
use kind_tabs::KindTabs;
use source::{Printed, RowSource};

/// Lists the objects of a kind.
#[derive(Debug)]
pub struct List {
    env: Env,
    source: RowSource,
    shown: RowList,
    columns: ColumnScroll,
    tabs: KindTabs,
}

impl List {
    /// Opens the list of a kind that the registry knows; of Kustomizations for any other.
    pub fn new(env: Env, kind: &str) -> Self {
        Self::of_kind(env, kinds::find(kind).unwrap_or(kinds::KUSTOMIZATION))
    }

    /// Opens the list of a kind of the registry.
    pub fn of_kind(env: Env, kind: &'static Kind) -> Self {
        Self::of_source(env, RowSource::Known(kind), RowList::new(true, first_order(kind)))
    }

    /// Opens the list of any resource, with the columns that the API server prints.
    pub fn printed(env: Env, resource: Resource) -> Self {
        let source = RowSource::Printed(Box::new(Printed::new(resource)));
        Self::of_source(env, source, RowList::new(false, SortOrder::default()))
    }

    fn of_source(env: Env, source: RowSource, shown: RowList) -> Self {
        Self { env, source, shown, columns: ColumnScroll::default(), tabs: KindTabs::default() }
    }

    fn rows<'a>(&'a self, facts: &'a Facts) -> &'a Rows {
        self.source.rows(facts, self.env)
    }

    fn object(&self, row: &Row) -> ObjectRef {
        self.source.object(&row.key)
    }

    fn selected(&self, facts: &Facts) -> Option<ObjectRef> {
        self.shown.selected(self.rows(facts)).map(|row| self.object(row))
    }

    /// Returns the marked objects among the shown rows, by lookup instead of search.
    fn marked_objects<'a>(&'a self, scene: &Scene<'a>) -> impl Iterator<Item = ObjectRef> + 'a {
        let marks = scene.marks.filter(|marks| marks.env() == self.env);
        let rows = self.rows(scene.facts);
        marks.into_iter().flat_map(move |marks| self.shown.marked(rows, marks)).map(|key| self.source.object(key))
    }

    /// Shows the next or previous kind with a tab.
    fn change_kind(&mut self, forward: bool, facts: &Facts) -> bool {
        let RowSource::Known(known) = self.source else { return false };
        let kinds = kind_tabs::kinds(facts, self.env, known);
        let at = kinds.iter().position(|kind| kind.group_kind() == known.group_kind()).unwrap_or(0);
        let by = if forward { 1 } else { kinds.len().saturating_sub(1) };
        if let Some(kind) = kinds.get((at + by) % kinds.len().max(1)) {
            self.source = RowSource::Known(kind);
            self.shown.start_over(first_order(kind));
            self.columns.rewind();
        }
        true
    }

    /// Shows the same kind in another environment.
    fn change_environment(&mut self, by: usize, count: usize) -> Vec<Action> {
        let env = Env(u8::try_from((self.env.index() + by) % count).unwrap_or(0));
        match &self.source {
            RowSource::Known(_) => {
                self.env = env;
                self.shown.rewind();
                // Another environment is another list: the marks are out of sight.
                vec![Action::Unmark]
            }
            RowSource::Printed(printed) => {
                vec![Action::Replace(Box::new(Self::printed(env, printed.resource.clone())))]
            }
        }
    }

    fn heading(&self, scene: &Scene<'_>, shown: usize) -> String {
        let all = self.rows(scene.facts).len();
        let state = match self.source.link(scene.facts, self.env) {
            _ if scene.facts.unconnected_fault(self.env).is_some() => "no cluster".to_owned(),
            None | Some(Connection::Connecting) => "connecting".to_owned(),
            Some(Connection::Syncing { received, total }) => match total {
                Some(total) => format!("{received} of {total}, loading"),
                None => format!("{received}, loading"),
            },
            Some(Connection::Live) if shown == all => format!("{all}"),
            Some(Connection::Live) => format!("{shown} of {all}"),
            Some(Connection::Polled(_)) => format!("{shown} of {all}, listed now and then"),
            Some(Connection::Partial(_)) => format!("{shown}, in some namespaces only"),
            Some(Connection::Absent) => "not served here".to_owned(),
            Some(Connection::Forbidden(_)) => "forbidden".to_owned(),
            Some(Connection::Degraded(_) | Connection::Unreachable(_)) => format!("{all}, may be old"),
        };
        let order = self.shown.order().word(|column| self.source.title(column).to_owned());
        let marked = scene.marked_word(self.env, self.marked_objects(scene).count());
        format!("{}  {}  {state}{order}{marked}", scene.facts.name(self.env), self.source.name())
    }

    /// Explains why the list is empty.
    fn nothing(&self, facts: &Facts) -> String {
        let link = self.source.link(facts, self.env);
        let fault = facts.unconnected_fault(self.env).or_else(|| link.and_then(Connection::fault));
        match (fault, self.shown.wanted().text()) {
            (Some(fault), _) => format!("{}: {}. {}", fault.what, fault.why, fault.todo),
            (None, "") => match &self.source {
                RowSource::Known(_) if link.is_none_or(|link| !link.is_settled()) => "connecting...".to_owned(),
                RowSource::Known(kind) => format!("no {} here; ‹key:next-tab› shows the next kind", kind.plural),
                RowSource::Printed(_) if link.is_none_or(|link| !link.is_settled()) => "listing...".to_owned(),
                RowSource::Printed(printed) => format!("no {} here", printed.resource.plural),
            },
            (None, wanted) => format!("nothing matches `{wanted}`; ‹key:back› shows all again"),
        }
    }
}

/// Returns the first order of a kind: pods, workloads and nodes that are not ready matter most.
fn first_order(kind: &Kind) -> SortOrder {
    let of_state = kinds::WORKLOADS.iter().chain([&kinds::POD, &kinds::NODE]);
    if of_state.map(|known| known.group_kind()).any(|known| known == kind.group_kind()) {
        SortColumn::State.into()
    } else {
        SortOrder::default()
    }
}

impl View for List {
    fn id(&self) -> &'static str {
        "list"
    }

    fn title(&self, _scene: &Scene<'_>) -> String {
        self.source.plural().to_owned()
    }

    fn opened(&mut self, _scene: &Scene<'_>) -> Vec<Action> {
        match &self.source {
            RowSource::Known(_) => Vec::new(),
            RowSource::Printed(printed) => vec![Action::Task(printed.follow(self.env))],
        }
    }

    fn watches(&self, _scene: &Scene<'_>) -> Vec<(Env, &'static Kind)> {
        match self.source {
            // The tabs count the objects of every Flux kind that are not ready while one is shown; pods may be many,
            // and are watched only while they are shown.
            RowSource::Known(kind) => {
                let others = kinds::flux().filter(|other| kind.flux && other.group_kind() != kind.group_kind());
                std::iter::once(kind).chain(others).map(|kind| (self.env, kind)).collect()
            }
            RowSource::Printed(_) => Vec::new(),
        }
    }

    fn render(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
        self.paint(frame, area, scene);
    }

    fn changed(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        let is_settled = self.source.link(scene.facts, self.env).is_some_and(Connection::is_settled);
        self.shown.settle(self.source.rows(scene.facts, self.env), !is_settled, scene.facts.now);
        Vec::new()
    }

    fn reply(&mut self, payload: Box<dyn Any + Send>, scene: &Scene<'_>) -> Vec<Action> {
        match payload.downcast::<WatchEvent>() {
            Ok(event) => {
                if let RowSource::Printed(printed) = &mut self.source {
                    printed.take(*event);
                }
            }
            Err(other) => {
                if let Ok(next) = other.downcast::<NextOrder>() {
                    self.shown.sort(*next, self.source.columns());
                }
            }
        }
        self.changed(scene)
    }

    fn motion(&mut self, motion: Motion, scene: &Scene<'_>) -> Option<Vec<Action>> {
        let count = scene.facts.environments.len().max(1);
        match motion {
            // Another kind is another list: the marks are out of sight.
            Motion::NextTab => self.change_kind(true, scene.facts).then(|| vec![Action::Unmark]),
            Motion::PreviousTab => self.change_kind(false, scene.facts).then(|| vec![Action::Unmark]),
            Motion::Left | Motion::Right => {
                self.columns.step(motion == Motion::Right);
                Some(Vec::new())
            }
            Motion::NextEnvironment => Some(self.change_environment(1, count)),
            Motion::PreviousEnvironment => Some(self.change_environment(count - 1, count)),
            Motion::Mark => Some(vec![Action::Mark(self.env, self.selected(scene.facts)?)]),
            _ => {
                self.shown.step(self.source.rows(scene.facts, self.env), motion)?;
                Some(Vec::new())
            }
        }
    }

    fn targets(&self, scene: &Scene<'_>) -> Vec<CommandTarget> {
        self.selected(scene.facts).map(|object| CommandTarget::Object(self.env, object)).into_iter().collect()
    }

    fn marked(&self, scene: &Scene<'_>) -> Vec<CommandTarget> {
        self.marked_objects(scene).map(|object| CommandTarget::Object(self.env, object)).collect()
    }

    fn env(&self, _scene: &Scene<'_>) -> Option<Env> {
        Some(self.env)
    }

    fn motions(&self) -> &'static [MotionHint] {
        const KIND: MotionHint = MotionHint { motions: &[Motion::PreviousTab, Motion::NextTab], what: "kind" };
        const COLUMNS: MotionHint = MotionHint { motions: &[Motion::Left, Motion::Right], what: "columns" };
        match (&self.source, self.columns.is_cut()) {
            (RowSource::Known(_), true) => &[KIND, MotionHint::ENVIRONMENT, COLUMNS, MotionHint::MARK],
            (RowSource::Known(_), false) => &[KIND, MotionHint::ENVIRONMENT, MotionHint::MARK],
            (RowSource::Printed(_), true) => &[MotionHint::ENVIRONMENT, COLUMNS, MotionHint::MARK],
            (RowSource::Printed(_), false) => &[MotionHint::ENVIRONMENT, MotionHint::MARK],
        }
    }

    fn filter(&mut self, text: &str, _scene: &Scene<'_>) -> bool {
        let columns = 0..self.source.columns();
        let titles: Vec<&str> = columns.map(|column| self.source.title(column)).collect();
        self.shown.filter(text, &titles);
        true
    }

    fn filtered(&self, scene: &Scene<'_>) -> Option<(usize, usize)> {
        let rows = self.rows(scene.facts);
        (!self.shown.wanted().is_empty()).then(|| (self.shown.listed(rows).len(), rows.len()))
    }
}
