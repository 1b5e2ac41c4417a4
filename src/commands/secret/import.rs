//! Takes a value from a file.

use super::{SCOPE, SopsVerb, teach};
use crate::app::{Action, Command, Risk};
use crate::views::secret::EditorAction;

/// Asks for the file to read the selected value from.
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
            SopsVerb::Edit,
            "Below data the bytes are encoded as they are; elsewhere the file must be text, and its last newline is kept.",
            "the size in the notice.",
        )
    },
    run: |_| vec![Action::Hand(Box::new(EditorAction::Import))],
};
