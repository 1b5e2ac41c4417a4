//! What the lists share: which rows are shown in which order, and a selection that stays on its object while rows come and go around it.
//!
//! All of it is made where rows, filter or order change. A key asks for places alone, so that it costs what it draws.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::sync::Arc;

use super::row_filter::RowFilter;
use crate::app::motion::step;
use crate::app::{Marks, Motion};
use crate::model::{Row, RowKey, Rows, State, work};
use crate::widgets::Scroll;

/// Holds the rows that a filter leaves, in their order.
#[derive(Debug, Clone)]
pub(crate) struct ListedRows<'a> {
    rows: &'a Rows,
    /// Their places among all rows; none where they are all, by name.
    places: Option<Arc<[u32]>>,
}

impl<'a> ListedRows<'a> {
    /// Returns how many there are.
    pub(crate) fn len(&self) -> usize {
        self.places.as_ref().map_or(self.rows.len(), |places| places.len())
    }

    /// Tells whether there are none.
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

    /// Returns the index of an object, which is searched for where the rows are not by name.
    fn position(&self, key: &RowKey) -> Option<usize> {
        let place = self.rows.place(key)?;
        let Some(places) = &self.places else { return Some(place) };
        work::count(places.len());
        places.iter().position(|other| usize::try_from(*other) == Ok(place))
    }
}

/// Keeps how a list shows its rows: filter, order, selection, scroll. A selection stays on its object: a key shall never act on the one that
/// has just taken its place.
#[derive(Debug, Default)]
pub(crate) struct RowList {
    /// Where it is scrolled to.
    pub(crate) scroll: Scroll,
    /// Whether the rows have a state, by which they are sorted and found.
    states: bool,
    /// What is searched.
    filter: RowFilter,
    order: SortOrder,
    key: Option<RowKey>,
    index: usize,
    made: RefCell<PreparedRows>,
}

/// Holds what was made of rows, until they change.
#[derive(Debug, Default)]
struct PreparedRows {
    /// The revision of the rows that the places are of.
    listed: Option<u64>,
    places: Option<Arc<[u32]>>,
    /// The revision of the rows and the room that the widths are for.
    measured: Option<(u64, u16)>,
    widths: Arc<[usize]>,
}

impl RowList {
    /// Shows rows in an order, from the first; `states` says whether they have any.
    pub(crate) fn new(states: bool, order: SortOrder) -> Self {
        Self { states, order, ..Self::default() }
    }

    /// Returns the rows that are shown.
    pub(crate) fn listed<'a>(&self, rows: &'a Rows) -> ListedRows<'a> {
        let mut made = self.made.borrow_mut();
        if made.listed != Some(rows.revision()) {
            made.listed = Some(rows.revision());
            made.places = self.places(rows);
        }
        ListedRows { rows, places: made.places.clone() }
    }

    /// Finds and sorts; `None` where that leaves the rows as they are.
    fn places(&self, rows: &Rows) -> Option<Arc<[u32]>> {
        if self.filter.is_empty() && self.order == SortOrder::Name {
            return None;
        }
        let mut found: Vec<(u32, &Row)> = (0..).zip(rows).filter(|(_, row)| self.matches(row)).collect();
        self.order.sort(&mut found);
        Some(found.into_iter().map(|(place, _)| place).collect())
    }

    fn matches(&self, row: &Row) -> bool {
        self.filter.matches(row, self.states)
    }

    /// Returns the widths of the columns for a room, measured once for the rows as they are.
    pub(crate) fn widths(
        &self,
        listed: &ListedRows<'_>,
        room: u16,
        measure: impl FnOnce() -> Vec<usize>,
    ) -> Arc<[usize]> {
        let of = (listed.rows.revision(), room);
        let known = Some(of) == self.made.borrow().measured;
        if !known {
            let widths = measure().into();
            let mut made = self.made.borrow_mut();
            (made.measured, made.widths) = (Some(of), widths);
        }
        Arc::clone(&self.made.borrow().widths)
    }

    /// Returns which row is selected: where its object stands now, else the one that moved up into its place.
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

    /// Moves; `None` when the motion means nothing in a list.
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

    /// Catches up with rows that changed, so that the next key need not. Before anything was chosen, the first row is selected, whichever it is.
    pub(crate) fn settle(&mut self, rows: &Rows) {
        let listed = self.listed(rows);
        if self.key.is_some() {
            self.choose(&listed, self.index(&listed));
        }
    }

    /// Goes back to the first row.
    pub(crate) fn rewind(&mut self) {
        (self.key, self.index) = (None, 0);
    }

    /// Shows other rows in an order, from the first, and all of them.
    pub(crate) fn start_over(&mut self, order: SortOrder) {
        self.order = order;
        self.filter = RowFilter::default();
        self.made = RefCell::default();
        self.rewind();
    }

    /// Shows what all words of a text are found in, `COLUMN=WORD` in one column; empty shows all. `titles` are those of the columns.
    pub(crate) fn filter(&mut self, text: &str, titles: &[&str]) {
        self.filter = RowFilter::new(text, titles);
        self.made = RefCell::default();
    }

    /// Returns what is searched.
    pub(crate) fn wanted(&self) -> &RowFilter {
        &self.filter
    }

    /// Sorts by what comes next, in a list of so many columns.
    pub(crate) fn sort_next(&mut self, columns: usize) {
        self.order = self.order.next(columns, self.states);
        self.made = RefCell::default();
    }

    /// Says in a heading by what is sorted; empty for the usual order.
    pub(crate) fn order_word(&self, title: impl Fn(usize) -> String) -> String {
        self.order.word(title)
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
    fn sort(self, rows: &mut [(u32, &Row)]) {
        match self {
            Self::Name => {}
            Self::State => rows.sort_by_key(|(_, row)| urgency(row.state)),
            Self::Newest => rows.sort_by_key(|(_, row)| Reverse(row.created)),
            Self::Column(column) => {
                rows.sort_by_cached_key(|(_, row)| CellOrder::parse(row.cells.get(column).map_or("", |cell| cell)));
            }
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

/// By what a cell is sorted: shares such as `0/1` from the least, numbers such as `3 (2m ago)` from the highest, then texts from A.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum CellOrder<'a> {
    Share(OrderedNumber),
    Number(Reverse<OrderedNumber>),
    Text(&'a str),
}

impl<'a> CellOrder<'a> {
    fn parse(text: &'a str) -> Self {
        let share = || {
            let (part, whole) = text.split_once('/')?;
            let (part, whole): (f64, f64) = (part.parse().ok()?, whole.parse().ok()?);
            Some(OrderedNumber(if whole > 0.0 { part / whole } else { 1.0 }))
        };
        let number = || text.split(' ').next()?.parse().ok().map(OrderedNumber);
        share().map(Self::Share).or_else(|| number().map(Reverse).map(Self::Number)).unwrap_or(Self::Text(text))
    }
}

/// Gives numbers an order that is one even where they are none.
#[derive(Debug)]
struct OrderedNumber(f64);

impl Ord for OrderedNumber {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for OrderedNumber {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for OrderedNumber {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for OrderedNumber {}

#[cfg(test)]
mod tests {
    use super::{CellOrder, RowList, SortOrder};
    use crate::app::Motion;
    use crate::model::{Row, RowKey, Rows, State, work};

    fn row(name: &str, state: State, cell: &str) -> Row {
        let key = RowKey { namespace: "n".into(), name: name.into() };
        Row { key, state, cells: [cell.into()].into(), message: "".into(), created: None, flux: None }
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
        let mut list = RowList::new(true, SortOrder::Name);
        list.step(&rows("bcd"), Motion::Down).unwrap();
        assert_eq!(selected(&list, &rows("abcd")), "c", "one came before it");
        list.settle(&rows("abcd"));
        assert_eq!(selected(&list, &rows("abd")), "d", "it is gone: what moved up is selected");
        list.settle(&rows("abd"));
        assert_eq!(selected(&list, &rows("abcd")), "d");
        assert_eq!(list.index(&list.listed(&rows(""))), 0);
    }

    #[test]
    fn rows_are_sorted_by_state_and_by_columns_and_filtered() {
        let all: Rows =
            [row("a", State::Ready, "2 (3m ago)"), row("b", State::Failed, "0"), row("c", State::Waiting, "11")]
                .into_iter()
                .collect();
        let mut list = RowList::new(true, SortOrder::Name);
        let mut orders = vec![names(&list, &all)];
        for _ in 0..4 {
            list.sort_next(1);
            orders.push(names(&list, &all));
        }
        assert_eq!(orders, ["abc", "bca", "abc", "cab", "abc"]);
        assert_eq!(list.order, SortOrder::Name);
        list.filter("WAIT", &[]);
        assert_eq!(names(&list, &all), "c");
        let mut stateless = RowList::new(false, SortOrder::Name);
        stateless.filter("wait", &[]);
        assert!(stateless.listed(&all).is_empty());
        stateless.filter("M AG", &[]);
        assert_eq!(names(&stateless, &all), "a");
    }

    #[test]
    fn cells_of_several_sorts_have_one_order() {
        let of = CellOrder::parse;
        assert!(of("0/2") < of("1/2") && of("1/1") == of("2/2") && of("CrashLoopBackOff") < of("Running"));
        // 10 before 9 before 2 as numbers: a text between them by its letters would make a circle.
        let mut cells = ["5x", "2", "9", "1/2", "10", "NaN", ""];
        cells.sort_by_cached_key(|cell| of(cell));
        assert_eq!(cells, ["1/2", "NaN", "10", "9", "2", "", "5x"]);
    }

    #[test]
    fn what_is_shown_is_made_once_for_rows_as_they_are() {
        let mut all: Rows = (0..1000).map(|number| row(&format!("{number:04}"), State::Ready, "x")).collect();
        let mut list = RowList::new(true, SortOrder::Name);
        list.filter("0", &[]);
        list.sort_next(1);
        list.settle(&all);
        list.step(&all, Motion::Bottom).unwrap();
        work::taken();
        for _ in 0..10 {
            list.step(&all, Motion::Up).unwrap();
            assert_eq!(list.selected(&all).unwrap().cells.len(), 1);
        }
        assert!(work::taken() < 200);
        all.insert(row("0000", State::Failed, "x"));
        list.settle(&all);
        assert!(work::taken() >= 1000, "they are others");
    }
}
