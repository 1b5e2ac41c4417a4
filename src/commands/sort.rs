//! Sorts a list by its next column.

use super::verb::lesson;
use crate::app::{Action, Ask, Command, KeyScope, Risk};
use crate::model::Lesson;
use crate::views::parts::chosen::NextOrder;

/// Sorts the list of a kind that fluxdeck knows: by name, state, age, then each column.
pub static LIST: Command = command("sort", "list");

/// Sorts the list of any other kind: by name, age, then each column.
pub static OBJECTS: Command = command("sort-objects", "objects");

const fn command(id: &'static str, view: &'static str) -> Command {
    Command {
        id,
        title: "Sort",
        keys: &["o"],
        scope: KeyScope::View(view),
        risk: Risk::Reads,
        questions: &[],
        lesson: teach,
        run: |_| vec![Action::Hand(Box::new(NextOrder))],
    }
}

fn teach(_: &Ask<'_>) -> Lesson {
    lesson(
        "kubectl get pods --all-namespaces --sort-by=.metadata.creationTimestamp",
        "What failed, what restarts most and what is new comes to the top; o again takes the next column.",
        "the words after the count, such as `by restarts`.",
        "https://kubernetes.io/docs/reference/kubectl/generated/kubectl_get/",
    )
}
