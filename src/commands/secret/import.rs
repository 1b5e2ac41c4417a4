//! Takes a value from a file.

use super::{SCOPE, teach};
use crate::app::{Action, Command, Risk};
use crate::views::secret::EditorAction;

/// Asks for a file that the selected value is taken from.
pub static COMMAND: Command = Command {
    id: "secret-import",
    title: "Take the value from a file",
    keys: &["i"],
    scope: SCOPE,
    risk: Risk::Reads,
    questions: &[],
    lesson: |ask| {
        teach(
            ask,
            "set --value-file",
            "Below data the bytes are encoded as they are; elsewhere the file must be text, and its last newline is kept.",
            "the size in the notice.",
        )
    },
    run: |_| vec![Action::Hand(Box::new(EditorAction::Import))],
};
