//! Writes a value into a file.

use super::{SCOPE, SopsVerb, teach};
use crate::app::{Action, Command, Risk};
use crate::views::secret::EditorAction;

/// Asks for the file to write the selected value into.
pub static COMMAND: Command = Command {
    id: "secret-export",
    title: "Write the value into a file",
    keys: &["w"],
    scope: SCOPE,
    risk: Risk::Reads,
    questions: &[],
    lesson: |ask| {
        teach(
            ask,
            SopsVerb::Extract,
            "For what wants a file, such as a keystore: it is readable by you alone, and refused inside the repository.",
            "the file; remove it when it is no longer needed.",
        )
    },
    run: |_| vec![Action::Hand(Box::new(EditorAction::Export))],
};
