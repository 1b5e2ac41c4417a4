//! The tab of revisions, and the choice among them.

use jiff::Timestamp;

use crate::helm::ReleaseRevision;
use crate::model::clock::age;
use crate::theme::Scope;
use crate::views::parts::page::PageLine;

/// The number of lines before the first revision.
pub(super) const HEAD: usize = 1;

/// Holds the chosen revisions: none (the newest and the values in effect), one, or two to compare.
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

    /// Chooses a revision or removes it from the choice; a third one replaces the first.
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

    /// Returns the revision whose values, manifest and notes are shown: the newer of two; `None` for the one in effect.
    pub(super) fn shown(self) -> Option<u32> {
        self.first.max(self.second)
    }

    /// Returns the revision to compare it with; `None` for the one before it.
    pub(super) fn compared(self) -> Option<u32> {
        self.first.min(self.second)
    }

    /// Writes the choice for the title; empty for none.
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
    let heading = ["  REVISION", "STATUS", "CHART", "APP", "DEPLOYED"].into_iter();
    let mut lines =
        vec![heading.fold(PageLine::heading("DESCRIPTION"), |line, title| line.cell(title, Scope::Heading))];
    for revision in history {
        let is_chosen = choice.has(revision.revision);
        let [number, status, chart, app, deployed] = cells(revision, now);
        let sign = if is_chosen { "+" } else { " " };
        lines.push(
            PageLine::cut(&revision.description, Scope::Text)
                .cell(format!("{sign} {number}"), if is_chosen { Scope::Marked } else { Scope::Title })
                .cell(status, scope(&revision.status))
                .cell(chart, Scope::Text)
                .cell(app, Scope::Text)
                .cell(deployed, Scope::Text),
        );
    }
    lines.push(PageLine::heading(String::new()));
    let help = "‹key:mark› chooses a revision, and a second one to compare; ‹key:open› shows the values of one; ‹key:next-tab› goes on to values, manifest, diff and notes";
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
