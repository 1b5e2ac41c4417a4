//! The tab of revisions, and which of them are chosen.

use jiff::Timestamp;

use crate::helm::ReleaseRevision;
use crate::model::clock::age;
use crate::theme::Scope;
use crate::views::parts::page::PageLine;
use crate::widgets::pad;

/// How many lines stand before the first revision.
pub(super) const HEAD: usize = 1;

/// The widest column, in cells: what is longer is cut.
const WIDEST: usize = 34;

/// Says which revisions are looked at: none (the newest and the values in effect), one, or two to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Choice {
    first: Option<u32>,
    second: Option<u32>,
}

impl Choice {
    /// Chooses one revision.
    pub(super) fn single(revision: u32) -> Self {
        Self { first: Some(revision), second: None }
    }

    /// Chooses a revision or takes it back; a third one takes the place of the one chosen first.
    pub(super) fn toggle(&mut self, revision: u32) {
        let (first, second) = match (self.first, self.second) {
            (Some(first), second) if first == revision => (second, None),
            (first, Some(second)) if second == revision => (first, None),
            (None, _) => (Some(revision), None),
            (Some(first), None) => (Some(first), Some(revision)),
            (Some(_), Some(second)) => (Some(second), Some(revision)),
        };
        (self.first, self.second) = (first, second);
    }

    /// Returns the revision whose values, manifest and notes are shown: the newer of two; `None` for what is in effect.
    pub(super) fn shown(self) -> Option<u32> {
        self.first.max(self.second)
    }

    /// Returns what the shown one is compared with; `None` for the one before it.
    pub(super) fn compared(self) -> Option<u32> {
        self.first.min(self.second)
    }

    /// Writes the choice for the title; empty where nothing is chosen.
    pub(super) fn title(self) -> String {
        match (self.compared(), self.shown()) {
            (Some(old), Some(new)) => format!("  revisions {old} and {new}"),
            (None, Some(one)) => format!("  revision {one}"),
            (_, None) => String::new(),
        }
    }

    fn has(self, revision: u32) -> bool {
        self.first == Some(revision) || self.second == Some(revision)
    }
}

/// Writes the revisions.
pub(super) fn lines(history: &[ReleaseRevision], choice: Choice, now: Timestamp) -> Vec<PageLine> {
    if history.is_empty() {
        return vec![PageLine::wrapped("nothing was installed yet: the overview says why", Scope::Text)];
    }
    let titles = ["REVISION", "STATUS", "CHART", "APP", "DEPLOYED"].map(str::to_owned);
    let rows: Vec<[String; 5]> = history.iter().map(|revision| cells(revision, now)).collect();
    let mut widths = titles.clone().map(|title| title.len());
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count()).min(WIDEST);
        }
    }
    let laid = |cells: &[String], widths: &[usize]| -> String {
        cells.iter().zip(widths).map(|(cell, width)| pad(cell, *width) + "  ").collect()
    };
    let mut lines = vec![PageLine::heading(format!("  {}DESCRIPTION", laid(&titles, &widths)))];
    for (revision, row) in history.iter().zip(&rows) {
        let chosen = choice.has(revision.revision);
        let ([number, status, rest @ ..], [first, second, others @ ..]) = (row, &widths);
        lines.push(
            PageLine::cut(laid(rest, others) + &revision.description, Scope::Text)
                .after(pad(status, *second) + "  ", scope(&revision.status))
                .after(pad(number, *first) + "  ", if chosen { Scope::Marked } else { Scope::Title })
                .after(if chosen { "+ " } else { "  " }, Scope::Marked),
        );
    }
    lines.push(PageLine::heading(String::new()));
    let help = "space chooses a revision, and a second one to compare; enter shows the values of one; ] goes on to values, manifest, diff and notes";
    lines.push(PageLine::wrapped(help, Scope::Dim));
    lines
}

fn cells(revision: &ReleaseRevision, now: Timestamp) -> [String; 5] {
    [
        revision.revision.to_string(),
        revision.status.clone(),
        revision.chart.clone(),
        revision.app_version.clone(),
        revision.deployed.map(|at| age(now, at)).unwrap_or_default(),
    ]
}

/// Styles Helm's word for a revision's status.
fn scope(status: &str) -> Scope {
    match status {
        "deployed" => Scope::Ready,
        "failed" => Scope::Failed,
        "uninstalling" => Scope::Progressing,
        word if word.starts_with("pending") => Scope::Progressing,
        _ => Scope::Dim,
    }
}

#[cfg(test)]
mod tests {
    use super::Choice;

    #[test]
    fn two_revisions_at_most_are_chosen_and_the_newer_is_shown() {
        let mut choice = Choice::default();
        assert_eq!((choice.shown(), choice.compared()), (None, None));
        choice.toggle(4);
        assert_eq!((choice.shown(), choice.compared()), (Some(4), None));
        choice.toggle(2);
        assert_eq!((choice.shown(), choice.compared()), (Some(4), Some(2)));
        choice.toggle(3);
        assert_eq!((choice.shown(), choice.compared()), (Some(3), Some(2)));
        choice.toggle(2);
        assert_eq!(choice, Choice::single(3));
        assert_eq!(choice.title(), "  revision 3");
    }
}
