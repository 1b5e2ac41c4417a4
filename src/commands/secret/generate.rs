//! Generates a new password.

use super::{SCOPE, SopsVerb, teach};
use crate::app::{Action, Command, Risk};
use crate::views::secret::EditorAction;

/// Asks for the length and the characters of a new password.
pub static COMMAND: Command = Command {
    id: "secret-generate",
    title: "Generate a password",
    keys: &["M"],
    scope: SCOPE,
    risk: Risk::Reads,
    questions: &[],
    lesson: |ask| {
        teach(
            ask,
            SopsVerb::Edit,
            "A length and letters such as `32 a-zA-Z0-9`; each letter is equally likely, from the system's random source, and nobody has seen it.",
            "how many bits it has: 128 are more than enough.",
        )
    },
    run: |_| vec![Action::Hand(Box::new(EditorAction::Generate))],
};
