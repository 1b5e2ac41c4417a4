//! Finds a command, or the list of a kind, by typing a part of its name.

use super::verb::lesson;
use crate::app::{Action, Command, KeyScope, Risk};
use crate::model::ShellLine;
use crate::views::palette::Palette;

/// Opens the palette for the selection.
pub static COMMAND: Command = Command {
    id: "palette",
    title: "Palette",
    keys: &[":"],
    scope: KeyScope::Everywhere,
    risk: Risk::Reads,
    questions: &[],
    lesson: |ask| {
        lesson(
            ShellLine::new("kubectl api-resources --cached --context {}", &[ask.context(ask.env())]),
            "Every command that works here, by name, and every kind as kubectl names it: `deploy`, `hr flux-system`, `ns web`.",
            "its key, for next time.",
            "https://kubernetes.io/docs/reference/kubectl/#resource-types",
        )
    },
    run: |ask| {
        let palette = Palette::new(ask.env(), ask.targets.to_vec(), ask.facts.cursor.clone());
        vec![Action::Push(Box::new(palette.refusing(ask.facts.refused.clone())))]
    },
};
