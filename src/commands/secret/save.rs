//! Shows the changes, and saves them.

use super::{SCOPE, SopsVerb, teach};
use crate::app::{Action, Command, Risk};
use crate::views::secret::EditorAction;

/// Asks whether to save the changes.
pub static COMMAND: Command = Command {
    id: "save",
    title: "Save",
    keys: &["ctrl-s", "S"],
    scope: SCOPE,
    risk: Risk::Reads,
    questions: &[],
    lesson: |ask| {
        teach(
            ask,
            SopsVerb::Edit,
            "Only the changed values, lastmodified and mac differ afterwards, and the result is opened again before it takes the file's place.",
            "git diff: one line for each value, and the sops block.",
        )
    },
    run: |_| vec![Action::Hand(Box::new(EditorAction::AskToSave))],
};
