//! Stops an operation: the selected one in their list, elsewhere the one that started last.

use super::verb::lesson;
use crate::app::{Action, Ask, Command, KeyScope, Notice, Risk};
use crate::model::Lesson;
use crate::views::operations;

/// Ends fluxdeck's wait, not the controller's work; closes a forwarded port.
pub static COMMAND: Command = Command {
    id: "cancel",
    title: "Stop the last operation",
    keys: &["X"],
    scope: KeyScope::While(|facts| facts.running().next().is_none().then_some("no operation runs")),
    risk: Risk::Reads,
    questions: &[],
    lesson: teach,
    run: |ask| {
        ask.facts.running().last().map_or_else(
            || vec![Action::Tell(Notice::info(ask.now, "no operation runs"))],
            |known| vec![Action::Cancel(known.id)],
        )
    },
};

/// Stops the selected operation.
pub static SELECTED: Command = Command {
    id: "cancel-selected",
    title: "Stop",
    keys: &["X"],
    scope: KeyScope::View("operations"),
    risk: Risk::Reads,
    questions: &[],
    lesson: teach,
    run: |_| vec![Action::Hand(Box::new(operations::StopOperation))],
};

fn teach(_: &Ask<'_>) -> Lesson {
    lesson(
        "",
        "fluxdeck stops waiting, and closes what it forwarded; what a controller was asked for, it goes on with.",
        "the object's own state.",
        "https://fluxcd.io/flux/concepts/#reconciliation",
    )
}
