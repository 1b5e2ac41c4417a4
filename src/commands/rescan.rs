//! Reads the repository again.

use super::verb::lesson;
use crate::app::{Action, Command, KeyScope, Risk};

/// Reads files and git again, for changes without a notice (a network file system sends none).
pub static COMMAND: Command = Command {
    id: "rescan",
    title: "Read the repository again",
    keys: &[],
    scope: KeyScope::Everywhere,
    risk: Risk::Reads,
    questions: &[],
    lesson: |_| {
        lesson(
            "git status",
            "Changes are noticed by themselves; a network file system may send no notices.",
            "the marks beside the files.",
            "https://git-scm.com/docs/git-status",
        )
    },
    run: |_| vec![Action::Rescan],
};
