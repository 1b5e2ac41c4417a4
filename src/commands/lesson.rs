//! The lesson: shown or hidden, opened whole, and its commands copied.

use super::verb::lesson;
use crate::app::dialog::CopyCommand;
use crate::app::{Action, Command, KeyScope, Risk};
use crate::model::Lesson;

/// Shows or hides the lesson panel.
pub static COMMAND: Command = Command {
    id: "lesson",
    title: "Lesson on or off",
    keys: &["t"],
    scope: KeyScope::Everywhere,
    risk: Risk::Reads,
    questions: &[],
    lesson: |_| teach(),
    run: |_| vec![Action::ToggleLesson],
};

/// Switches between lessons that are always shown, the first time, or never.
pub(super) static MODE: Command = Command {
    id: "lessons",
    title: "Lessons: always, first time, never",
    keys: &[],
    scope: KeyScope::Everywhere,
    risk: Risk::Reads,
    questions: &[],
    lesson: |_| teach(),
    run: |_| vec![Action::NextLessonMode],
};

/// Copies the commands of the lesson.
pub(super) static COPY: Command = Command {
    id: "lesson-copy",
    title: "Copy the lesson's command",
    keys: &["ctrl-y"],
    scope: KeyScope::Everywhere,
    risk: Risk::Reads,
    questions: &[],
    lesson: |_| teach(),
    run: |_| vec![Action::CopyLesson],
};

/// Opens the whole lesson, where the user can copy each command.
pub(super) static OPEN: Command = Command {
    id: "lesson-open",
    title: "Open the lesson",
    keys: &["T"],
    scope: KeyScope::Everywhere,
    risk: Risk::Reads,
    questions: &[],
    lesson: |_| teach(),
    run: |_| vec![Action::OpenLesson],
};

/// Copies the selected command of the lesson.
pub(super) static COPY_COMMAND: Command = Command {
    id: "lesson-copy-command",
    title: "Copy the command",
    keys: &["c"],
    scope: KeyScope::View("lesson"),
    risk: Risk::Reads,
    questions: &[],
    lesson: |_| teach(),
    run: |_| vec![Action::Hand(Box::new(CopyCommand))],
};

fn teach() -> Lesson {
    lesson(
        "",
        "The lesson shows the commands that do the same without fluxdeck, why, and what to look for.",
        "the panel below.",
        "https://kubernetes.io/docs/reference/kubectl/",
    )
}
