//! Shows or hides the lesson.

use super::verb::lesson;
use crate::app::{Action, Command, KeyScope, Risk};

/// Shows or hides the lesson panel.
pub static COMMAND: Command = Command {
    id: "lesson",
    title: "Lesson on or off",
    keys: &["t"],
    scope: KeyScope::Everywhere,
    risk: Risk::Reads,
    questions: &[],
    lesson: |_| {
        lesson(
            "",
            "The lesson shows the line that does the same without fluxdeck, why, and what to look for.",
            "the panel below.",
            "https://fluxcd.io/flux/cmd/",
        )
    },
    run: |_| vec![Action::ToggleLesson],
};
