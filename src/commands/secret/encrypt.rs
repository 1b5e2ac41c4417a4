//! Encrypts files by the rules of `.sops.yaml`.

use super::rekey::{FileAction, each, is_file, named, operate};
use crate::app::{Action, Ask, Command, CommandTarget, KeyScope, Risk};
use crate::commands::known;
use crate::commands::verb::lesson;
use crate::model::{Lesson, ShellLine};

const DOCS: &str = "https://getsops.io/docs/#encrypt-or-decrypt-a-file-in-place";

/// Encrypts plain files in place.
pub static COMMAND: Command = Command {
    id: "secret-encrypt",
    title: "Encrypt",
    keys: &[],
    scope: KeyScope::File(is_file),
    risk: Risk::Writes,
    questions: &[],
    lesson: teach,
    run: |ask| operate(ask, "Encrypt", FileAction::Encrypt, teach(ask).shell),
};

/// Encrypts encrypted files again, by the rule and for the recipients of the configuration.
pub static ANEW: Command = Command {
    id: "secret-encrypt-anew",
    title: "Encrypt anew by .sops.yaml",
    keys: &[],
    scope: KeyScope::File(is_file),
    risk: Risk::Writes,
    questions: &[],
    lesson: teach_anew,
    run: |ask| operate(ask, "Encrypt anew", FileAction::Anew, teach_anew(ask).shell),
};

/// Offers to encrypt the selected plain file in the list of secrets; the guard judges the command that follows.
pub static SELECTED: Command = Command {
    id: "secret-encrypt-selected",
    title: "Encrypt it",
    keys: &["ctrl-e"],
    scope: KeyScope::View("secrets"),
    risk: Risk::Reads,
    questions: &[],
    lesson: teach,
    run: |ask| match ask.targets.first() {
        Some(CommandTarget::File(..)) => vec![Action::Dispatch(&COMMAND, ask.targets.to_vec(), Vec::new())],
        _ => Vec::new(),
    },
};

fn encrypts(ask: &Ask<'_>, file: &str) -> ShellLine {
    let creation = ask.facts.repository.as_ref().and_then(|snapshot| snapshot.creation(file).ok());
    let config = creation.map(|creation| creation.config).filter(|config| config != ".sops.yaml");
    ShellLine::from("sops").option(" --config {path}", &config.unwrap_or_default()).and_then(" encrypt -i", &[])
}

fn teach(ask: &Ask<'_>) -> Lesson {
    let (files, place) = named(ask);
    lesson(
        each(&files, |file| encrypts(ask, file)),
        "The rule of .sops.yaml that is for the file says which values are encrypted and for whom; comments among them are encrypted too, and all else stays as it is.",
        "ENC[ before every value below data and stringData, and the sops block at the end.",
        DOCS,
    )
    .about(&place)
}

fn teach_anew(ask: &Ask<'_>) -> Lesson {
    let (files, place) = named(ask);
    let both = |file: &String| [ShellLine::from("sops decrypt -i").path(file), encrypts(ask, file).path(file)];
    lesson(
        known::lines(files.iter().flat_map(both)),
        "A file keeps the rule and the recipients with which it was encrypted until it is encrypted anew; here its plain text never touches the disk.",
        "the rule and the recipients in the sops block.",
        DOCS,
    )
    .about(&place)
}
