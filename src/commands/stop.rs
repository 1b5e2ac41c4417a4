//! Stops the process, as Ctrl-Z does elsewhere.

use super::verb::lesson;
use crate::app::{Action, Command, KeyScope, Risk};

/// Gives the terminal back until `fg`.
pub static COMMAND: Command = Command {
    id: "stop",
    title: "Go to the shell",
    keys: &["ctrl-z"],
    scope: KeyScope::Everywhere,
    risk: Risk::Reads,
    questions: &[],
    lesson: |_| {
        lesson(
            "fg",
            "fluxdeck stops and the shell takes the terminal; fg brings it back.",
            "the screen as it was.",
            "https://www.gnu.org/software/bash/manual/html_node/Job-Control.html",
        )
    },
    run: |_| vec![Action::Stop],
};
