//! Reveals every value.

use super::{SCOPE, SopsVerb, teach};
use crate::app::{Action, Command, Risk};
use crate::views::secret::EditorAction;

/// Shows every value, or hides them all.
pub static COMMAND: Command = Command {
    id: "reveal-all",
    title: "Reveal all",
    keys: &["A"],
    scope: SCOPE,
    risk: Risk::Reads,
    questions: &[],
    lesson: |ask| {
        teach(
            ask,
            SopsVerb::Decrypt,
            "Every value is shown until you hide them, leave, or press no key for a minute.",
            "who looks over your shoulder.",
        )
    },
    run: |_| vec![Action::Hand(Box::new(EditorAction::RevealAll))],
};
