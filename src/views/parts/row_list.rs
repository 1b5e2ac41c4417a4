//! The shared parts of the lists: the shown rows in their order, and a selection that stays on its object while rows
//! come and go around it.
//!
//! A change of rows, filter or order derives all of it again. A key only reads places, so that it costs as much as it
//! draws; and if few rows changed, only these are moved.

use std::cell::RefCell;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::row_filter::RowFilter;
pub use super::row_order::NextOrder;
pub(crate) use super::row_order::{Direction, SortColumn, SortOrder, urgency};
use crate::app::motion::step;
use crate::app::{Marks, Motion};
use crate::model::{Row, RowChange, RowKey, Rows};
use crate::widgets::Scroll;

/// The time after which the user may have read the selection, and pressed a key for it.
const READ: SignedDuration = SignedDuration::from_millis(150);

/// Holds the rows that a filter leaves, in their order.
#[derive(Debug, Clone)]
pub(crate) struct ListedRows<'a> {
    rows: &'a Rows,
    /// Their places among all rows; `None` if all are shown, by name.
    places: Option<Arc<Vec<u32>>>,
    order: SortOrder,
}

impl<'a> ListedRows<'a> {
    /// Returns the number of rows.
    pub(crate) fn len(&self) -> usize {
        self.places.as_ref().map_or(self.rows.len(), |places| places.len())
    }

    /// Tells whether there are no rows.
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the row at an index.
    pub(crate) fn get(&self, index: usize) -> Option<&'a Row> {
        match &self.places {
            None => self.rows.at(index),
            Some(places) => self.rows.at(usize::try_from(*places.get(index)?).ok()?),
        }
    }

    /// Returns the first rows.
    pub(crate) fn first(&self, most: usize) -> impl Iterator<Item = &'a Row> {
        (0..self.len().min(most)).filter_map(|index| self.get(index))
    }

    /// Returns the index of an object, by a search for its place in the order.
    fn position(&self, key: &RowKey) -> Option<usize> {
        let place = self.rows.place(key)?;
        let Some(places) = &self.places else { return Some(place) };
        self.order.find(self.rows, places, u32::try_from(place).ok()?).ok()
    }
}

/// Keeps the view of a list: filter, order, selection, scroll. The selection stays on its object: a key must never act
/// on another one that has just taken its place.
#[derive(Debug, Default)]
pub(crate) struct RowList {
    /// The scroll position.
    pub(crate) scroll: Scroll,
    /// Whether the rows have a state, for sorting and searching.
    states: bool,
    /// The filter.
    filter: RowFilter,
    order: SortOrder,
    key: Option<RowKey>,
    index: usize,
    /// The first row while more rows come, and the time at which it became the first.
    first: Option<(RowKey, Timestamp)>,
    made: RefCell<PreparedRows>,
}

/// Holds the values derived from rows, until the rows change.
#[derive(Debug, Default)]
struct PreparedRows {
    /// The revision of the rows for the places.
    listed: Option<u64>,
    places: Option<Arc<Vec<u32>>>,
    /// The revision of the rows for the widths.
    measured: Option<u64>,
    widths: Arc<[usize]>,
}

impl RowList {
    /// Shows rows in an order, from the first; `states` tells whether they have a state.
    pub(crate) fn new(states: bool, order: SortOrder) -> Self {
        Self { states, order, ..Self::default() }
    }

    /// Returns the shown rows.
    pub(crate) fn listed<'a>(&self, rows: &'a Rows) -> ListedRows<'a> {
        let mut made = self.made.borrow_mut();
        if made.listed != Some(rows.revision()) {
            let changes = made.listed.and_then(|listed| rows.changes_since(listed));
            match (changes, &mut made.places) {
                (Some(changes), Some(places)) => self.follow(rows, changes, Arc::make_mut(places)),
                (_, places) => *places = self.places(rows),
            }
            made.listed = Some(rows.revision());
        }
        ListedRows { rows, places: made.places.clone(), order: self.order }
    }

    /// Moves the changed rows to their new places. For all others it only visits numbers.
    fn follow(&self, rows: &Rows, changes: &[RowChange], places: &mut Vec<u32>) {
        let number = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
        let mut touched: Vec<u32> = Vec::with_capacity(changes.len());
        for change in changes {
            let at = number(change.place());
            match change {
                RowChange::Changed(_) => {
                    places.retain(|place| *place != at);
                    touched.push(at);
                }
                RowChange::Inserted(_) => {
                    let behind = places.iter_mut().chain(&mut touched).filter(|place| **place >= at);
                    behind.for_each(|place| *place += 1);
                    touched.push(at);
                }
                RowChange::Removed(_) => {
                    places.retain(|place| *place != at);
                    touched.retain(|place| *place != at);
                    let behind = places.iter_mut().chain(&mut touched).filter(|place| **place > at);
                    behind.for_each(|place| *place -= 1);
                }
            }
        }
        touched.sort_unstable();
        touched.dedup();
        // Only now all remaining places are those of sorted rows.
        for place in touched {
            let Some(row) = usize::try_from(place).ok().and_then(|place| rows.at(place)) else { continue };
            if self.matches(row)
                && let Err(index) = self.order.find(rows, places, place)
            {
                places.insert(index, place);
            }
        }
    }

    /// Filters and sorts; `None` if that keeps all rows in their order.
    fn places(&self, rows: &Rows) -> Option<Arc<Vec<u32>>> {
        if self.filter.is_empty() && self.order == SortOrder::default() {
            return None;
        }
        let found: Vec<(u32, &Row)> = (0..).zip(rows).filter(|(_, row)| self.matches(row)).collect();
        Some(Arc::new(self.order.sorted(found)))
    }

    fn matches(&self, row: &Row) -> bool {
        self.filter.matches(row, self.states)
    }

    /// Returns the widths that the columns need, measured once for each revision of the rows.
    pub(crate) fn widths(&self, listed: &ListedRows<'_>, measure: impl FnOnce() -> Vec<usize>) -> Arc<[usize]> {
        let of = listed.rows.revision();
        let known = Some(of) == self.made.borrow().measured;
        if !known {
            let widths = measure().into();
            let mut made = self.made.borrow_mut();
            (made.measured, made.widths) = (Some(of), widths);
        }
        Arc::clone(&self.made.borrow().widths)
    }

    /// Returns the index of the selected row: the new place of its object, else the row that moved up into its place.
    pub(crate) fn index(&self, listed: &ListedRows<'_>) -> usize {
        let here = self.index.min(listed.len().saturating_sub(1));
        let Some(key) = &self.key else { return here };
        if listed.get(self.index).is_some_and(|row| row.key == *key) {
            return self.index;
        }
        listed.position(key).unwrap_or(here)
    }

    /// Returns the selected row.
    pub(crate) fn selected<'a>(&self, rows: &'a Rows) -> Option<&'a Row> {
        let listed = self.listed(rows);
        listed.get(self.index(&listed))
    }

    /// Moves; `None` if the motion has no effect in a list.
    pub(crate) fn step(&mut self, rows: &Rows, motion: Motion) -> Option<()> {
        let listed = self.listed(rows);
        let next = step(self.index(&listed), listed.len(), self.scroll.page(), motion)?;
        self.choose(&listed, next);
        Some(())
    }

    fn choose(&mut self, listed: &ListedRows<'_>, index: usize) {
        self.index = index;
        self.key = listed.get(index).map(|row| row.key.clone());
    }

    /// Catches up with changed rows, so that the next key need not. At first the first row is selected, and stays so
    /// wherever it moves: a key acts on the row that the user has read. Only during the first read, `coming`, a row
    /// that has just become the first does not hold the selection yet.
    pub(crate) fn settle(&mut self, rows: &Rows, coming: bool, now: Timestamp) {
        let listed = self.listed(rows);
        if self.key.is_none() {
            let read = self.first.as_ref().filter(|(_, since)| coming && now.duration_since(*since) < READ);
            let held = self.first.as_ref().filter(|_| read.is_none()).and_then(|(key, _)| listed.position(key));
            let Some(first) = listed.get(0) else { return };
            if coming && held.is_none() {
                if self.first.as_ref().is_none_or(|(key, _)| *key != first.key) {
                    self.first = Some((first.key.clone(), now));
                }
                return;
            }
            self.index = held.unwrap_or(0);
            self.key = listed.get(self.index).map(|row| row.key.clone());
            return;
        }
        self.choose(&listed, self.index(&listed));
    }

    /// Goes back to the first row.
    pub(crate) fn rewind(&mut self) {
        (self.key, self.index, self.first) = (None, 0, None);
    }

    /// Shows other rows in an order, from the first, without a filter.
    pub(crate) fn start_over(&mut self, order: SortOrder) {
        self.order = order;
        self.filter = RowFilter::default();
        self.made = RefCell::default();
        self.rewind();
    }

    /// Shows the rows that match all words of a text, `COLUMN=WORD` in one column; an empty text shows all. `titles`
    /// are those of the columns.
    pub(crate) fn filter(&mut self, text: &str, titles: &[&str]) {
        self.filter = RowFilter::new(text, titles);
        self.made = RefCell::default();
    }

    /// Returns the filter.
    pub(crate) fn wanted(&self) -> &RowFilter {
        &self.filter
    }

    /// Sorts by the next column, in a list of so many columns, or in reverse.
    pub(crate) fn sort(&mut self, next: NextOrder, columns: usize) {
        self.order = match next {
            NextOrder::Column => self.order.next(columns, self.states),
            NextOrder::Reverse => self.order.reversed(),
        };
        self.made = RefCell::default();
    }

    /// Returns the order.
    pub(crate) fn order(&self) -> SortOrder {
        self.order
    }

    /// Returns the direction of a column if the list is sorted by it, as in the first rows.
    pub(crate) fn direction(&self, column: SortColumn, listed: &ListedRows<'_>) -> Option<Direction> {
        (self.order.by == column).then(|| self.order.direction(listed.get(0)))
    }

    /// Returns the keys of marked objects whose rows are shown, by name.
    pub(crate) fn marked<'a>(&'a self, rows: &'a Rows, marks: &'a Marks) -> impl Iterator<Item = &'a RowKey> {
        let found = marks.objects().filter_map(|object| {
            let key = RowKey { namespace: object.namespace.as_str().into(), name: object.name.as_str().into() };
            rows.get(&key)
        });
        found.filter(|row| self.matches(row)).map(|row| &row.key)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{NextOrder, RowList, SortColumn, SortOrder};
    use crate::app::Motion;
    use crate::model::{Labels, Row, RowKey, Rows, State, work};

    impl RowList {
        fn settles(&mut self, rows: &Rows) {
            self.settle(rows, false, Timestamp::UNIX_EPOCH);
        }
    }

    fn by_name() -> SortOrder {
        SortOrder::default()
    }

    fn row(name: &str, state: State, cell: &str) -> Row {
        let key = RowKey { namespace: "n".into(), name: name.into() };
        Row {
            key,
            state,
            cells: [cell.into()].into(),
            message: "".into(),
            created: None,
            note: None,
            labels: Labels::default(),
            since: None,
            flux: None,
        }
    }

    fn rows(names: &str) -> Rows {
        names.chars().map(|name| row(&name.to_string(), State::Ready, "")).collect()
    }

    fn selected(list: &RowList, rows: &Rows) -> String {
        list.selected(rows).unwrap().key.name.to_string()
    }

    fn names(list: &RowList, rows: &Rows) -> String {
        list.listed(rows).first(usize::MAX).map(|row| &*row.key.name).collect()
    }

    #[test]
    fn a_selection_stays_on_its_object() {
        let mut list = RowList::new(true, by_name());
        list.step(&rows("bcd"), Motion::Down).unwrap();
        assert_eq!(selected(&list, &rows("abcd")), "c", "one came before it");
        list.settles(&rows("abcd"));
        assert_eq!(selected(&list, &rows("abd")), "d", "it is gone: what moved up is selected");
        list.settles(&rows("abd"));
        assert_eq!(selected(&list, &rows("abcd")), "d");
        assert_eq!(list.index(&list.listed(&rows(""))), 0);
    }

    #[test]
    fn rows_are_sorted_by_state_and_by_columns_and_filtered() {
        let all: Rows =
            [row("a", State::Ready, "2 (3m ago)"), row("b", State::Failed, "0"), row("c", State::Waiting, "11")]
                .into_iter()
                .collect();
        let mut list = RowList::new(true, by_name());
        let mut orders = vec![names(&list, &all)];
        for _ in 0..6 {
            list.sort(NextOrder::Column, 1);
            orders.push(names(&list, &all));
        }
        assert_eq!(orders, ["abc", "bca", "abc", "cab", "abc", "abc", "abc"]);
        assert_eq!(list.order, by_name());
        list.sort(NextOrder::Reverse, 1);
        assert_eq!(names(&list, &all), "cba");
        list.sort(NextOrder::Reverse, 1);
        list.filter("WAIT", &[]);
        assert_eq!(names(&list, &all), "c");
        let mut stateless = RowList::new(false, by_name());
        stateless.filter("wait", &[]);
        assert!(stateless.listed(&all).is_empty());
        stateless.filter("M AG", &[]);
        assert_eq!(names(&stateless, &all), "a");
    }

    #[test]
    fn what_is_selected_stays_so_before_the_first_key_too() {
        let now = |millis| Timestamp::from_millisecond(millis).unwrap();
        let with = |failed: &str| -> Rows {
            let state = |name: char| if failed.contains(name) { State::Failed } else { State::Ready };
            ('a'..='e').map(|name| row(&name.to_string(), state(name), "")).collect()
        };
        let mut list = RowList::new(true, SortColumn::State.into());
        list.settle(&with(""), false, now(0));
        assert_eq!(selected(&list, &with("")), "a");
        assert_eq!((selected(&list, &with("d")), names(&list, &with("d"))), ("a".to_owned(), "dabce".to_owned()));
        // During the first read, a row that has just become the first loses the selection; one that the user may have
        // read keeps it.
        let mut coming = RowList::new(true, SortColumn::State.into());
        coming.settle(&with(""), true, now(0));
        coming.settle(&with("d"), true, now(10));
        assert_eq!(selected(&coming, &with("d")), "d");
        coming.settle(&with("cd"), true, now(10_000));
        assert_eq!(selected(&coming, &with("cd")), "d", "it was first for ten seconds");
        coming.settle(&with("bcd"), false, now(10_001));
        assert_eq!(selected(&coming, &with("bcd")), "d");
    }

    #[test]
    fn one_row_that_changes_is_put_in_its_place_whatever_the_order() {
        let orders = [SortColumn::State, SortColumn::Age, SortColumn::Cell(0), SortColumn::Name, SortColumn::Message];
        let states = [State::Ready, State::Failed, State::Waiting, State::Progressing];
        for (order, reversed, filter) in orders.into_iter().flat_map(|order| [(order, false, ""), (order, true, "1")]) {
            let made = || {
                let mut list =
                    RowList::new(true, if reversed { SortOrder::from(order).reversed() } else { order.into() });
                list.filter(filter, &[]);
                list
            };
            let mut rows: Rows =
                (0..200).step_by(2).map(|number| row(&format!("{number:03}"), State::Ready, "x")).collect();
            let list = made();
            let _ = names(&list, &rows);
            for step in 0_usize..300 {
                let name = format!("{:03}", step * 37 % 200);
                if step % 5 == 4 {
                    rows.remove(&[RowKey { namespace: "n".into(), name: name.as_str().into() }]);
                } else {
                    let mut new = row(&name, states[step % 4], &format!("{}", step * 7 % 13));
                    new.message = if step % 3 == 0 { "".into() } else { format!("m{}", step % 11).into() };
                    new.created = Timestamp::from_second(i64::try_from(step * 11 % 17).unwrap()).ok();
                    rows.put([new.clone(), row("500", states[step % 3], "3"), new]);
                }
                assert_eq!(names(&list, &rows), names(&made(), &rows), "{order:?} {reversed} after {step}");
            }
        }
    }

    #[test]
    fn a_pod_that_changes_costs_the_same_among_ten_thousand() {
        let cost = |count: usize, order: SortColumn| {
            let name = |number: usize| format!("{:05}", number * 100_000 / count);
            let mut all: Rows =
                (0..count).map(|number| row(&name(number), State::Ready, &number.to_string())).collect();
            let mut list = RowList::new(true, order.into());
            list.filter("n", &[]);
            list.settles(&all);
            list.step(&all, Motion::Bottom).unwrap();
            work::taken();
            for number in [1, count / 2, count - 2] {
                all.insert(row(&name(number), State::Failed, "7"));
                list.settles(&all);
                list.step(&all, Motion::Up).unwrap();
                assert!(list.selected(&all).is_some());
            }
            work::taken()
        };
        for order in [SortColumn::State, SortColumn::Age, SortColumn::Cell(0)] {
            let (few, many) = (cost(100, order), cost(10_000, order));
            assert!(few > 20 && many < few * 3, "{order:?}: {few} among 100, {many} among 10,000");
        }
    }

    #[test]
    fn what_is_shown_is_made_once_for_rows_as_they_are() {
        let mut all: Rows = (0..1000).map(|number| row(&format!("{number:04}"), State::Ready, "x")).collect();
        let mut list = RowList::new(true, by_name());
        list.filter("0", &[]);
        list.sort(NextOrder::Column, 1);
        list.settles(&all);
        list.step(&all, Motion::Bottom).unwrap();
        work::taken();
        for _ in 0..10 {
            list.step(&all, Motion::Up).unwrap();
            assert_eq!(list.selected(&all).unwrap().cells.len(), 1);
        }
        assert!(work::taken() < 200);
        all.change(|row| {
            row.state = State::Failed;
            true
        });
        list.settles(&all);
        assert!(work::taken() >= 1000, "they are others");
    }
}
