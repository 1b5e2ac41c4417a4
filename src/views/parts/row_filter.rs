//! The filter of the lists: words that must all be found in a row, `COLUMN=WORD` for words in one column, and labels in
//! the syntax of kubectl's selectors: `-l app=web,tier!=db`, `label:app=web`, or `app=web` if no column has that name.

use crate::model::{Labels, Row, State};

/// Holds the conditions for the rows of a list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct RowFilter {
    /// The text as the user typed it.
    text: String,
    terms: Vec<Term>,
}

/// Holds one condition for a row.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Term {
    /// A word, in lower case, and the place of the search.
    Word(Place, String),
    /// A word that a column must not have.
    Without(Place, String),
    /// The condition for a label.
    Label(LabelTerm),
    /// A label, or a cell with the same text: a Service's selector is no label of its own.
    LabelOrWord(LabelTerm, String),
}

/// Names the place of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Anywhere,
    Namespace,
    Name,
    State,
    Message,
    Cell(usize),
}

/// Holds the condition for a label, as in kubectl's selectors.
#[derive(Debug, Clone, PartialEq, Eq)]
struct LabelTerm {
    key: String,
    /// The required value; `None` accepts any.
    value: Option<String>,
    /// Whether the condition is negated.
    is_negated: bool,
}

impl LabelTerm {
    /// Parses one requirement: `app=web`, `app==web`, `app!=web`, `app` or `!app`; `None` for an unfinished one.
    fn parse(text: &str) -> Option<Self> {
        let (is_not, text) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
        let (key, value) = text.split_once('=').map_or((text, None), |(key, value)| (key, Some(value)));
        let (key, differs) = key.strip_suffix('!').map_or((key, false), |key| (key, true));
        let value = value.map(|value| value.strip_prefix('=').unwrap_or(value)).filter(|value| !value.is_empty());
        let is_negated = is_not || differs && value.is_some();
        (!key.is_empty()).then(|| Self { key: key.to_owned(), value: value.map(str::to_owned), is_negated })
    }

    fn matches(&self, labels: &Labels) -> bool {
        let has = match &self.value {
            None => labels.get(&self.key).is_some(),
            Some(value) => labels.get(&self.key) == Some(value),
        };
        has != self.is_negated
    }
}

impl RowFilter {
    /// Parses a text for a list with these column titles. A word with `=` that begins with no column is a label, or
    /// searched unchanged.
    pub(crate) fn new(text: &str, titles: &[&str]) -> Self {
        let mut terms = Vec::new();
        let mut words = text.split_whitespace();
        while let Some(word) = words.next() {
            let selector = match word {
                "-l" | "--selector" => Some(words.next().unwrap_or_default()),
                _ => {
                    let short = word.strip_prefix("-l").filter(|rest| rest.contains('='));
                    ["label:", "--selector="].into_iter().find_map(|head| word.strip_prefix(head)).or(short)
                }
            };
            match selector {
                Some(selector) => terms.extend(selector.split(',').filter_map(LabelTerm::parse).map(Term::Label)),
                None => terms.push(term(word, titles)),
            }
        }
        Self { text: text.to_owned(), terms }
    }

    /// Returns the text as the user typed it.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Tells whether it leaves all rows.
    pub(crate) fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Tells whether a row matches every condition; its state is searched only if `states` is set.
    pub(crate) fn matches(&self, row: &Row, states: bool) -> bool {
        self.terms.iter().all(|term| match term {
            Term::Word(place, word) => place.has(word, row, states),
            Term::Without(place, word) => word.is_empty() || !place.has(word, row, states),
            Term::Label(label) => label.matches(&row.labels),
            Term::LabelOrWord(label, word) => label.matches(&row.labels) || Place::Anywhere.has(word, row, states),
        })
    }
}

/// Parses a word that is no selector.
fn term(word: &str, titles: &[&str]) -> Term {
    let Some((column, wanted)) = word.split_once('=') else { return Term::Word(Place::Anywhere, word.to_lowercase()) };
    let without = column.strip_suffix('!');
    if let Some(place) = place(without.unwrap_or(column), titles) {
        let wanted = wanted.to_lowercase();
        return if without.is_some() { Term::Without(place, wanted) } else { Term::Word(place, wanted) };
    }
    match LabelTerm::parse(word) {
        Some(label) if label.is_negated => Term::Label(label),
        Some(label) => Term::LabelOrWord(label, word.to_lowercase()),
        None => Term::Word(Place::Anywhere, word.to_lowercase()),
    }
}

impl Place {
    fn has(self, word: &str, row: &Row, states: bool) -> bool {
        let in_state = || states && row.state.word().contains(word);
        let in_cell = |cell: &str| cell.to_lowercase().contains(word);
        let in_note = |column: Option<usize>| {
            let note = row.note.as_ref().filter(|note| column.is_none_or(|column| column == note.column));
            note.is_some_and(|note| in_cell(&note.words))
        };
        match self {
            Self::Anywhere => {
                in_cell(&row.key.name)
                    || in_cell(&row.key.namespace)
                    || in_state()
                    || row.cells.iter().any(|cell| in_cell(cell))
                    || in_note(None)
            }
            // The whole of it: `namespace=web` is no filter for web-staging.
            Self::Namespace => word.is_empty() || row.key.namespace.to_lowercase() == *word,
            Self::Name => in_cell(&row.key.name),
            Self::State => in_state() || word == "!ready" && states && row.state != State::Ready,
            Self::Message => in_cell(&row.message),
            Self::Cell(column) => row.cells.get(column).is_some_and(|cell| in_cell(cell)) || in_note(Some(column)),
        }
    }
}

/// Finds the column of a word: by its title, or by an unambiguous prefix of it.
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
    match &*column {
        "state" => return Some(Place::State),
        "message" => return Some(Place::Message),
        _ => {}
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
        let labels = |name: &str| {
            let tier = if name == "a" { "db" } else { "front" };
            serde_json::from_str(&format!(r#"{{"app.kubernetes.io/name": "{name}", "tier": "{tier}"}}"#)).unwrap()
        };
        let row = |namespace: &str, name: &str, state, cells: [&str; 2]| Row {
            key: RowKey { namespace: namespace.into(), name: name.into() },
            state,
            cells: cells.map(Into::into).into(),
            message: format!("Said of {name}").into(),
            created: None,
            note: None,
            labels: labels(name),
            since: None,
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
            // Whichever case a word is in.
            ("WEB 0/1", "bc"),
            ("NAME=B", "b"),
            ("NS=Web", "ab"),
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
            ("status!=running", "bc"),
            ("namespace!=web", "c"),
            ("tier=front", "bc"),
            ("tier=fron", ""),
            ("tier!=front", "a"),
            ("-l tier=front,app.kubernetes.io/name!=b", "c"),
            ("label:tier=db", "a"),
            ("label:tier", "abc"),
            ("label:!tier", ""),
            ("label:other", ""),
            ("label:tier==front web-staging", "c"),
            ("message=of", "abc"),
            ("message=said message!=zzz", "abc"),
            ("-l", "abc"),
            ("label:tier=", "abc"),
        ] {
            assert_eq!(found(text), names, "{text}");
        }
    }

    #[test]
    fn a_name_is_found_in_whichever_case_it_is_written() {
        let row = Row {
            key: RowKey { namespace: "System".into(), name: "ClusterAdmin".into() },
            state: State::Ready,
            cells: Box::new([]),
            message: "".into(),
            created: None,
            note: None,
            labels: serde_json::from_str("{}").unwrap(),
            since: None,
            flux: None,
        };
        for text in ["admin", "ADMIN", "name=clusteradmin", "ns=system", "namespace=System", "system"] {
            assert!(RowFilter::new(text, &[]).matches(&row, false), "{text}");
        }
    }
}
