//! Lists the keys that work here.

use super::verb::lesson;
use crate::app::{Action, Command, KeyScope, Risk};
use crate::views::help::Help;

/// Opens the help, made from the registry of commands.
pub static COMMAND: Command = Command {
    id: "help",
    title: "Help",
    keys: &["?"],
    scope: KeyScope::Everywhere,
    risk: Risk::Reads,
    questions: &[],
    lesson: |_| {
        lesson("fluxdeck keys", "Every key and what it does.", "the key that you need.", "https://fluxcd.io/flux/")
    },
    run: |_| vec![Action::Push(Box::new(Help::default()))],
};
