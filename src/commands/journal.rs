//! Shows the journal.

use super::verb::lesson;
use crate::app::{Action, Command, KeyScope, Risk};
use crate::views::journal::JournalView;

/// Opens the journal, and the notices of this run.
pub static COMMAND: Command = Command {
    id: "journal",
    title: "Journal",
    keys: &["J"],
    scope: KeyScope::Everywhere,
    risk: Risk::Reads,
    questions: &[],
    lesson: |_| {
        lesson(
            "tail -n 20 \"${XDG_STATE_HOME:-$HOME/.local/state}/fluxdeck/journal.jsonl\"",
            "Every write from this account, before it began and as it ended; who tells the cluster's side of it is its audit log.",
            "what was done before something broke.",
            "https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/",
        )
    },
    run: |_| vec![Action::Push(Box::new(JournalView::default()))],
};
