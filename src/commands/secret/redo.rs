//! Makes a change again.

use super::{SCOPE, teach};
use crate::app::{Action, Command, Risk};
use crate::views::secret::EditorAction;

/// Makes the change again that was taken back last.
pub static COMMAND: Command = Command {
    id: "redo",
    title: "Redo",
    keys: &["U"],
    scope: SCOPE,
    risk: Risk::Reads,
    questions: &[],
    lesson: |ask| {
        teach(
            ask,
            "edit",
            "Every change can be taken back and made again until the file is saved; nothing is written before.",
            "the star before a changed value.",
        )
    },
    run: |_| vec![Action::Hand(Box::new(EditorAction::Redo))],
};
