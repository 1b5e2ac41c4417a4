//! Lists the operations of this run.

use super::verb::lesson;
use crate::app::{Action, Command, KeyScope, Risk};
use crate::views::operations::Operations;

/// Opens the list of operations with their steps.
pub static COMMAND: Command = Command {
    id: "operations",
    title: "Operations",
    keys: &["O"],
    scope: KeyScope::Everywhere,
    risk: Risk::Reads,
    questions: &[],
    lesson: |_| {
        lesson(
            "",
            "Every write of this run, its steps and how it ended; the journal keeps them beyond it.",
            "the step at which one stopped.",
            "https://fluxcd.io/flux/components/kustomize/kustomizations/#triggering-a-reconcile",
        )
    },
    run: |_| vec![Action::Push(Box::new(Operations::default()))],
};
