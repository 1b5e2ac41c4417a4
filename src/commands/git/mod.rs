//! The commands of the git screen. Those with keys ask the view; those that change something are judged by the guard, in `changes` and `push`.

pub mod changes;
pub mod push;

use super::verb::lesson;
use crate::app::{Action, Ask, Command, CommandTarget, KeyScope, Risk};
use crate::model::{Lesson, ShellLine};
use crate::repo::git::Side;
use crate::views::git::Git;
use crate::views::git::act::{GitAction, ToggleScope};
use crate::views::git::diff::Diff;

const DOCS: &str = "https://git-scm.com/docs";
const VIEW: KeyScope = KeyScope::View("git");

/// Opens the git screen.
pub static OPEN: Command = Command {
    id: "git",
    title: "Git",
    keys: &["v"],
    scope: KeyScope::Everywhere,
    risk: Risk::Reads,
    questions: &[],
    lesson: |_| {
        lesson(
            "git status --branch && git log --oneline",
            "Flux applies what is pushed: what is not committed and pushed is in no cluster.",
            "files in conflict first; then what is staged, and commits that are not pushed.",
            "https://git-scm.com/docs/git-status",
        )
    },
    run: |_| vec![Action::Push(Box::new(Git::new()))],
};

/// Opens the difference of the selected file.
pub static DIFF: Command = Command {
    id: "git-diff",
    title: "Difference",
    keys: &["="],
    scope: KeyScope::File(|_| true),
    risk: Risk::Reads,
    questions: &[],
    lesson: |ask| {
        lesson(
            ShellLine::new("git diff -- {}", &[&file(ask)]),
            "It shows what is changed since the last commit; encrypted values are named, never shown.",
            "only the lines that you meant to change.",
            "https://git-scm.com/docs/git-diff",
        )
    },
    run: |ask| {
        let path = file(ask);
        let state = ask.facts.repository.as_ref().and_then(|snapshot| snapshot.git.as_ref().ok());
        let side = match state.and_then(|state| state.mark(&path)) {
            Some(mark) if mark.is_untracked() => Side::Untracked,
            Some(mark) if mark.worktree == ' ' => Side::Staged,
            _ => Side::Unstaged,
        };
        vec![Action::Push(Box::new(Diff::new(&path, side)))]
    },
};

macro_rules! asks {
    ($(#[$doc:meta])* $name:ident, $id:literal, $title:literal, $key:literal, $shell:literal, $why:literal, $look:literal, $wanted:expr) => {
        $(#[$doc])*
        pub static $name: Command = Command {
            id: $id,
            title: $title,
            keys: &[$key],
            scope: VIEW,
            risk: Risk::Reads,
            questions: &[],
            lesson: |_| lesson($shell, $why, $look, DOCS),
            run: |_| vec![Action::Hand(Box::new($wanted))],
        };
    };
}

asks!(
    /// Stages the folder of the selected file.
    SPACE_FOLDER, "git-folder", "Stage the folder", "A", "git add -A -- FOLDER",
    "It stages every change in the folder of the selected file; where all is staged, it takes all out again.",
    "the files under `staged`.", GitAction::Toggle(ToggleScope::Folder)
);
asks!(
    /// Stages everything.
    SPACE_ALL, "git-all", "Stage all", "a", "git add -A",
    "It stages every change; where all is staged, it takes all out again.",
    "the files under `staged`.", GitAction::Toggle(ToggleScope::All)
);
asks!(
    /// Opens the message of a commit.
    WRITE, "git-message", "Commit", "c", "git commit",
    "A commit is what Flux applies as one: one reason, one commit. Hooks run, and their words are shown if they refuse.",
    "the staged files below the message.", GitAction::Write
);
asks!(
    /// Pushes, and reconciles what was pushed.
    PUSH, "git-push", "Push and reconcile", "P", "git push",
    "Pushed commits reach every environment whose source follows the branch; each is then asked to fetch and apply them.",
    "which environments it names before it is done.", GitAction::Push
);
asks!(
    /// Fetches.
    FETCH, "git-fetch", "Fetch", "u", "git fetch",
    "It learns what others pushed; no file changes.",
    "how many commits the branch is behind.", GitAction::Fetch
);
asks!(
    /// Pulls, if it moves forward.
    PULL, "git-pull", "Pull", "L", "git pull --ff-only",
    "It takes what others pushed if the branch only moves forward; it never merges by itself.",
    "the new commits at the top of the list.", GitAction::Pull
);

/// Returns the file that is selected, as it stands in lessons.
fn file(ask: &Ask<'_>) -> String {
    ask.targets.first().map_or_else(|| "FILE".to_owned(), CommandTarget::name)
}

/// Teaches with a git line, and names the environments that are concerned.
fn teach(ask: &Ask<'_>, shell: impl Into<ShellLine>, why: &str, look_for: &str) -> Lesson {
    let envs: Vec<&str> = ask.targets.iter().filter_map(CommandTarget::env).map(|env| ask.facts.name(env)).collect();
    let shell = shell.into();
    lesson(if envs.is_empty() { shell } else { shell.remark(&envs.join(", ")) }, why, look_for, DOCS)
}
