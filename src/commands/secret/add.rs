//! Adds a key.

use super::{SCOPE, SopsVerb, teach};
use crate::app::{Action, Command, Risk};
use crate::views::secret::EditorAction;

/// Asks for a new key and its value.
pub static COMMAND: Command = Command {
    id: "secret-add",
    title: "Add a key",
    keys: &["a"],
    scope: SCOPE,
    risk: Risk::Reads,
    questions: &[],
    lesson: |ask| {
        teach(
            ask,
            SopsVerb::Edit,
            "The name is asked for, then the value; it goes beside the value that is selected, and is encrypted in the way of its neighbours.",
            "+ before it; ‹key:save› shows what will be saved.",
        )
    },
    run: |_| vec![Action::Hand(Box::new(EditorAction::Add))],
};
