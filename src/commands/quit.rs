//! Ends fluxdeck, or goes back one view.

use super::verb::lesson;
use crate::app::{Action, Command, KeyScope, Risk};
use crate::views::leave::Leave;

/// Quits at the root, asking when operations run.
pub static COMMAND: Command = Command {
    id: "quit",
    title: "Quit",
    keys: &["q", "ctrl-c"],
    scope: KeyScope::Everywhere,
    risk: Risk::Reads,
    questions: &[],
    lesson: |_| {
        lesson(
            "",
            "Operations that run are no longer waited for; the controllers go on.",
            "your shell's prompt.",
            "https://fluxcd.io/flux/cmd/",
        )
    },
    run: |ask| {
        let running = ask.facts.running().count();
        if running == 0 { vec![Action::Quit] } else { vec![Action::Push(Box::new(Leave::new(running)))] }
    },
};
