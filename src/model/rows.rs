//! The rows of one list, in their order: the one at a place, and the place of an object, are found without walking to them.

use std::cmp::Ordering;
use std::sync::atomic::{AtomicU64, Ordering as AtomicOrdering};

use super::{Row, RowKey, work};

/// So few new rows are put in one by one; more are sorted in together.
const FEW: usize = 8;

/// Counts the states that any list was in: two states of whichever lists never have the same number.
static REVISIONS: AtomicU64 = AtomicU64::new(1);

/// Holds the rows of a list by namespace and name.
#[derive(Debug, Default)]
pub struct Rows {
    rows: Vec<Row>,
    revision: u64,
}

impl Rows {
    /// Starts with none.
    pub const fn new() -> Self {
        Self { rows: Vec::new(), revision: 0 }
    }

    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Tells whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Identifies what the rows are now: what was made from them holds as long as this stays.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Returns the row at a place.
    pub fn at(&self, place: usize) -> Option<&Row> {
        work::count(1);
        self.rows.get(place)
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

    /// Goes through those from a key on, whether it is among them or not.
    pub fn from(&self, key: &RowKey) -> impl Iterator<Item = &Row> {
        let place = self.find(key).unwrap_or_else(|place| place);
        self.rows.iter().skip(place).inspect(|_| work::count(1))
    }

    /// Goes through all of them, which no key may do.
    pub fn iter(&self) -> std::slice::Iter<'_, Row> {
        work::count(self.rows.len());
        self.rows.iter()
    }

    /// Changes rows where they stand; `change` says whether it did anything to one.
    pub fn change(&mut self, mut change: impl FnMut(&mut Row) -> bool) {
        let mut changed = false;
        for row in &mut self.rows {
            changed |= change(row);
        }
        if changed {
            self.revise();
        }
    }

    /// Takes rows that are new or have changed; of several for one object the last.
    pub fn put(&mut self, rows: impl IntoIterator<Item = Row>) {
        let mut new: Vec<Row> = Vec::new();
        let mut changed = false;
        for row in rows {
            // Pages come in order: most of their rows come behind all that are known.
            let behind = self.rows.last().is_none_or(|last| order(&last.key, &row.key).is_lt());
            let place = if behind { None } else { self.find(&row.key).ok() };
            let Some(known) = place.and_then(|place| self.rows.get_mut(place)) else {
                new.push(row);
                continue;
            };
            if *known != row {
                changed = true;
                *known = row;
            }
        }
        if !new.is_empty() {
            changed = true;
            // Of several for one object the last is what it is now: turned around, it comes first.
            new.reverse();
            new.sort_by(|one, other| order(&one.key, &other.key));
            new.dedup_by(|later, first| later.key == first.key);
            self.merge(new);
        }
        if changed {
            self.revise();
        }
    }

    fn merge(&mut self, new: Vec<Row>) {
        let follows = match (self.rows.last(), new.first()) {
            (Some(last), Some(first)) => order(&last.key, &first.key).is_lt(),
            _ => true,
        };
        if follows || new.len() > FEW {
            self.rows.extend(new);
            if !follows {
                // Two runs in order are merged, not sorted.
                self.rows.sort_by(|one, other| order(&one.key, &other.key));
            }
            return;
        }
        for row in new {
            let place = self.find(&row.key).unwrap_or_else(|place| place);
            self.rows.insert(place, row);
        }
    }

    /// Takes one row.
    pub fn insert(&mut self, row: Row) {
        self.put([row]);
    }

    /// Drops the rows of objects that are no more.
    pub fn remove(&mut self, keys: &[RowKey]) {
        let mut places: Vec<usize> = keys.iter().filter_map(|key| self.find(key).ok()).collect();
        places.sort_unstable();
        places.dedup();
        if places.is_empty() {
            return;
        }
        let (mut place, mut gone) = (0, places.iter().peekable());
        self.rows.retain(|_| {
            let here = gone.next_if_eq(&&place).is_some();
            place += 1;
            !here
        });
        self.revise();
    }

    /// Gives back what was taken for rows that might have come: the list is complete.
    pub fn complete(&mut self) {
        self.rows.shrink_to_fit();
    }

    fn find(&self, key: &RowKey) -> Result<usize, usize> {
        self.rows.binary_search_by(|row| order(&row.key, key))
    }

    fn revise(&mut self) {
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
    use super::Rows;
    use crate::model::{Row, RowKey, State};

    fn key(name: &str) -> RowKey {
        RowKey { namespace: "n".into(), name: name.into() }
    }

    fn row(name: &str, state: State) -> Row {
        Row { key: key(name), state, cells: Box::default(), message: "".into(), created: None, flux: None }
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
