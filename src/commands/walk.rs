//! Opens the guided walks, and verifies a step of one.

use super::known::without_environment;
use super::verb::lesson;
use crate::app::{Action, Ask, Command, KeyScope, Risk};
use crate::model::{Env, Lesson, ObjectRef, ShellLine, State};
use crate::views::walk::StepDone;
use crate::views::walks::Walks;

/// Opens the list of walks, for the selected object where there is one.
pub(super) static COMMAND: Command = Command {
    id: "walk",
    title: "Walks",
    keys: &["."],
    scope: KeyScope::While(without_environment),
    risk: Risk::Reads,
    questions: &[],
    lesson: |ask| {
        lesson(
            ShellLine::new("fluxdeck walk --env {}", &[ask.facts.name(ask.env())]),
            "Work that is seldom done is done wrong: a walk says each step with the names that are yours, and looks whether it is done.",
            "the walk that fits; you do the work yourself, step by step.",
            "https://fluxcd.io/flux/installation/bootstrap/",
        )
    },
    run: |ask| {
        // A walk about an object that is well would be done at once: it finds the one that is not.
        let is_well = |env: Env, object: &ObjectRef| {
            ask.facts.known_row(env, object).is_some_and(|row| row.state == State::Ready)
        };
        let object = ask.object().filter(|(env, object)| !is_well(*env, object)).map(|(_, object)| object.clone());
        vec![Action::Push(Box::new(Walks::new(ask.env(), object)))]
    },
};

/// Verifies the step that is next.
pub(super) static DONE: Command = Command {
    id: "walk-done",
    title: "I am done",
    keys: &["."],
    scope: KeyScope::View("walk"),
    risk: Risk::Reads,
    questions: &[],
    lesson: done,
    run: |_| vec![Action::Hand(Box::new(StepDone))],
};

fn done(_: &Ask<'_>) -> Lesson {
    lesson(
        "",
        "The cluster and the repository are read again. What is not done is asked first, because the answer is better found than told; pressed again, the key says what is wrong.",
        "the next step.",
        "https://fluxcd.io/flux/cheatsheets/troubleshooting/",
    )
}
