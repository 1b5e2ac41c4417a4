//! Writes a value into a file: what `secret-export` asks for once the file is named.

use super::SCOPE;
use crate::app::{Action, Ask, Command, Risk};
use crate::commands::verb::lesson;
use crate::model::{Lesson, ShellLine};
use crate::views::secret::EditorAction;

/// Writes the selected value into the file that was named.
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
    let (place, of) = (ask.answer("place").unwrap_or("PATH"), ask.answer("of").unwrap_or("FILE"));
    let to = ask.answer("file").unwrap_or("NAME");
    let env = ask.targets.first().and_then(crate::app::CommandTarget::env);
    let line = ShellLine::new("sops decrypt --extract {} {path} > ", &[place, of]).typed(to);
    lesson(
        match env {
            Some(env) => line.remark(ask.facts.name(env)),
            None => line,
        },
        "The value leaves the encrypted file: the new one is readable by you alone, and refused inside the repository.",
        "the file; remove it when it is no longer needed.",
        "https://getsops.io/docs/",
    )
}
