//! Explains what is selected, or what is named.

use super::COMMANDS;
use super::verb::lesson;
use crate::app::{Action, Command, KeyScope, Risk};
use crate::explain::Topics;
use crate::model::ShellLine;
use crate::views::explain::{ExplainView, topics_with};

/// Opens a topic by its name, or the list of all topics.
pub static COMMAND: Command = Command {
    id: "explain",
    title: "Explain",
    keys: &[],
    scope: KeyScope::Everywhere,
    risk: Risk::Reads,
    questions: &[],
    lesson: |ask| {
        // The topic itself teaches: a panel below it would only take its room.
        let line = ask.answer("topic").map_or_else(|| "fluxdeck explain".into(), |_| ShellLine::default());
        lesson(
            line,
            "The words of a status are short; each has a meaning, a usual cause and a command that shows it.",
            "the short text first, then what to look for in the command's output.",
            "https://kubernetes.io/docs/reference/kubectl/generated/kubectl_explain/",
        )
    },
    run: |ask| {
        let topics = topics();
        let object = ask.object().map(|(env, object)| (env, object.clone()));
        let view = match ask.answer("topic").and_then(|name| topics.find(name)) {
            Some(topic) => ExplainView::of(topics, topic, object),
            None => ExplainView::index(topics),
        };
        vec![Action::Push(Box::new(view))]
    },
};

/// Returns every topic, those of the commands among them.
pub fn topics() -> Topics {
    topics_with(COMMANDS)
}
