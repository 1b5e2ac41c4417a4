//! Undoes the last change of a value.

use super::{SCOPE, SopsVerb, teach};
use crate::app::{Action, Command, Risk};
use crate::views::secret::EditorAction;

/// Undoes the last change.
pub static COMMAND: Command = Command {
    id: "secret-undo",
    title: "Undo",
    keys: &["u"],
    scope: SCOPE,
    risk: Risk::Reads,
    questions: &[],
    lesson: |ask| {
        teach(
            ask,
            SopsVerb::Edit,
            "The last change that is not saved is taken back; what is saved, git takes back.",
            "the star before the value is gone.",
        )
    },
    run: |_| vec![Action::Hand(Box::new(EditorAction::Undo))],
};
