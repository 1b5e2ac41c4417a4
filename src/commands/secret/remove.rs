//! Removes a key.

use super::{SCOPE, SopsVerb, teach};
use crate::app::{Action, Command, Risk};
use crate::views::secret::EditorAction;

/// Removes the selected key.
pub static COMMAND: Command = Command {
    id: "secret-remove",
    title: "Remove the key",
    keys: &["D"],
    scope: SCOPE,
    risk: Risk::Reads,
    questions: &[],
    lesson: |ask| {
        teach(
            ask,
            SopsVerb::Unset,
            "It is gone from the file once that is saved; git keeps every version, encrypted. Workloads that ask for the key will not start.",
            "‹key:secret-undo› brings it back before it is saved.",
        )
    },
    run: |_| vec![Action::Hand(Box::new(EditorAction::Remove))],
};
