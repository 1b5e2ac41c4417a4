//! Encrypts files as `.sops.yaml` says.

use super::rekey::{FileAction, is_file, named, operate};
use crate::app::{Ask, Command, KeyScope, Risk};
use crate::commands::verb::lesson;
use crate::model::{Lesson, ShellLine};

const DOCS: &str = "https://getsops.io/docs/#encrypting-and-decrypting-files";

/// Encrypts plain files in their place.
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

/// Encrypts encrypted files anew, by the rule and for the recipients of the configuration.
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

fn encrypts(ask: &Ask<'_>, file: &str) -> ShellLine {
    let creation = ask.facts.repository.as_ref().and_then(|snapshot| snapshot.creation(file).ok());
    let config = creation.map(|creation| creation.config).filter(|config| config != ".sops.yaml");
    ShellLine::from("sops").option(" --config {path}", &config.unwrap_or_default()).and_then(" encrypt -i", &[])
}

/// Names the file by which the rule is found; of several none is.
fn only(files: &[String]) -> String {
    files.join(" ")
}

fn teach(ask: &Ask<'_>) -> Lesson {
    let (files, place) = named(ask);
    let line = encrypts(ask, &only(&files));
    lesson(
        line.paths(&files).remark(&place),
        "The rule of .sops.yaml that is for the file says which values are encrypted and for whom; comments among them are encrypted too, and all else stays as it is.",
        "ENC[ before every value below data and stringData, and the sops block at the end.",
        DOCS,
    )
}

fn teach_anew(ask: &Ask<'_>) -> Lesson {
    let (files, place) = named(ask);
    let lines = [ShellLine::from("sops decrypt -i"), encrypts(ask, &only(&files))].map(|line| line.paths(&files));
    lesson(
        ShellLine::join(lines, " && ").remark(&place),
        "A file keeps the rule and the recipients with which it was encrypted until it is encrypted anew; here its plain text never touches the disk.",
        "the rule and the recipients in the sops block.",
        DOCS,
    )
}
