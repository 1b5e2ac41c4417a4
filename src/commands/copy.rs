//! Copies the equivalent command line or the object's name to the user's clipboard.

use super::verb::lesson;
use crate::app::{Action, Command, CommandTarget, KeyScope, Notice, Risk};
use crate::model::text::field;

/// Copies the name of the selection through the terminal (OSC 52).
pub static COMMAND: Command = Command {
    id: "copy",
    title: "Copy the name",
    keys: &["c"],
    scope: KeyScope::Everywhere,
    risk: Risk::Reads,
    questions: &[],
    lesson: |_| {
        lesson(
            "",
            "The terminal puts it on the clipboard of your own desk, through SSH; inside tmux this needs `set -s set-clipboard on` and `set -g allow-passthrough on`.",
            "paste it anywhere.",
            "https://github.com/tmux/tmux/wiki/Clipboard",
        )
    },
    run: |ask| {
        // A name must not end a line in the shell that it is pasted into.
        let names: Vec<String> =
            ask.targets.iter().map(CommandTarget::name).map(|name| field(&name).into_owned()).collect();
        if names.is_empty() {
            return vec![Action::Tell(Notice::info(ask.now, "nothing is selected"))];
        }
        let text = names.join("\n");
        vec![
            Action::Copy(text.clone()),
            Action::Tell(Notice::info(ask.now, format!("copied {}", text.replace('\n', ", ")))),
        ]
    },
};
