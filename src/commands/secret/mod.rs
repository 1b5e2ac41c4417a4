//! The commands of the secret editor, one file each. The view does them; the guard judges the one that writes.

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
use crate::app::{Ask, CommandTarget, KeyScope};
use crate::model::{Lesson, ShellLine};

/// Where the keys of these commands work.
const SCOPE: KeyScope = KeyScope::View("secret");

/// Returns the file that is shown, as it stands in lessons.
fn file(ask: &Ask<'_>) -> String {
    ask.targets.first().map_or_else(|| "FILE".to_owned(), CommandTarget::name)
}

/// Teaches with the sops line for the file that is shown.
fn teach(ask: &Ask<'_>, verb: &'static str, why: &str, look_for: &str) -> Lesson {
    lesson(ShellLine::from("sops ").and_then(verb, &[]).path(&file(ask)), why, look_for, "https://getsops.io/docs/")
}
