//! Sorts a list by its next column, or in reverse.

use super::verb::lesson;
use crate::app::{Action, Ask, Command, KeyScope, Risk};
use crate::model::{Lesson, ShellLine};
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
    run: |_| vec![Action::Hand(Box::new(NextOrder::Column))],
};

/// Reverses the order of a list.
pub static REVERSE: Command = Command {
    id: "reverse",
    title: "Reverse",
    keys: &["ctrl-o"],
    scope: KeyScope::View("list"),
    risk: Risk::Reads,
    questions: &[],
    lesson: teach,
    run: |_| vec![Action::Hand(Box::new(NextOrder::Reverse))],
};

fn teach(ask: &Ask<'_>) -> Lesson {
    lesson(
        ShellLine::new(
            "kubectl get pods --all-namespaces --sort-by=.metadata.creationTimestamp --context {}",
            &[ask.context(ask.env())],
        ),
        "Failed objects, those that restart most and new ones come to the top; ‹key:sort› again takes the next column, ‹key:reverse› turns the order around.",
        "the arrow at the heading of the column that they are sorted by, and the words after the count, such as `by restarts`.",
        "https://kubernetes.io/docs/reference/kubectl/generated/kubectl_get/#options",
    )
}
