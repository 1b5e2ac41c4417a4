//! Redoes a change.

use super::{SCOPE, SopsVerb, teach};
use crate::app::{Action, Command, Risk};
use crate::views::secret::EditorAction;

/// Redoes the change that was undone last.
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
            SopsVerb::Edit,
            "Every change can be taken back and made again until the file is saved; nothing is written before.",
            "the star before a changed value.",
        )
    },
    run: |_| vec![Action::Hand(Box::new(EditorAction::Redo))],
};
