//! Takes the last change of a value back.

use super::{SCOPE, teach};
use crate::app::{Action, Command, Risk};
use crate::views::secret::EditorAction;

/// Takes the last change back.
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
            "edit",
            "The last change that is not saved is taken back; what is saved, git takes back.",
            "the star before the value is gone.",
        )
    },
    run: |_| vec![Action::Hand(Box::new(EditorAction::Undo))],
};
