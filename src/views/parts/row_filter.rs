//! What the lists are filtered by: words that must all be found in a row, and `COLUMN=WORD` for those that must be found in one column.

use crate::model::{Row, State};

/// Holds what a row must have to be shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct RowFilter {
    /// The text as it was typed.
    text: String,
    terms: Vec<Term>,
}

/// Holds one word, in lower case, and where it is searched.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    place: Place,
    word: String,
}

/// Says where a word is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Anywhere,
    Namespace,
    Name,
    State,
    Cell(usize),
}

impl RowFilter {
    /// Reads what was typed, for a list whose columns have these titles. A word with `=` that begins with no column is searched as it is.
    pub(crate) fn new(text: &str, titles: &[&str]) -> Self {
        let terms = text.split_whitespace().map(|word| {
            let named = word.split_once('=').and_then(|(column, word)| Some((place(column, titles)?, word)));
            let (place, word) = named.unwrap_or((Place::Anywhere, word));
            Term { place, word: word.to_lowercase() }
        });
        Self { text: text.to_owned(), terms: terms.collect() }
    }

    /// Returns what was typed.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Tells whether it leaves all rows.
    pub(crate) fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Tells whether a row has every word; its state is searched where `states` says that it has one.
    pub(crate) fn matches(&self, row: &Row, states: bool) -> bool {
        self.terms.iter().all(|term| term.matches(row, states))
    }
}

impl Term {
    fn matches(&self, row: &Row, states: bool) -> bool {
        let word = &*self.word;
        let in_state = || states && row.state.word().contains(word);
        let in_cell = |cell: &str| cell.to_lowercase().contains(word);
        match self.place {
            Place::Anywhere => {
                row.key.name.contains(word)
                    || row.key.namespace.contains(word)
                    || in_state()
                    || row.cells.iter().any(|cell| in_cell(cell))
            }
            // The whole of it: `namespace=web` is no filter for web-staging.
            Place::Namespace => word.is_empty() || *row.key.namespace == *word,
            Place::Name => row.key.name.contains(word),
            Place::State => in_state() || word == "!ready" && states && row.state != State::Ready,
            Place::Cell(column) => row.cells.get(column).is_some_and(|cell| in_cell(cell)),
        }
    }
}

/// Finds the column that a word means: its title, or the beginning of one where that is its only.
fn place(column: &str, titles: &[&str]) -> Option<Place> {
    let column = column.to_lowercase();
    match &*column {
        "" => return None,
        "ns" | "namespace" => return Some(Place::Namespace),
        "name" => return Some(Place::Name),
        _ => {}
    }
    let is_called = |title: &str| title.to_lowercase() == column;
    if let Some(index) = titles.iter().position(|title| is_called(title)) {
        return Some(Place::Cell(index));
    }
    if column == "state" {
        return Some(Place::State);
    }
    let mut begin = titles.iter().enumerate().filter(|(_, title)| title.to_lowercase().starts_with(&column));
    match (begin.next(), begin.next()) {
        (Some((index, _)), None) => Some(Place::Cell(index)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::RowFilter;
    use crate::model::{Row, RowKey, State};

    fn found(text: &str) -> String {
        let row = |namespace: &str, name: &str, state, cells: [&str; 2]| Row {
            key: RowKey { namespace: namespace.into(), name: name.into() },
            state,
            cells: cells.map(Into::into).into(),
            message: "".into(),
            created: None,
            flux: None,
        };
        let rows = [
            row("web", "a", State::Ready, ["1/1", "Running"]),
            row("web", "b", State::Failed, ["0/1", "CrashLoopBackOff"]),
            row("web-staging", "c", State::Waiting, ["0/1", "Pending web"]),
        ];
        let filter = RowFilter::new(text, &["READY", "STATUS"]);
        rows.iter().filter(|row| filter.matches(row, true)).map(|row| row.key.name.to_string()).collect()
    }

    #[test]
    fn every_word_must_be_found_and_a_column_can_be_named() {
        for (text, names) in [
            ("", "abc"),
            ("web", "abc"),
            ("web 0/1", "bc"),
            ("namespace=web", "ab"),
            ("ns=web status=crash", "b"),
            ("ready=0/1", "bc"),
            ("stat=pend", "c"),
            ("state=failed", "b"),
            ("state=!ready", "bc"),
            ("name=b", "b"),
            ("app=web", ""),
            ("=web", ""),
        ] {
            assert_eq!(found(text), names, "{text}");
        }
    }
}
