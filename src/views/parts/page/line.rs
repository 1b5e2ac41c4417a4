//! The lines of a page.

use std::borrow::Cow;
use std::ops::Deref;
use std::sync::Arc;

use regex::Regex;
use unicode_width::UnicodeWidthStr as _;

use super::SIGN;
use crate::app::CommandTarget;
use crate::theme::Scope;
use crate::views::parts::kept::SameValue;

/// A wrapped text keeps at least so many cells, whatever stands before it.
const NARROWEST: usize = 20;

/// Holds one line: what stands before the text, the text, and what enter opens.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageLine {
    pub(super) lead: Vec<(String, Scope)>,
    pub(super) text: String,
    pub(super) scope: Option<Scope>,
    pub(super) wrapped: bool,
    pub(super) heading: bool,
    pub(super) link: Option<CommandTarget>,
    /// The command that enter asks for instead, by its id, and on what.
    pub(super) command: Option<(&'static str, Vec<CommandTarget>)>,
    /// The line of what enter opens.
    pub(super) at: Option<usize>,
    /// Shown only where a filter finds it.
    pub(super) hidden: bool,
    /// Belongs to the line above it that does not, and is shown when that is unfolded, or where a filter finds it.
    pub(super) below: bool,
}

impl PageLine {
    /// Builds a line that is cut where it is too long, and can be shifted.
    pub fn cut(text: impl Into<String>, scope: Scope) -> Self {
        Self { text: text.into(), scope: Some(scope), ..Self::default() }
    }

    /// Builds a line that goes on below where it is too long.
    pub fn wrapped(text: impl Into<String>, scope: Scope) -> Self {
        Self { wrapped: true, ..Self::cut(text, scope) }
    }

    /// Builds a heading, which a filter leaves in place.
    pub fn heading(text: impl Into<String>) -> Self {
        Self { heading: true, ..Self::cut(text, Scope::Heading) }
    }

    /// Puts a text before what is there; lines that go on below are indented by it.
    pub fn after(mut self, lead: impl Into<String>, scope: Scope) -> Self {
        self.lead.insert(0, (lead.into(), scope));
        self
    }

    /// Says what enter opens.
    pub fn opens(mut self, target: Option<CommandTarget>) -> Self {
        self.link = target;
        self
    }

    /// Says which command enter asks for, by its id, and on what.
    pub fn runs(self, id: &'static str, targets: Vec<CommandTarget>) -> Self {
        Self { command: Some((id, targets)), ..self }
    }

    /// Says at which line that is a file is opened, from one.
    pub fn at(self, line: Option<usize>) -> Self {
        Self { at: line, ..self }
    }

    /// Shows it only where a filter finds it.
    pub fn hidden(self) -> Self {
        Self { hidden: true, ..self }
    }

    /// Folds it below the line before it, or before those that are folded with it.
    pub fn below(self) -> Self {
        Self { below: true, ..self }
    }

    /// Returns the line at which a file is opened.
    pub fn place(&self) -> Option<usize> {
        self.at
    }

    /// Returns what enter opens.
    pub fn link(&self) -> Option<&CommandTarget> {
        self.link.as_ref()
    }

    /// Returns the command that enter asks for, and on what.
    pub fn command(&self) -> Option<(&'static str, &[CommandTarget])> {
        self.command.as_ref().map(|(id, targets)| (*id, targets.as_slice()))
    }

    pub(super) fn matches(&self, wanted: &Regex) -> bool {
        wanted.is_match(&self.text) || self.lead.iter().any(|(text, _)| wanted.is_match(text))
    }

    pub(super) fn hang(&self, width: usize) -> usize {
        let lead: usize = self.lead.iter().map(|(text, _)| text.width()).sum();
        lead.min(width.saturating_sub(NARROWEST + SIGN))
    }
}

/// Holds the lines of a page that stay as they are: what a page makes of them is kept until others come.
#[derive(Debug, Clone)]
pub struct SharedLines(Arc<[PageLine]>);

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

/// Gives a page its lines, and says whether they are those of before.
pub trait PageSource {
    /// Returns the lines.
    fn lines(&self) -> &[PageLine];

    /// Names the lines, where others would have another name.
    fn name(&self) -> Option<PageName> {
        None
    }
}

/// Names the lines of a page.
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
