//! Opens what is selected in the view that shows it best.

use super::verb::lesson;
use crate::app::{Action, Ask, Command, Notice, Risk, Scope};
use crate::model::Lesson;
use crate::views;

/// Opens what is selected.
pub static COMMAND: Command = Command {
    id: "open",
    title: "Open",
    keys: &[],
    scope: Scope::Everywhere,
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
    let known = ask.object().map(|(env, object)| match crate::kinds::find(&object.kind) {
        Some(kind) => (kind.lesson)(ask.context(env), Some(object)),
        None => (super::describe::COMMAND.lesson)(ask),
    });
    known.unwrap_or_else(|| {
        lesson(String::new(), "It shows what is selected.", "what you are after.", "https://fluxcd.io/flux/")
    })
}
