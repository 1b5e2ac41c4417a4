//! Opens the commits that changed the selection, and stops the search for them.

use super::verb::lesson;
use crate::app::{Action, Ask, Command, CommandTarget, KeyScope, Risk};
use crate::model::{Lesson, ShellLine};
use crate::views::history::{History, StopHistory};

/// Opens the commits that changed the rendered form of the selected object.
pub static COMMAND: Command = Command {
    id: "history",
    title: "History",
    keys: &["H"],
    scope: KeyScope::Object(|_| true),
    risk: Risk::Reads,
    questions: &[],
    lesson: |ask| {
        let files = ask.object().map(|(env, object)| ask.facts.files_of(env, object)).unwrap_or_default();
        let line = ShellLine::from("git log -p --").paths(&files);
        lesson(
            if files.is_empty() { ShellLine::from("git log -p") } else { line },
            "A file changes without the object changing, and an object changes by files of others: a base, a patch, a variable.",
            "the commit after which it began, and whether that was one to a base that both environments read.",
            "https://git-scm.com/docs/git-log",
        )
    },
    run: |ask| {
        let view = ask.object().map(|(env, object)| History::of_object(env, ask.facts.name(env), object));
        view.map(|view| Action::Push(Box::new(view))).into_iter().collect()
    },
};

/// Opens the commits that changed the selected file.
pub static FILE: Command = Command {
    id: "history-file",
    title: "History",
    keys: &["H"],
    scope: KeyScope::File(|_| true),
    risk: Risk::Reads,
    questions: &[],
    lesson: |ask| {
        let line = file(ask).map(|(_, path)| ShellLine::new("git log -p -- {}", &[path]));
        lesson(
            line.unwrap_or_else(|| ShellLine::from("git log -p")),
            "Each commit that changed the file, the newest first, with what it changed in it; encrypted values are named, never shown.",
            "who changed it last and why: ‹key:open› looks into the commit, and says what it does in each environment.",
            "https://git-scm.com/docs/git-log",
        )
    },
    run: |ask| {
        let view = file(ask).map(|(env, path)| History::of_file(env, path));
        view.map(|view| Action::Push(Box::new(view))).into_iter().collect()
    },
};

fn file<'a>(ask: &Ask<'a>) -> Option<(Option<crate::model::Env>, &'a str)> {
    ask.targets.iter().find_map(|target| match target {
        CommandTarget::File(env, path) => Some((*env, path.as_str())),
        _ => None,
    })
}

/// Stops the search.
pub static STOP: Command = Command {
    id: "history-stop",
    title: "Stop",
    keys: &["X"],
    scope: KeyScope::View("history"),
    risk: Risk::Reads,
    questions: &[],
    lesson: stopped,
    run: |_| vec![Action::Hand(Box::new(StopHistory))],
};

fn stopped(_: &Ask<'_>) -> Lesson {
    lesson(
        "",
        "It looks at no further commit; what it has found stays on the screen.",
        "how many commits were looked at.",
        "https://git-scm.com/docs/git-log",
    )
}
