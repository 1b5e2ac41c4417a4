//! Reveals one value.

use super::{SCOPE, SopsVerb, teach};
use crate::app::{Action, Command, Risk};
use crate::views::secret::EditorAction;

/// Shows the selected value, or hides it.
pub static COMMAND: Command = Command {
    id: "reveal",
    title: "Reveal",
    keys: &["x"],
    scope: SCOPE,
    risk: Risk::Reads,
    questions: &[],
    lesson: |ask| {
        teach(
            ask,
            SopsVerb::Extract,
            "The value is shown until you hide it, leave, or press no key for a minute; it is in memory and on this screen only.",
            "who looks over your shoulder.",
        )
    },
    run: |_| vec![Action::Hand(Box::new(EditorAction::Reveal))],
};
