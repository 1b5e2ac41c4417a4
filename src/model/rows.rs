//! The rows of one list, in their order, with fast access by place and by object.

use std::cmp::Ordering;
use std::sync::atomic::{AtomicU64, Ordering as AtomicOrdering};

use super::{Row, RowKey, work};

/// The most new rows that are inserted one by one; more are sorted in together.
const FEW: usize = 8;

/// The most changes that are reported one by one; after more, data derived from the rows is rebuilt.
const TOLD: usize = 64;

/// The counter of list states: no two states of any lists share a number.
static REVISIONS: AtomicU64 = AtomicU64::new(1);

/// Reports a change of the row at a place; several are reported in the order in which they happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowChange {
    /// The row there has a new version of the same object.
    Changed(usize),
    /// A new row is there, and those from there on moved down.
    Inserted(usize),
    /// The row there is gone, and those below moved up.
    Removed(usize),
}

impl RowChange {
    /// Returns the place of the change.
    pub fn place(self) -> usize {
        match self {
            Self::Changed(place) | Self::Inserted(place) | Self::Removed(place) => place,
        }
    }
}

/// Holds the rows of a list by namespace and name.
#[derive(Debug, Default)]
pub struct Rows {
    sorted: Vec<Row>,
    revision: u64,
    /// The revision before this one.
    before: u64,
    /// The changes since then, if they are few.
    changes: Option<Vec<RowChange>>,
}

impl Rows {
    /// Builds an empty list.
    pub const fn new() -> Self {
        Self { sorted: Vec::new(), revision: 0, before: 0, changes: None }
    }

    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        self.sorted.len()
    }

    /// Tells whether there are none.
    pub fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    /// Identifies the state of the rows: data derived from them is valid as long as this stays.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Returns the changes since a revision, so that derived data need not be rebuilt; `None` if there were too many.
    pub fn changes_since(&self, revision: u64) -> Option<&[RowChange]> {
        self.changes.as_deref().filter(|_| revision == self.before)
    }

    /// Returns the row at a place.
    pub fn at(&self, place: usize) -> Option<&Row> {
        work::count(1);
        self.sorted.get(place)
    }

    /// Returns the place of an object.
    pub fn place(&self, key: &RowKey) -> Option<usize> {
        work::count(1);
        self.find(key).ok()
    }

    /// Returns the row of an object.
    pub fn get(&self, key: &RowKey) -> Option<&Row> {
        self.at(self.place(key)?)
    }

    /// Iterates over the rows from a key on, whether or not it exists.
    pub fn from(&self, key: &RowKey) -> impl Iterator<Item = &Row> {
        let place = self.find(key).unwrap_or_else(|place| place);
        self.sorted.iter().skip(place).inspect(|_| work::count(1))
    }

    /// Iterates over all rows, which is too slow for a key press.
    pub fn iter(&self) -> std::slice::Iter<'_, Row> {
        work::count(self.sorted.len());
        self.sorted.iter()
    }

    /// Changes rows in place; `change` tells whether it changed one.
    pub fn change(&mut self, mut change: impl FnMut(&mut Row) -> bool) {
        let mut changed = false;
        for row in &mut self.sorted {
            changed |= change(row);
        }
        if changed {
            self.revise(None);
        }
    }

    /// Adds new and changed rows; of several for one object the last counts.
    pub fn put(&mut self, rows: impl IntoIterator<Item = Row>) {
        let mut new: Vec<Row> = Vec::new();
        let mut changes: Vec<RowChange> = Vec::new();
        for row in rows {
            // Pages come in order: most of their rows follow all known ones.
            let behind = self.sorted.last().is_none_or(|last| order(&last.key, &row.key).is_lt());
            let place = if behind { None } else { self.find(&row.key).ok() };
            let Some((place, known)) = place.and_then(|place| Some((place, self.sorted.get_mut(place)?))) else {
                new.push(row);
                continue;
            };
            if *known != row {
                changes.push(RowChange::Changed(place));
                *known = row;
            }
        }
        let mut is_told = true;
        if !new.is_empty() {
            // The last of several rows for one object is the current one: in reverse order, it comes first.
            new.reverse();
            new.sort_by(|one, other| order(&one.key, &other.key));
            new.dedup_by(|later, first| later.key == first.key);
            is_told = new.len() <= FEW;
            changes.extend(self.merge(new));
        }
        if !changes.is_empty() || !is_told {
            self.revise(Some(changes).filter(|_| is_told));
        }
    }

    /// Inserts new rows in their places, and returns the changes if they are few.
    fn merge(&mut self, new: Vec<Row>) -> Vec<RowChange> {
        let follows = match (self.sorted.last(), new.first()) {
            (Some(last), Some(first)) => order(&last.key, &first.key).is_lt(),
            _ => true,
        };
        if new.len() > FEW {
            self.sorted.extend(new);
            if !follows {
                // Two sorted runs are merged, not sorted.
                self.sorted.sort_by(|one, other| order(&one.key, &other.key));
            }
            return Vec::new();
        }
        let mut changes = Vec::with_capacity(new.len());
        for row in new {
            let place = self.find(&row.key).unwrap_or_else(|place| place);
            self.sorted.insert(place, row);
            changes.push(RowChange::Inserted(place));
        }
        changes
    }

    /// Adds one row.
    pub fn insert(&mut self, row: Row) {
        self.put([row]);
    }

    /// Removes the rows of deleted objects.
    pub fn remove(&mut self, keys: &[RowKey]) {
        let mut places: Vec<usize> = keys.iter().filter_map(|key| self.find(key).ok()).collect();
        places.sort_unstable();
        places.dedup();
        if places.is_empty() {
            return;
        }
        let (mut place, mut gone) = (0, places.iter().peekable());
        self.sorted.retain(|_| {
            let here = gone.next_if_eq(&&place).is_some();
            place += 1;
            !here
        });
        // From the last on, so that the places of earlier ones stay valid.
        self.revise(Some(places.into_iter().rev().map(RowChange::Removed).collect()));
    }

    /// Frees the capacity for further rows: the list is complete.
    pub fn complete(&mut self) {
        self.sorted.shrink_to_fit();
    }

    fn find(&self, key: &RowKey) -> Result<usize, usize> {
        self.sorted.binary_search_by(|row| order(&row.key, key))
    }

    fn revise(&mut self, changes: Option<Vec<RowChange>>) {
        self.before = self.revision;
        self.changes = changes.filter(|changes| changes.len() <= TOLD);
        self.revision = REVISIONS.fetch_add(1, AtomicOrdering::Relaxed);
    }
}

fn order(one: &RowKey, other: &RowKey) -> Ordering {
    one.cmp(other)
}

impl FromIterator<Row> for Rows {
    fn from_iter<I: IntoIterator<Item = Row>>(rows: I) -> Self {
        let mut all = Self::default();
        all.put(rows);
        all
    }
}

impl<'a> IntoIterator for &'a Rows {
    type Item = &'a Row;
    type IntoIter = std::slice::Iter<'a, Row>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::RowChange::{Changed, Inserted, Removed};
    use super::Rows;
    use crate::model::{Labels, Row, RowKey, State};

    fn key(name: &str) -> RowKey {
        RowKey { namespace: "n".into(), name: name.into() }
    }

    fn row(name: &str, state: State) -> Row {
        Row {
            key: key(name),
            state,
            cells: Box::default(),
            message: "".into(),
            created: None,
            note: None,
            labels: Labels::default(),
            since: None,
            flux: None,
        }
    }

    fn names(rows: &Rows) -> String {
        rows.iter().map(|row| &*row.key.name).collect()
    }

    #[test]
    fn rows_stay_in_order_however_they_come() {
        let ready = |names: &str| names.chars().map(|name| row(&name.to_string(), State::Ready)).collect::<Vec<_>>();
        let mut rows: Rows = ready("dbh").into_iter().collect();
        rows.put(ready("ca"));
        assert_eq!(names(&rows), "abcdh");
        rows.put(ready("zyxwvutsrqponmlkjige"));
        assert_eq!(names(&rows), ('a'..='z').filter(|name| *name != 'f').collect::<String>());
        rows.insert(row("f", State::Ready));
        assert_eq!((names(&rows), rows.place(&key("f"))), (('a'..='z').collect(), Some(5)));
        let from = |name: &str| rows.from(&key(name)).next().map(|row| row.key.name.to_string());
        assert_eq!((from("cc").as_deref(), from("z").as_deref(), from("zz")), (Some("d"), Some("z"), None));
        rows.remove(&["z", "a", "c", "absent"].map(key));
        assert_eq!(names(&rows), "bdefghijklmnopqrstuvwxy");
        rows.complete();
        assert_eq!(rows.get(&key("b")), rows.at(0));
    }

    #[test]
    fn the_last_of_several_for_one_object_counts() {
        let mut rows: Rows = [State::Ready, State::Failed].map(|state| row("a", state)).into_iter().collect();
        assert_eq!((rows.len(), rows.at(0).unwrap().state), (1, State::Failed));
        rows.put([State::Failed, State::Ready].map(|state| row("a", state)));
        assert_eq!((rows.len(), rows.at(0).unwrap().state), (1, State::Ready));
    }

    #[test]
    fn few_changes_are_told_one_by_one() {
        let mut rows: Rows = ["b", "d", "f"].map(|name| row(name, State::Ready)).into_iter().collect();
        let told = |rows: &mut Rows, change: &dyn Fn(&mut Rows)| {
            let before = rows.revision();
            change(rows);
            rows.changes_since(before).map(<[_]>::to_vec)
        };
        let put = |names: &'static [&'static str], state| {
            move |rows: &mut Rows| rows.put(names.iter().map(|name| row(name, state)))
        };
        assert_eq!(told(&mut rows, &put(&["d"], State::Failed)), Some(vec![Changed(1)]));
        let both = told(&mut rows, &put(&["c", "f", "a", "z"], State::Failed));
        assert_eq!(both, Some(vec![Changed(2), Inserted(0), Inserted(2), Inserted(5)]));
        assert_eq!(told(&mut rows, &|rows| rows.remove(&["z", "a"].map(key))), Some(vec![Removed(5), Removed(0)]));
        assert_eq!((names(&rows).as_str(), rows.changes_since(0)), ("bcdf", None), "of that revision it is not known");
        assert_eq!(
            told(&mut rows, &|rows| rows.put(('g'..='z').map(|name| row(&name.to_string(), State::Ready)))),
            None
        );
    }

    #[test]
    fn the_revision_moves_on_with_the_rows_alone() {
        let mut rows: Rows = [row("a", State::Ready)].into_iter().collect();
        let before = rows.revision();
        rows.put([row("a", State::Ready)]);
        rows.remove(&[key("b")]);
        assert_eq!(rows.revision(), before, "they are as they were");
        rows.change(|_| false);
        assert_eq!(rows.revision(), before);
        rows.put([row("a", State::Failed)]);
        assert_ne!(rows.revision(), before);
        let other: Rows = [row("a", State::Failed)].into_iter().collect();
        assert_ne!((rows.revision(), rows.revision()), (other.revision(), before));
    }
}
