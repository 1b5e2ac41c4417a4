//! What the lists share: a selection that stays on its object while rows come and go around it, and the order of the rows.

use std::cmp::Ordering;

use crate::app::Motion;
use crate::app::motion::step;
use crate::model::{RowKey, State};

/// A row of a list, as far as choosing and sorting look at it.
pub(crate) trait Selectable {
    /// Returns the namespace and name.
    fn key(&self) -> &RowKey;
    /// Returns how it fares, where that is known.
    fn state(&self) -> Option<State>;
    /// Returns when it was created.
    fn created(&self) -> Option<jiff::Timestamp>;
    /// Returns the text in a column.
    fn cell(&self, column: usize) -> &str;
}

impl Selectable for crate::model::Row {
    fn key(&self) -> &RowKey {
        &self.key
    }
    fn state(&self) -> Option<State> {
        Some(self.state)
    }
    fn created(&self) -> Option<jiff::Timestamp> {
        self.created
    }
    fn cell(&self, column: usize) -> &str {
        self.cells.get(column).map_or("", |cell| cell)
    }
}

impl Selectable for crate::cluster::TableRow {
    fn key(&self) -> &RowKey {
        &self.key
    }
    fn state(&self) -> Option<State> {
        None
    }
    fn created(&self) -> Option<jiff::Timestamp> {
        self.created
    }
    fn cell(&self, column: usize) -> &str {
        self.cells.get(column).map_or("", |cell| cell)
    }
}

/// Keeps a selection on its object: a key shall never act on the one that has just taken its place.
#[derive(Debug, Default)]
pub(crate) struct ListSelection {
    key: Option<RowKey>,
    index: usize,
}

impl ListSelection {
    /// Returns which row is selected: where its object stands now, else the one that moved up into its place.
    pub(crate) fn at<R: Selectable>(&self, rows: &[&R]) -> usize {
        let last = rows.len().saturating_sub(1);
        let Some(key) = &self.key else { return self.index.min(last) };
        if rows.get(self.index).is_some_and(|row| row.key() == key) {
            return self.index;
        }
        rows.iter().position(|row| row.key() == key).unwrap_or(self.index.min(last))
    }

    /// Moves; `None` when the motion means nothing in a list.
    pub(crate) fn step<R: Selectable>(&mut self, rows: &[&R], page: u16, motion: Motion) -> Option<()> {
        self.index = step(self.at(rows), rows.len(), page, motion)?;
        self.key = rows.get(self.index).map(|row| row.key().clone());
        Some(())
    }

    /// Tells whether an object was chosen; before that the first row is selected, whichever it is.
    pub(crate) fn is_set(&self) -> bool {
        self.key.is_some()
    }

    /// Catches up with rows that changed.
    pub(crate) fn settle<R: Selectable>(&mut self, rows: &[&R]) {
        self.index = self.at(rows);
        self.key = rows.get(self.index).map(|row| row.key().clone());
    }
}

/// By what a list is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum SortOrder {
    /// By namespace and name.
    #[default]
    Name,
    /// What failed first, what is well last.
    State,
    /// The newest first.
    Newest,
    /// By a column: numbers from the highest, texts from A.
    Column(usize),
}

/// Asks a list for its next order.
#[derive(Debug, Clone, Copy)]
pub struct NextOrder;

impl SortOrder {
    /// Returns the next order of a list with so many columns.
    pub(crate) fn next(self, columns: usize, states: bool) -> Self {
        match self {
            Self::Name if states => Self::State,
            Self::Name | Self::State => Self::Newest,
            Self::Newest if columns > 0 => Self::Column(0),
            Self::Column(column) if column + 1 < columns => Self::Column(column + 1),
            Self::Newest | Self::Column(_) => Self::Name,
        }
    }

    /// Says it in a heading; empty for the usual one.
    pub(crate) fn word(self, title: impl Fn(usize) -> String) -> String {
        match self {
            Self::Name => String::new(),
            Self::State => "  by state".to_owned(),
            Self::Newest => "  newest first".to_owned(),
            Self::Column(column) => format!("  by {}", title(column).to_lowercase()),
        }
    }

    /// Sorts rows that come by name; equal ones stay in that order.
    pub(crate) fn sort<R: Selectable>(self, rows: &mut [&R]) {
        match self {
            Self::Name => {}
            Self::State => rows.sort_by_key(|row| urgency(row.state().unwrap_or_default())),
            Self::Newest => rows.sort_by_key(|row| std::cmp::Reverse(row.created())),
            Self::Column(column) => rows.sort_by(|one, other| compare(one.cell(column), other.cell(column))),
        }
    }
}

fn urgency(state: State) -> u8 {
    match state {
        State::Failed => 0,
        State::Waiting => 1,
        State::Progressing => 2,
        State::Unknown => 3,
        State::Suspended => 4,
        State::Ready => 5,
    }
}

/// Compares two cells: shares such as `0/1` from the least, numbers such as `3 (2m ago)` from the highest, else as texts.
fn compare(one: &str, other: &str) -> Ordering {
    let share = |text: &str| {
        let (part, whole) = text.split_once('/')?;
        let (part, whole): (f64, f64) = (part.parse().ok()?, whole.parse().ok()?);
        Some(if whole > 0.0 { part / whole } else { 1.0 })
    };
    if let (Some(one), Some(other)) = (share(one), share(other)) {
        return one.total_cmp(&other);
    }
    let number = |text: &str| text.split(' ').next().and_then(|word| word.parse::<f64>().ok());
    if let (Some(one), Some(other)) = (number(one), number(other)) {
        return other.total_cmp(&one);
    }
    one.cmp(other)
}

#[cfg(test)]
mod tests {
    use super::{ListSelection, Selectable, SortOrder, compare};
    use crate::app::Motion;
    use crate::model::{Row, RowKey, State};

    fn row(name: &str, state: State, cell: &str) -> Row {
        let key = RowKey { namespace: "n".into(), name: name.into() };
        Row { key, state, cells: [cell.into()].into(), message: "".into(), created: None, flux: None }
    }

    fn names<'a>(rows: &[&'a Row]) -> Vec<&'a str> {
        rows.iter().map(|row| &*row.key().name).collect()
    }

    #[test]
    fn a_selection_stays_on_its_object() {
        let all: Vec<Row> = ["a", "b", "c", "d"].into_iter().map(|name| row(name, State::Ready, "")).collect();
        let mut chosen = ListSelection::default();
        let rows: Vec<&Row> = all.iter().skip(1).collect();
        chosen.step(&rows, 10, Motion::Down).unwrap();
        assert_eq!(rows[chosen.at(&rows)].key.name.as_ref(), "c");
        let rows: Vec<&Row> = all.iter().collect();
        assert_eq!(rows[chosen.at(&rows)].key.name.as_ref(), "c", "one came before it");
        chosen.settle(&rows);
        let rows: Vec<&Row> = all.iter().filter(|row| &*row.key.name != "c").collect();
        assert_eq!(rows[chosen.at(&rows)].key.name.as_ref(), "d", "it is gone: what moved up is selected");
        chosen.settle(&rows);
        let rows: Vec<&Row> = all.iter().collect();
        assert_eq!(rows[chosen.at(&rows)].key.name.as_ref(), "d");
        assert_eq!(chosen.at::<Row>(&[]), 0);
    }

    #[test]
    fn rows_are_sorted_by_state_and_by_columns() {
        let all = [row("a", State::Ready, "2 (3m ago)"), row("b", State::Failed, "0"), row("c", State::Waiting, "11")];
        let sorted = |order: SortOrder| {
            let mut rows: Vec<&Row> = all.iter().collect();
            order.sort(&mut rows);
            names(&rows)
        };
        assert_eq!(sorted(SortOrder::Name), ["a", "b", "c"]);
        assert_eq!(sorted(SortOrder::State), ["b", "c", "a"]);
        assert_eq!(sorted(SortOrder::Column(0)), ["c", "a", "b"]);
        assert!(compare("0/2", "1/2").is_lt() && compare("1/1", "2/2").is_eq());
        assert!(compare("CrashLoopBackOff", "Running").is_lt());
        let cycle: Vec<SortOrder> =
            std::iter::successors(Some(SortOrder::Name), |order| Some(order.next(1, true))).take(5).collect();
        assert_eq!(
            cycle,
            [SortOrder::Name, SortOrder::State, SortOrder::Newest, SortOrder::Column(0), SortOrder::Name]
        );
    }
}
