//! Chooses a theme.

use super::verb::lesson;
use crate::app::{Action, Command, KeyScope, Risk};
use crate::views::themes::Themes;

/// Opens the list of themes.
pub static COMMAND: Command = Command {
    id: "theme",
    title: "Theme",
    keys: &[],
    scope: KeyScope::Everywhere,
    risk: Risk::Reads,
    questions: &[],
    lesson: |_| {
        lesson(
            "fluxdeck themes",
            "The list shows each theme as it is passed; `terminal` takes the colours that your terminal has, the others bring their own.",
            "state is read from its sign in every theme, never from colour alone.",
            "https://no-color.org",
        )
    },
    run: |_| vec![Action::Push(Box::new(Themes::default()))],
};
