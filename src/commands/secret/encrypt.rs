//! Encrypts files as `.sops.yaml` says.

use super::rekey::{Deed, is_file, named, operate};
use crate::app::{Ask, Command, Risk, Scope};
use crate::commands::verb::lesson;
use crate::model::Lesson;

const DOCS: &str = "https://getsops.io/docs/#encrypting-and-decrypting-files";

/// Encrypts plain files in their place.
pub static COMMAND: Command = Command {
    id: "secret-encrypt",
    title: "Encrypt",
    keys: &[],
    scope: Scope::File(is_file),
    risk: Risk::Writes,
    questions: &[],
    lesson: teach,
    run: |ask| operate(ask, "Encrypt", Deed::Encrypt, teach(ask).shell),
};

/// Encrypts encrypted files anew, by the rule and for the recipients of the configuration.
pub static ANEW: Command = Command {
    id: "secret-encrypt-anew",
    title: "Encrypt anew by .sops.yaml",
    keys: &[],
    scope: Scope::File(is_file),
    risk: Risk::Writes,
    questions: &[],
    lesson: teach_anew,
    run: |ask| operate(ask, "Encrypt anew", Deed::Anew, teach_anew(ask).shell),
};

fn config(ask: &Ask<'_>, file: &str) -> String {
    let creation = ask.facts.repository.as_ref().and_then(|snapshot| snapshot.creation(file).ok());
    let config = creation.map(|creation| creation.config).filter(|config| config != ".sops.yaml");
    config.map(|config| format!(" --config {config}")).unwrap_or_default()
}

fn teach(ask: &Ask<'_>) -> Lesson {
    let (files, place) = named(ask);
    let config = config(ask, &files);
    lesson(
        format!("sops{config} encrypt -i {files}   # {place}"),
        "The rule of .sops.yaml that is for the file says which values are encrypted and for whom; comments among them are encrypted too, and all else stays as it is.",
        "ENC[ before every value below data and stringData, and the sops block at the end.",
        DOCS,
    )
}

fn teach_anew(ask: &Ask<'_>) -> Lesson {
    let (files, place) = named(ask);
    let config = config(ask, &files);
    lesson(
        format!("sops decrypt -i {files} && sops{config} encrypt -i {files}   # {place}"),
        "A file keeps the rule and the recipients with which it was encrypted until it is encrypted anew; here its plain text never touches the disk.",
        "the rule and the recipients in the sops block.",
        DOCS,
    )
}
