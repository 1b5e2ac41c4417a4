//! The repository's tree: its visible entries, and the text of each.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::app::Facts;
use crate::check::Severity;
use crate::model::signs;
use crate::model::work;
use crate::repo::{EntryKind, Snapshot, TreeEntry};
use crate::theme::{Scope, Theme};
use crate::views::parts::kept::{Kept, SameValue};
use crate::widgets::{Span, StyledLine, fit, fit_end, pad};

/// Holds the open folders.
#[derive(Debug, Default)]
pub struct Tree {
    /// The open folders, by path.
    open: BTreeSet<String>,
    /// The text that shown paths contain, beside the folders around them; empty shows all.
    filter: String,
    /// The places of the visible entries.
    places: Kept<SameValue<Snapshot>, Vec<usize>>,
}

/// Holds the visible entries of a tree, in display order.
pub struct VisibleEntries<'a> {
    entries: &'a [TreeEntry],
    places: Arc<Vec<usize>>,
}

impl<'a> VisibleEntries<'a> {
    /// Returns the number of visible entries.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Returns the entry at an index.
    pub fn get(&self, index: usize) -> Option<&'a TreeEntry> {
        work::count(1);
        self.entries.get(*self.places.get(index)?)
    }
}

impl Tree {
    /// Starts with some folders open.
    pub fn opened(open: impl IntoIterator<Item = String>) -> Self {
        Self { open: open.into_iter().collect(), ..Self::default() }
    }

    /// Lists the visible entries.
    pub fn visible<'a>(&self, snapshot: &'a Arc<Snapshot>) -> VisibleEntries<'a> {
        let entries = &snapshot.scan.entries;
        VisibleEntries { entries, places: self.places.get_or_make(SameValue::new(snapshot), || self.places(entries)) }
    }

    fn places(&self, entries: &[TreeEntry]) -> Vec<usize> {
        work::count(entries.len());
        if !self.filter.is_empty() {
            let wanted = self.filter.to_lowercase();
            let matches =
                |entry: &TreeEntry| entry.kind != EntryKind::Directory && entry.path.to_lowercase().contains(&wanted);
            return entries.iter().enumerate().filter(|(_, entry)| matches(entry)).map(|(place, _)| place).collect();
        }
        let mut visible = Vec::new();
        let mut hidden_below: Option<u16> = None;
        for (place, entry) in entries.iter().enumerate() {
            if let Some(depth) = hidden_below {
                if entry.depth > depth {
                    continue;
                }
                hidden_below = None;
            }
            visible.push(place);
            if entry.kind == EntryKind::Directory && !self.open.contains(&*entry.path) {
                hidden_below = Some(entry.depth);
            }
        }
        visible
    }

    /// Tells whether a folder is open.
    pub fn is_open(&self, path: &str) -> bool {
        self.open.contains(path)
    }

    /// Returns the text that shown paths contain; empty shows all.
    pub fn wanted(&self) -> &str {
        &self.filter
    }

    /// Opens folders.
    pub fn open_all<'a>(&mut self, folders: impl Iterator<Item = &'a str>) {
        self.open.extend(folders.map(str::to_owned));
        self.places.forget();
    }

    /// Shows only paths that contain a text.
    pub fn filter(&mut self, text: &str) {
        text.clone_into(&mut self.filter);
        self.places.forget();
    }

    /// Opens a closed folder, and closes an open one.
    pub fn toggle(&mut self, path: &str) {
        self.places.forget();
        if !self.open.remove(path) {
            self.open.insert(path.to_owned());
        }
    }

    /// Writes an entry: selection, links, folder or file, lock, git mark.
    pub fn line(&self, entry: &TreeEntry, how: &TreeContext<'_>) -> StyledLine<'static> {
        let theme = how.theme;
        let sign = if how.selected {
            Span::styled(signs::SELECTED.sign, theme.style(Scope::Selection))
        } else if how.linked {
            Span::styled(signs::LINKED.sign, theme.style(Scope::Linked))
        } else {
            Span::raw(" ")
        };
        let folder = entry.kind == EntryKind::Directory;
        let indent = if self.filter.is_empty() { usize::from(entry.depth) * 2 } else { 0 };
        let arrow = match (folder, self.open.contains(&*entry.path)) {
            (true, true) => signs::OPEN_FOLDER.sign,
            (true, false) => signs::CLOSED_FOLDER.sign,
            (false, _) => " ",
        };
        let name = if self.filter.is_empty() { entry.name() } else { &entry.path };
        let scope = if how.selected {
            Scope::Selection
        } else if how.wrong == Some(Severity::Error) && !folder {
            Scope::Error
        } else if how.linked {
            Scope::Linked
        } else if folder {
            Scope::Folder
        } else {
            Scope::Text
        };
        let lock = entry.lock.as_ref().map(|lock| whose(how.facts, &lock.recipients)).unwrap_or_default();
        let mark = how.mark.map(String::from).unwrap_or_default();
        // An open folder shows it on its content; a hint can wait for the list of findings.
        let lock = match how.wrong.filter(|_| !(folder && self.open.contains(&*entry.path))) {
            Some(Severity::Error) => format!("{lock}{}", signs::FILE_ERROR.sign),
            Some(Severity::Warning) => format!("{lock}{}", signs::FILE_WARNING.sign),
            Some(Severity::Hint) | None => lock,
        };
        let marks = usize::from(!lock.is_empty()) * (lock.len() + 1) + usize::from(!mark.is_empty()) * 2;
        let room = how.width.saturating_sub(1 + indent + 2 + marks);
        let text = if self.filter.is_empty() { fit(name, room) } else { fit_end(name, room) };
        let padding = pad("", room.saturating_sub(unicode_width::UnicodeWidthStr::width(text.as_str())));
        let mut spans = vec![
            sign,
            Span::styled(format!("{}{arrow} ", " ".repeat(indent)), theme.style(Scope::Dim)),
            Span::styled(text, theme.style(scope)),
            Span::raw(padding),
        ];
        if !lock.is_empty() {
            spans.push(Span::styled(format!(" {lock}"), theme.style(Scope::Lock)));
        }
        if !mark.is_empty() {
            spans.push(Span::styled(format!(" {mark}"), theme.style(Scope::Git)));
        }
        StyledLine::from(spans)
    }
}

/// Holds the input of writing an entry.
pub struct TreeContext<'a> {
    /// The facts.
    pub facts: &'a Facts,
    /// The theme.
    pub theme: &'a Theme,
    /// The width in cells.
    pub width: usize,
    /// Whether the entry is selected.
    pub selected: bool,
    /// Whether it feeds the selected object.
    pub linked: bool,
    /// The worst severity of its findings, or of those below it.
    pub wrong: Option<Severity>,
    /// Its git mark.
    pub mark: Option<char>,
}

/// Writes whose key opens a file: the first letters of the environments that have a recipient of it, `?` for none.
fn whose(facts: &Facts, recipients: &[String]) -> String {
    let mut letters: String = facts
        .environments
        .iter()
        .filter(|(_, environment)| environment.recipients.iter().any(|known| recipients.contains(known)))
        .filter_map(|(_, environment)| environment.name.chars().next())
        .collect();
    if letters.is_empty() {
        letters.push('?');
    }
    format!("[{letters}]")
}
