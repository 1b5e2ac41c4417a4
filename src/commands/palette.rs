//! Finds a command, or the list of a kind, by typing a part of its name.

use super::verb::lesson;
use crate::app::{Action, Command, KeyScope, Risk};
use crate::views::palette::Palette;

/// Opens the palette on what is selected.
pub static COMMAND: Command = Command {
    id: "palette",
    title: "Palette",
    keys: &[":"],
    scope: KeyScope::Everywhere,
    risk: Risk::Reads,
    questions: &[],
    lesson: |_| {
        lesson(
            "fluxdeck keys",
            "Every command that works here, by name, and every kind as kubectl names it: `deploy`, `hr flux-system`, `ns web`.",
            "its key, for next time.",
            "https://fluxcd.io/flux/",
        )
    },
    run: |ask| {
        let palette = Palette::new(ask.env(), ask.targets.to_vec(), ask.facts.cursor.clone());
        vec![Action::Push(Box::new(palette))]
    },
};
