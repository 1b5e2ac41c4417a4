//! Writes a value into a file: the second step of `secret-export`, once the file is named.

use super::SCOPE;
use crate::app::{Action, Ask, Command, Risk};
use crate::commands::known;
use crate::commands::verb::lesson;
use crate::model::{Lesson, ShellLine};
use crate::views::secret::EditorAction;

/// The file in the lesson before the user names one.
const DEFAULT_FILE: &str = "~/value.txt";

/// Writes the selected value into the named file.
pub static COMMAND: Command = Command {
    id: "secret-write-out",
    title: "Write the value into the file that was named",
    keys: &[],
    scope: SCOPE,
    risk: Risk::Writes,
    questions: &[],
    lesson: teach,
    run: |ask| vec![Action::Hand(Box::new(EditorAction::WriteOut(ask.permit)))],
};

fn teach(ask: &Ask<'_>) -> Lesson {
    let place = ask.answer("place").or(ask.facts.value.as_deref());
    let line = place.zip(ask.answer("of").or_else(|| known::file(ask))).map(|(place, of)| {
        let to = ask.answer("file").unwrap_or(DEFAULT_FILE);
        ShellLine::new("sops decrypt --extract {} {path} > ", &[place, of]).typed(to)
    });
    lesson(
        line.unwrap_or_default(),
        "The value leaves the encrypted file: the new one is readable by you alone, and refused inside the repository.",
        "the file; remove it when it is no longer needed.",
        "https://getsops.io/docs/#saving-output-to-a-file",
    )
    .about(&known::places(ask))
}
