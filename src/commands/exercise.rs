//! Opens the exercise of a demonstration, and shows its hints one by one.

use super::verb::lesson;
use crate::app::{Action, Ask, Command, Facts, KeyScope, Risk};
use crate::model::Lesson;
use crate::views::exercise::ExerciseView;

/// Opens the exercise.
pub(super) static COMMAND: Command = Command {
    id: "exercise",
    title: "Exercise",
    keys: &[],
    scope: KeyScope::While(without),
    risk: Risk::Reads,
    questions: &[],
    lesson: teach,
    run: |_| vec![Action::Push(Box::new(ExerciseView::default()))],
};

/// Shows the next hint.
pub(super) static HINT: Command = Command {
    id: "exercise-hint",
    title: "Hint",
    keys: &[","],
    scope: KeyScope::View("exercise"),
    risk: Risk::Reads,
    questions: &[],
    lesson: teach,
    run: |_| vec![Action::NextHint],
};

fn without(facts: &Facts) -> Option<&'static str> {
    facts.exercise.is_none().then_some("no exercise was begun: fluxdeck demo --exercise list names them")
}

fn teach(_: &Ask<'_>) -> Lesson {
    lesson(
        "fluxdeck demo --exercise list",
        "A fault is found sooner by who has found it once before.",
        "the symptom first; hints only where you do not get on.",
        "https://fluxcd.io/flux/get-started/",
    )
}
