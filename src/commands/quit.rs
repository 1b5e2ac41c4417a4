//! Returns to the view before, and ends fluxdeck at the root.

use super::verb::lesson;
use crate::app::{Action, Ask, Command, KeyScope, Risk};
use crate::model::Lesson;
use crate::views::leave::Leave;

/// Closes the screen, and quits at the root.
pub static COMMAND: Command = Command {
    id: "quit",
    title: "Quit",
    keys: &["q"],
    scope: KeyScope::Everywhere,
    risk: Risk::Reads,
    questions: &[],
    lesson: |_| teach(),
    run: |ask| vec![Action::BackOr(end(ask))],
};

/// Quits from every screen.
pub(super) static END: Command = Command {
    id: "end",
    title: "Quit from here",
    keys: &["ctrl-c"],
    scope: KeyScope::Everywhere,
    risk: Risk::Reads,
    questions: &[],
    lesson: |_| teach(),
    run: end,
};

/// Ends the program, after a question if operations run.
fn end(ask: &Ask<'_>) -> Vec<Action> {
    let running = ask.facts.running().count();
    if running == 0 { vec![Action::Quit] } else { vec![Action::Push(Box::new(Leave::new(running)))] }
}

fn teach() -> Lesson {
    lesson(
        "",
        "Operations that run are no longer waited for; the controllers go on.",
        "your shell's prompt.",
        "https://fluxcd.io/flux/concepts/#reconciliation",
    )
}
