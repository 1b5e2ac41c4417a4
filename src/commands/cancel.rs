//! Stops waiting for the operation that began last.

use super::verb::lesson;
use crate::app::{Action, Command, Notice, Risk, Scope};

/// Ends our waiting, not the controller's work.
pub static COMMAND: Command = Command {
    id: "cancel",
    title: "Stop waiting",
    keys: &["X"],
    scope: Scope::Everywhere,
    risk: Risk::Reads,
    questions: &[],
    lesson: |_| {
        lesson(
            String::new(),
            "fluxdeck stops waiting for the operation that began last; what the controller was asked for, it goes on with.",
            "the object's own state.",
            "https://fluxcd.io/flux/cmd/flux_reconcile/",
        )
    },
    run: |ask| {
        ask.facts.running().last().map_or_else(
            || vec![Action::Tell(Notice::info(ask.now, "no operation runs"))],
            |known| vec![Action::Cancel(known.id)],
        )
    },
};
