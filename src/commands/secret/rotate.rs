//! Gives files a new data key.

use super::rekey::{FileAction, each, is_file, named, operate};
use crate::app::{Ask, Command, CommandQuestion, KeyScope, Risk};
use crate::commands::verb::lesson;
use crate::model::{Lesson, ShellLine};

const DOCS: &str = "https://getsops.io/docs/#key-rotation";

/// A new data key is wrapped for all recipients of the file, even for one that an attacker added: the user names them,
/// or it is refused.
const QUESTIONS: &[CommandQuestion] = &[CommandQuestion {
    id: "readers",
    label: "Recipients that .sops.yaml does not name and that are meant",
    optional: true,
    check: None,
}];

/// Rotates the data key of files.
pub static COMMAND: Command = Command {
    id: "secret-rotate",
    title: "Rotate the data key",
    keys: &[],
    scope: KeyScope::File(is_file),
    risk: Risk::Writes,
    questions: QUESTIONS,
    lesson: teach,
    run: |ask| operate(ask, "Rotate the data key of", FileAction::Rotate, teach(ask).shell),
};

/// Rotates the data keys of all files of an environment.
pub static ALL: Command = Command {
    id: "secret-rotate-all",
    title: "Rotate the data keys of all secrets",
    keys: &[],
    scope: KeyScope::Environment,
    risk: Risk::Writes,
    questions: QUESTIONS,
    lesson: teach,
    run: |ask| operate(ask, "Rotate the data keys of", FileAction::Rotate, teach(ask).shell),
};

fn teach(ask: &Ask<'_>) -> Lesson {
    let (files, place) = named(ask);
    lesson(
        each(&files, |_| ShellLine::from("sops rotate -i")),
        "Every value is encrypted anew under another key: who knew the old one cannot read what is changed from now on. The values themselves stay, so change those that somebody may know.",
        "git diff: every ciphertext, and nothing that is plain.",
        DOCS,
    )
    .about(&place)
}
