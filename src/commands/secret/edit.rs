//! Edits one value.

use super::{SCOPE, SopsVerb, teach};
use crate::app::{Action, Command, Risk};
use crate::views::secret::EditorAction;

/// Opens the field for the selected value.
pub static COMMAND: Command = Command {
    id: "secret-edit",
    title: "Edit",
    keys: &["e"],
    scope: SCOPE,
    risk: Risk::Reads,
    questions: &[],
    lesson: |ask| {
        teach(
            ask,
            SopsVerb::Edit,
            "Values below data of a Secret are shown decoded and encoded again; nothing is written before you save.",
            "the star before a changed value.",
        )
    },
    run: |_| vec![Action::Hand(Box::new(EditorAction::Edit))],
};
