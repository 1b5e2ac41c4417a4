//! Edits the selected file: an encrypted one opens in the secret editor.

use super::verb::lesson;
use crate::app::{Action, Ask, Command, Notice, Risk, Scope, Target};
use crate::model::{Fault, FaultKind, Lesson};
use crate::views::secret;

/// Opens an encrypted file for editing.
pub static COMMAND: Command = Command {
    id: "edit",
    title: "Edit",
    keys: &["e"],
    scope: Scope::File(is_yaml),
    risk: Risk::Reads,
    questions: &[],
    lesson: teach,
    run: |ask| {
        let Some(target) = ask.targets.first() else { return Vec::new() };
        match secret::opener(target, ask) {
            Some(view) => vec![Action::Push(view)],
            None => vec![Action::Tell(Notice::fault(
                ask.now,
                Fault::new(
                    FaultKind::Usage,
                    format!("{} is not opened for editing", target.name()),
                    "it is not encrypted",
                    "change it in your editor; fluxdeck sees what you save at once",
                ),
            ))],
        }
    },
};

/// The format that the secret editor can change in place.
fn is_yaml(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, extension)| matches!(extension, "yaml" | "yml"))
}

fn teach(ask: &Ask<'_>) -> Lesson {
    let file = ask.targets.first().map_or_else(|| "FILE".to_owned(), Target::name);
    lesson(
        format!("sops edit {file}"),
        "The values are decrypted in memory only, masked until you reveal them, and changed where they stand.",
        "the line `MAC verified`: nobody changed the file without its key.",
        "https://getsops.io/docs/#usage",
    )
}
