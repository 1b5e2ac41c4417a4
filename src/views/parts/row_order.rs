//! The order of the lists: by any column, either way.

use std::cmp::{Ordering, Reverse};

use crate::model::{Row, Rows, State, work};

/// Requests another order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextOrder {
    /// By the next column.
    Column,
    /// The other way around.
    Reverse,
}

/// Names the column by which a list is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum SortColumn {
    /// By namespace and name.
    #[default]
    Namespace,
    /// Failed rows first, ready ones last.
    State,
    /// The newest first.
    Age,
    /// By a column: numbers from the highest, texts from A.
    Cell(usize),
    /// By name, across namespaces.
    Name,
    /// By message: the rows with a message first.
    Message,
}

/// Holds the column by which a list is sorted, and the direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct SortOrder {
    pub(crate) by: SortColumn,
    is_reversed: bool,
}

/// Names the direction of a sorted column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Up,
    Down,
}

impl Direction {
    /// Returns its sign in a heading.
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::Up => "↑",
            Self::Down => "↓",
        }
    }
}

impl From<SortColumn> for SortOrder {
    fn from(by: SortColumn) -> Self {
        Self { by, is_reversed: false }
    }
}

impl SortOrder {
    /// Returns the next order of a list with so many columns.
    pub(crate) fn next(self, columns: usize, states: bool) -> Self {
        use SortColumn::{Age, Cell, Message, Name, Namespace, State};
        Self::from(match self.by {
            Namespace if states => State,
            Namespace | State => Age,
            Age if columns > 0 => Cell(0),
            Cell(column) if column + 1 < columns => Cell(column + 1),
            Age | Cell(_) => Name,
            Name if states => Message,
            Name | Message => Namespace,
        })
    }

    /// Returns the reverse order.
    pub(crate) fn reversed(self) -> Self {
        Self { is_reversed: !self.is_reversed, ..self }
    }

    /// Writes it for a heading; empty for the default.
    pub(crate) fn word(self, title: impl Fn(usize) -> String) -> String {
        let word = match (self.by, self.is_reversed) {
            (SortColumn::Namespace, false) => return String::new(),
            (SortColumn::Namespace, true) => "by namespace".to_owned(),
            (SortColumn::State, _) => "by state".to_owned(),
            (SortColumn::Age, false) => return "  newest first".to_owned(),
            (SortColumn::Age, true) => return "  oldest first".to_owned(),
            (SortColumn::Cell(column), _) => format!("by {}", title(column).to_lowercase()),
            (SortColumn::Name, _) => "by name".to_owned(),
            (SortColumn::Message, _) => "by message".to_owned(),
        };
        format!("  {word}{}", if self.is_reversed { ", reversed" } else { "" })
    }

    /// Returns the direction of the column: numbers start at the highest.
    pub(super) fn direction(self, first: Option<&Row>) -> Direction {
        let is_number = match (self.by, first) {
            (SortColumn::Cell(column), Some(row)) => matches!(CellOrder::of(row, column), CellOrder::Number(_)),
            _ => false,
        };
        if is_number == self.is_reversed { Direction::Up } else { Direction::Down }
    }

    /// Sorts rows that are sorted by name; equal ones keep that order.
    pub(super) fn sorted(self, mut rows: Vec<(u32, &Row)>) -> Vec<u32> {
        match self.by {
            // There are few states: each row is visited once, however many rows there are.
            SortColumn::State => {
                let mut groups: [Vec<u32>; STATES] = Default::default();
                for (place, row) in rows {
                    let urgency = usize::from(urgency(row.state));
                    let at = if self.is_reversed { STATES - 1 - urgency } else { urgency };
                    if let Some(group) = groups.get_mut(at) {
                        group.push(place);
                    }
                }
                return groups.into_iter().flatten().collect();
            }
            SortColumn::Namespace if !self.is_reversed => {}
            SortColumn::Cell(column) => {
                let mut keyed: Vec<(CellOrder<'_>, u32)> =
                    rows.into_iter().map(|(place, row)| (CellOrder::of(row, column), place)).collect();
                keyed.sort_by(|one, other| self.turned(one.0.cmp(&other.0)));
                return keyed.into_iter().map(|(_, place)| place).collect();
            }
            _ => rows.sort_by(|one, other| self.turned(self.by.compare(one.1, other.1))),
        }
        rows.into_iter().map(|(place, _)| place).collect()
    }

    /// Finds the index of a place among sorted places, or the index to insert it.
    pub(super) fn find(self, rows: &Rows, places: &[u32], place: u32) -> Result<usize, usize> {
        let row = |place: u32| usize::try_from(place).ok().and_then(|place| rows.at(place));
        let Some(wanted) = row(place) else { return Err(0) };
        places.binary_search_by(|other| {
            work::count(1);
            let order = row(*other).map_or(Ordering::Less, |row| self.turned(self.by.compare(row, wanted)));
            order.then(other.cmp(&place))
        })
    }

    fn turned(self, order: Ordering) -> Ordering {
        if self.is_reversed { order.reverse() } else { order }
    }
}

impl SortColumn {
    /// Compares two rows by this column alone.
    fn compare(self, one: &Row, other: &Row) -> Ordering {
        match self {
            Self::Namespace => one.key.cmp(&other.key),
            Self::State => urgency(one.state).cmp(&urgency(other.state)),
            Self::Age => other.created.cmp(&one.created),
            Self::Cell(column) => CellOrder::of(one, column).cmp(&CellOrder::of(other, column)),
            Self::Name => one.key.name.cmp(&other.key.name),
            Self::Message => (one.message.is_empty(), &one.message).cmp(&(other.message.is_empty(), &other.message)),
        }
    }
}

/// The number of different urgencies of states.
const STATES: usize = 6;

/// Ranks the urgency of a state, the most urgent first.
pub(crate) fn urgency(state: State) -> u8 {
    match state {
        State::Failed => 0,
        State::Waiting => 1,
        State::Progressing => 2,
        State::Unknown => 3,
        State::Suspended => 4,
        State::Ready => 5,
    }
}

/// The sort key of a cell: shares such as `0/1` from the least, numbers such as `3 (2m ago)` from the highest, then
/// texts from A.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum CellOrder<'a> {
    Share(OrderedNumber),
    Number(Reverse<OrderedNumber>),
    Text(&'a str),
}

impl<'a> CellOrder<'a> {
    fn of(row: &'a Row, column: usize) -> Self {
        Self::parse(row.cells.get(column).map_or("", |cell| cell))
    }

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

/// Gives numbers a total order, even NaN.
#[derive(Debug)]
struct OrderedNumber(f64);

impl Ord for OrderedNumber {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for OrderedNumber {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
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
    use super::CellOrder;

    #[test]
    fn cells_of_several_sorts_have_one_order() {
        let of = CellOrder::parse;
        assert!(of("0/2") < of("1/2") && of("1/1") == of("2/2") && of("CrashLoopBackOff") < of("Running"));
        // 10 before 9 before 2 as numbers: a text between them by its letters would make the order circular.
        let mut cells = ["5x", "2", "9", "1/2", "10", "NaN", ""];
        cells.sort_by_cached_key(|cell| of(cell));
        assert_eq!(cells, ["1/2", "NaN", "10", "9", "2", "", "5x"]);
    }
}
