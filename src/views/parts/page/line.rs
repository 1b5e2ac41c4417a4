//! The lines of a page.

use std::borrow::Cow;
use std::ops::Deref;
use std::sync::Arc;

use regex::Regex;
use unicode_width::UnicodeWidthStr as _;

use super::SIGN;
use crate::app::{CommandTarget, Keymap};
use crate::model::key_hints;
use crate::theme::Scope;
use crate::views::parts::columns::GAP;
use crate::views::parts::kept::SameValue;

/// The least width of a wrapped text, whatever is before it.
const NARROWEST: usize = 20;

/// Holds one line: the lead before the text, the text, and the target of enter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageLine {
    pub(super) lead: Vec<(String, Scope)>,
    /// The cells of a table that it is a row of: rows with the same number of cells share the widths of their columns.
    pub(super) cells: Vec<(String, Scope)>,
    pub(super) text: String,
    pub(super) scope: Option<Scope>,
    pub(super) wrapped: bool,
    pub(super) heading: bool,
    pub(super) link: Option<CommandTarget>,
    /// The command that enter requests instead, by its id, with its targets.
    pub(super) command: Option<(&'static str, Vec<CommandTarget>)>,
    /// The line at which enter opens the file.
    pub(super) at: Option<usize>,
    /// The names of the topics that explain it, the most special first.
    pub(super) topics: Vec<String>,
    /// Whether only a filter that matches it shows it.
    pub(super) hidden: bool,
    /// Whether it is folded below the line above; unfolding, or a filter that matches it, shows it.
    pub(super) below: bool,
}

impl PageLine {
    /// Builds a line that is cut if it is too long, and can be shifted.
    pub fn cut(text: impl Into<String>, scope: Scope) -> Self {
        Self { text: text.into(), scope: Some(scope), ..Self::default() }
    }

    /// Builds a line that wraps if it is too long.
    pub fn wrapped(text: impl Into<String>, scope: Scope) -> Self {
        Self { wrapped: true, ..Self::cut(text, scope) }
    }

    /// Builds a heading, which a filter leaves in place.
    pub fn heading(text: impl Into<String>) -> Self {
        Self { heading: true, ..Self::cut(text, Scope::Heading) }
    }

    /// Puts a text before the present content; wrapped lines are indented by it.
    pub fn after(mut self, lead: impl Into<String>, scope: Scope) -> Self {
        self.lead.insert(0, (lead.into(), scope));
        self
    }

    /// Adds a cell of a table before the text, after the cells so far: its column is as wide as its rows need, as far
    /// as there is room.
    pub fn cell(mut self, text: impl Into<String>, scope: Scope) -> Self {
        self.cells.push((text.into(), scope));
        self
    }

    /// Sets the target that enter opens.
    pub fn opens(mut self, target: Option<CommandTarget>) -> Self {
        self.link = target;
        self
    }

    /// Sets the command that enter requests, by its id, with its targets.
    pub fn runs(self, id: &'static str, targets: Vec<CommandTarget>) -> Self {
        Self { command: Some((id, targets)), ..self }
    }

    /// Sets the line at which enter opens the file, from one.
    pub fn at(self, line: Option<usize>) -> Self {
        Self { at: line, ..self }
    }

    /// Names the topics that explain it, the most special first.
    pub fn explained_by(mut self, topics: impl IntoIterator<Item = String>) -> Self {
        self.topics.extend(topics);
        self
    }

    /// Hides it, except from a filter that matches it.
    pub fn hidden(self) -> Self {
        Self { hidden: true, ..self }
    }

    /// Folds it below the line before it, or with the folded lines there.
    pub fn below(self) -> Self {
        Self { below: true, ..self }
    }

    /// Returns the line at which enter opens the file.
    pub fn place(&self) -> Option<usize> {
        self.at
    }

    /// Returns the names of the topics that explain it.
    pub fn topics(&self) -> &[String] {
        &self.topics
    }

    /// Returns its text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the target that enter opens.
    pub fn link(&self) -> Option<&CommandTarget> {
        self.link.as_ref()
    }

    /// Returns the command that enter requests, with its targets.
    pub fn command(&self) -> Option<(&'static str, &[CommandTarget])> {
        self.command.as_ref().map(|(id, targets)| (*id, targets.as_slice()))
    }

    fn texts(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.text).chain(self.lead.iter().chain(&self.cells).map(|(text, _)| text))
    }

    fn has_key_hint(&self) -> bool {
        self.texts().any(|text| key_hints(text).next().is_some())
    }

    fn with_keys(mut self, keymap: &Keymap) -> Self {
        let parts = self.lead.iter_mut().chain(&mut self.cells).map(|(text, _)| text);
        for text in std::iter::once(&mut self.text).chain(parts) {
            if let Cow::Owned(written) = keymap.written(text) {
                *text = written;
            }
        }
        self
    }

    pub(super) fn matches(&self, wanted: &Regex) -> bool {
        wanted.is_match(&self.text) || self.lead.iter().chain(&self.cells).any(|(text, _)| wanted.is_match(text))
    }

    pub(super) fn hang(&self, width: usize, columns: &[usize]) -> usize {
        let lead: usize = self.lead.iter().map(|(text, _)| text.width()).sum();
        let cells: usize = columns.iter().map(|column| column + GAP).sum();
        (lead + cells).min(width.saturating_sub(NARROWEST + SIGN))
    }
}

/// Holds the unchanged lines of a page: the page keeps what it derived from them until other lines come.
#[derive(Debug, Clone)]
pub struct SharedLines(Arc<[PageLine]>);

impl SharedLines {
    /// Writes the keys into the lines that name their commands; lines without any stay the same ones.
    pub fn with_keys(self, keymap: &Keymap) -> Self {
        if !self.iter().any(PageLine::has_key_hint) {
            return self;
        }
        self.iter().cloned().map(|line| line.with_keys(keymap)).collect::<Vec<_>>().into()
    }
}

impl Default for SharedLines {
    fn default() -> Self {
        Vec::new().into()
    }
}

impl From<Vec<PageLine>> for SharedLines {
    fn from(lines: Vec<PageLine>) -> Self {
        Self(lines.into())
    }
}

impl Deref for SharedLines {
    type Target = [PageLine];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// Gives a page its lines, and tells whether they are the same as before.
pub trait PageSource {
    /// Returns the lines.
    fn lines(&self) -> &[PageLine];

    /// Returns the name of the lines, which differs for other lines.
    fn name(&self) -> Option<PageName> {
        None
    }
}

/// Identifies the lines of a page.
#[derive(Debug, PartialEq)]
pub struct PageName(SameValue<[PageLine]>);

impl PageSource for SharedLines {
    fn lines(&self) -> &[PageLine] {
        self
    }

    fn name(&self) -> Option<PageName> {
        Some(PageName(SameValue::new(&self.0)))
    }
}

impl PageSource for [PageLine] {
    fn lines(&self) -> &[PageLine] {
        self
    }
}

impl PageSource for Vec<PageLine> {
    fn lines(&self) -> &[PageLine] {
        self
    }
}

impl PageSource for Cow<'_, [PageLine]> {
    fn lines(&self) -> &[PageLine] {
        self
    }
}
