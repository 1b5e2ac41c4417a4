//! Sorts a list by its next column.

use super::verb::lesson;
use crate::app::{Action, Ask, Command, KeyScope, Risk};
use crate::model::Lesson;
use crate::views::parts::row_list::NextOrder;

/// Sorts a list: by name, by state where rows have one, by age, then by each column.
pub static COMMAND: Command = Command {
    id: "sort",
    title: "Sort",
    keys: &["o"],
    scope: KeyScope::View("list"),
    risk: Risk::Reads,
    questions: &[],
    lesson: teach,
    run: |_| vec![Action::Hand(Box::new(NextOrder))],
};

fn teach(_: &Ask<'_>) -> Lesson {
    lesson(
        "kubectl get pods --all-namespaces --sort-by=.metadata.creationTimestamp",
        "Failed objects, those that restart most and new ones come to the top; o again takes the next column.",
        "the words after the count, such as `by restarts`.",
        "https://kubernetes.io/docs/reference/kubectl/generated/kubectl_get/",
    )
}
