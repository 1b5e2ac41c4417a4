//! Copies a value.

use super::{SCOPE, SopsVerb, teach};
use crate::app::{Action, Command, Risk};
use crate::views::secret::EditorAction;

/// Copies the selected value to the clipboard.
pub static COMMAND: Command = Command {
    id: "secret-copy",
    title: "Copy the value",
    keys: &["c"],
    scope: SCOPE,
    risk: Risk::Reads,
    questions: &[],
    lesson: |ask| {
        teach(
            ask,
            SopsVerb::Extract,
            "The terminal puts it on the clipboard of your own desk, through SSH; it is cleared after 30 s and when fluxdeck ends.",
            "paste it within half a minute; a clipboard manager may keep it for longer.",
        )
    },
    run: |_| vec![Action::Hand(Box::new(EditorAction::Copy))],
};
