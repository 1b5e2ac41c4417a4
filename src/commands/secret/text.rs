//! Edits the document as text.

use super::{SCOPE, SopsVerb, teach};
use crate::app::{Action, Command, Risk};
use crate::views::secret::EditorAction;

/// Opens the decrypted document as text.
pub static COMMAND: Command = Command {
    id: "secret-text",
    title: "Edit as text",
    keys: &["v"],
    scope: SCOPE,
    risk: Risk::Reads,
    questions: &[],
    lesson: |ask| {
        teach(
            ask,
            SopsVerb::Edit,
            "The decrypted document, comments and all, in memory alone; it is looked at after every key, and what stays the same keeps its ciphertext.",
            "the line with an x, and what is wrong below; ctrl-s keeps the text, ‹key:save› saves the file.",
        )
    },
    run: |_| vec![Action::Hand(Box::new(EditorAction::Text))],
};
