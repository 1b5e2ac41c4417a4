//! Opens the selected item in its best view.

use super::verb::lesson;
use crate::app::{Action, Ask, Command, CommandTarget, KeyScope, Notice, Risk, lesson_of_commit};
use crate::model::Lesson;
use crate::views;

/// Opens the selected item.
pub static COMMAND: Command = Command {
    id: "open",
    title: "Open",
    keys: &[],
    scope: KeyScope::Everywhere,
    risk: Risk::Reads,
    questions: &[],
    lesson: teach,
    run: |ask| {
        let Some(target) = ask.targets.first() else {
            return vec![Action::Tell(Notice::info(ask.now, "nothing is selected"))];
        };
        match views::open(target, ask) {
            Some(view) => vec![Action::Push(view)],
            None => vec![Action::Tell(Notice::info(ask.now, format!("nothing shows {}", target.name())))],
        }
    },
};

fn teach(ask: &Ask<'_>) -> Lesson {
    if ask.targets.first().is_some_and(|target| views::secret::open(target, ask).is_some()) {
        return lesson(
            super::edit::sops_line(ask, "decrypt"),
            "It decrypts in memory and shows what is asked for; sops prints every value at once, into the scrollback too.",
            "the keys and their types; ‹key:reveal› reveals one value, ‹key:secret-edit› edits one.",
            "https://getsops.io/docs/#encrypting-an-existing-file",
        );
    }
    if let Some(CommandTarget::Commit(_, hash)) = ask.targets.first() {
        return lesson_of_commit(hash);
    }
    let known = ask.object().map(|(env, object)| match crate::kinds::kind_of(object) {
        Some(kind) => (kind.lesson)(ask.context(env), Some(object)),
        None => (super::describe::COMMAND.lesson)(ask),
    });
    known.unwrap_or_else(|| {
        lesson("", "It shows what is selected.", "what you are after.", "https://fluxcd.io/flux/concepts/")
    })
}
