//! Changes the recipients of files.

use super::rekey::{FileAction, each, is_file, list, named, operate};
use crate::app::{Ask, Command, CommandQuestion, KeyScope, Risk};
use crate::commands::verb::lesson;
use crate::model::{Lesson, ShellLine};

const DOCS: &str = "https://getsops.io/docs/#adding-and-removing-keys";
const UPDATE_DOCS: &str = "https://getsops.io/docs/#updatekeys-command";

const QUESTIONS: &[CommandQuestion] = &[
    CommandQuestion { id: "add", label: "Add the recipient (age1…, ssh-…)", optional: true, check: None },
    CommandQuestion { id: "remove", label: "Remove the recipient", optional: true, check: None },
];

/// Adds and removes recipients of files.
pub static COMMAND: Command = Command {
    id: "secret-recipients",
    title: "Change the recipients",
    keys: &[],
    scope: KeyScope::File(is_file),
    risk: Risk::Writes,
    questions: QUESTIONS,
    lesson: teach,
    run: |ask| operate(ask, "Change the recipients of", file_action(ask), teach(ask).shell),
};

/// Adds and removes recipients of all files of an environment.
pub static ALL: Command = Command {
    id: "secret-recipients-all",
    title: "Change the recipients of all secrets",
    keys: &[],
    scope: KeyScope::Environment,
    risk: Risk::Writes,
    questions: QUESTIONS,
    lesson: teach,
    run: |ask| operate(ask, "Change the recipients of", file_action(ask), teach(ask).shell),
};

/// Gives files the recipients that `.sops.yaml` names.
pub static UPDATE: Command = Command {
    id: "secret-update-keys",
    title: "Apply the recipients of .sops.yaml",
    keys: &[],
    scope: KeyScope::File(is_file),
    risk: Risk::Writes,
    questions: &[],
    lesson: teach_update,
    run: |ask| operate(ask, "Update the recipients of", FileAction::Update, teach_update(ask).shell),
};

/// Gives all files of an environment the recipients that `.sops.yaml` names.
pub static UPDATE_ALL: Command = Command {
    id: "secret-update-keys-all",
    title: "Apply the recipients of .sops.yaml to all secrets",
    keys: &[],
    scope: KeyScope::Environment,
    risk: Risk::Writes,
    questions: &[],
    lesson: teach_update,
    run: |ask| operate(ask, "Update the recipients of", FileAction::Update, teach_update(ask).shell),
};

fn file_action(ask: &Ask<'_>) -> FileAction {
    FileAction::Recipients { add: list(ask, "add"), remove: list(ask, "remove") }
}

fn teach(ask: &Ask<'_>) -> Lesson {
    let (files, place) = named(ask);
    let (add, remove) = (list(ask, "add"), list(ask, "remove"));
    let line = |_: &str| {
        if add.is_empty() && remove.is_empty() {
            // Before the user names any, the recipients are those of .sops.yaml.
            return ShellLine::from("sops updatekeys");
        }
        let line = add.iter().fold(ShellLine::from("sops rotate -i"), |line, one| line.option(" --add-age {}", one));
        remove.iter().fold(line, |line, one| line.option(" --rm-age {}", one))
    };
    lesson(
        each(&files, line),
        "An added recipient can open the file from now on. A removed one keeps what it has seen, so rotate the data key and change the values.",
        "the recipients in the sops block; here the values stay as they are, where sops rotate encrypts them anew.",
        if add.is_empty() && remove.is_empty() { UPDATE_DOCS } else { DOCS },
    )
    .about(&place)
}

fn teach_update(ask: &Ask<'_>) -> Lesson {
    let (files, place) = named(ask);
    lesson(
        each(&files, |_| ShellLine::from("sops updatekeys")),
        "The file's recipients become those of the rule in .sops.yaml that is for it; values, mac and lastmodified stay.",
        "git diff: the sops block alone.",
        UPDATE_DOCS,
    )
    .about(&place)
}
