//! Lists the keys that work here.

use super::verb::lesson;
use crate::app::{Action, Command, KeyScope, Risk};
use crate::explain::Topic;
use crate::views::help::Help;

/// The most topics that help offers: more would hide the keys.
const OFFERED: usize = 4;

/// Opens the help, built from the registry of commands.
pub static COMMAND: Command = Command {
    id: "help",
    title: "Help",
    keys: &["?"],
    scope: KeyScope::Everywhere,
    risk: Risk::Reads,
    questions: &[],
    lesson: |_| {
        lesson(
            "fluxdeck keys",
            "Every key and what it does.",
            "the key that you need.",
            "https://kubernetes.io/docs/reference/kubectl/quick-reference/",
        )
    },
    run: |ask| {
        // The same key closes it.
        if ask.facts.screen == "help" {
            return vec![Action::Pop];
        }
        let help = Help::new(ask.facts.screen, ask.targets.to_vec(), ask.facts.cursor.clone());
        let help = help.refusing(ask.facts.refused.clone()).about(ask.facts.subject.clone());
        vec![Action::Push(Box::new(help.explaining(explained(&ask.facts.topics))))]
    },
};

/// Finds the topics of the selection; without one nothing is looked up.
fn explained(names: &[String]) -> Vec<Topic> {
    if names.is_empty() {
        return Vec::new();
    }
    let topics = super::topics();
    let mut found: Vec<Topic> = Vec::new();
    for topic in names.iter().filter_map(|name| topics.find(name)) {
        if found.iter().all(|known| known.id != topic.id) {
            found.push(topic);
        }
    }
    found.truncate(OFFERED);
    found
}
