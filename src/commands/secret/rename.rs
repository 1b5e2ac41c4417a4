//! Renames a key.

use super::{SCOPE, SopsVerb, teach};
use crate::app::{Action, Command, Risk};
use crate::views::secret::EditorAction;

/// Asks for a new name of the selected key.
pub static COMMAND: Command = Command {
    id: "secret-rename",
    title: "Rename the key",
    keys: &["m"],
    scope: SCOPE,
    risk: Risk::Reads,
    questions: &[],
    lesson: |ask| {
        teach(
            ask,
            SopsVerb::Edit,
            "The value is encrypted anew, because its path is part of what its ciphertext is bound to; who reads the Secret must know the new name too.",
            "workloads that still ask for the old key.",
        )
    },
    run: |_| vec![Action::Hand(Box::new(EditorAction::Rename))],
};
