//! The commands of the secret editor, one file each. The view runs them; the guard judges the one that writes.

pub mod add;
pub mod copy_value;
pub mod edit;
pub mod encrypt;
pub mod export;
pub mod generate;
pub mod import;
pub mod new;
pub mod recipients;
pub mod redo;
mod rekey;
pub mod remove;
pub mod rename;
pub mod reveal;
pub mod reveal_all;
pub mod rotate;
pub mod save;
pub mod set;
pub mod text;
pub mod undo;
pub mod write_out;

use super::verb::lesson;
use crate::app::{Ask, KeyScope};
use crate::model::{Lesson, ShellLine};

/// The view in which the keys of these commands work.
const SCOPE: KeyScope = KeyScope::View("secret");

/// Names a command of sops.
#[derive(Debug, Clone, Copy)]
enum SopsVerb {
    /// Opens the file in an editor.
    Edit,
    /// Prints the whole file.
    Decrypt,
    /// Prints the selected value.
    Extract,
    /// Removes the selected value.
    Unset,
}

/// Teaches with the sops line for the open file and the selected value.
fn teach(ask: &Ask<'_>, verb: SopsVerb, why: &str, look_for: &str) -> Lesson {
    let value = ask.facts.value.as_deref();
    let Some(file) = super::known::file(ask) else { return lesson("", why, look_for, page(SopsVerb::Edit)) };
    let (line, verb) = match (verb, value) {
        (SopsVerb::Extract, Some(value)) => (ShellLine::new("sops decrypt --extract {}", &[value]).path(file), verb),
        (SopsVerb::Unset, Some(value)) => (ShellLine::from("sops unset").path(file).word(value), verb),
        (SopsVerb::Edit | SopsVerb::Unset, _) => (ShellLine::from("sops edit").path(file), SopsVerb::Edit),
        (SopsVerb::Decrypt | SopsVerb::Extract, _) => (ShellLine::from("sops decrypt").path(file), SopsVerb::Decrypt),
    };
    lesson(line, why, look_for, page(verb)).about(&super::known::places(ask))
}

/// Returns the part of sops' documentation about a command.
fn page(verb: SopsVerb) -> &'static str {
    match verb {
        SopsVerb::Edit => "https://getsops.io/docs/#usage",
        SopsVerb::Decrypt => "https://getsops.io/docs/#encrypting-an-existing-file",
        SopsVerb::Extract => "https://getsops.io/docs/#extract-a-sub-part-of-a-document-tree",
        SopsVerb::Unset => "https://getsops.io/docs/#unset-a-sub-part-in-a-document-tree",
    }
}
