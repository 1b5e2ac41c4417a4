//! The commands of the git screen. Those with keys act through the view; the guard judges those that change something,
//! in `changes` and `push`.

pub mod changes;
pub mod push;

use super::known;
use super::verb::lesson;
use crate::app::{Action, Ask, Command, KeyScope, Risk};
use crate::model::{Lesson, ShellLine};
use crate::repo::git::{Side, UnfinishedOperation};
use crate::views::git::act::{GitAction, ToggleScope, unfinished};
use crate::views::git::diff::Diff;
use crate::views::git::{Git, has_own_commits};

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
            "git status --branch\ngit log --oneline -20",
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
            known::file(ask).map_or_else(ShellLine::default, |file| ShellLine::new("git diff HEAD -- {}", &[file])),
            "It shows what is changed since the last commit; encrypted values are named, never shown.",
            "only the lines that you meant to change.",
            "https://git-scm.com/docs/git-diff",
        )
    },
    run: |ask| {
        let Some(path) = known::file(ask).map(str::to_owned) else { return Vec::new() };
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
    ($(#[$doc:meta])* $name:ident, $id:literal, $title:literal, $key:literal, $shell:expr, $why:literal, $look:literal, $wanted:expr) => {
        $(#[$doc])*
        pub static $name: Command = Command {
            id: $id,
            title: $title,
            keys: &[$key],
            scope: VIEW,
            risk: Risk::Reads,
            questions: &[],
            lesson: |ask| teach(ask, $shell(ask), $why, $look),
            run: |_| vec![Action::Hand(Box::new($wanted))],
        };
    };
}

asks!(
    /// Stages the folder of the selected file.
    SPACE_FOLDER, "git-folder", "Stage the folder", "A", folder,
    "It stages every change in the folder of the selected file; where all is staged, it takes all out again.",
    "the files under `staged`.", GitAction::Toggle(ToggleScope::Folder)
);
asks!(
    /// Stages everything.
    SPACE_ALL, "git-all", "Stage all", "a", |_: &Ask<'_>| "git add -A",
    "It stages every change; where all is staged, it takes all out again.",
    "the files under `staged`.", GitAction::Toggle(ToggleScope::All)
);
asks!(
    /// Opens the message of a commit.
    WRITE, "git-message", "Commit", "c", |_: &Ask<'_>| "git commit",
    "A commit is what Flux applies as one: one reason, one commit. Hooks run, and their words are shown if they refuse.",
    "the staged files below the message.", GitAction::Write
);
asks!(
    /// Pushes, and reconciles the pushed commits.
    PUSH, "git-push", "Push and reconcile", "P", |_: &Ask<'_>| "git push",
    "Pushed commits reach every environment whose source follows the branch; each is then asked to fetch and apply them.",
    "which environments it names before it is done.", GitAction::Push
);
asks!(
    /// Fetches.
    FETCH, "git-fetch", "Fetch", "u", |_: &Ask<'_>| "git fetch --recurse-submodules=no",
    "It learns what others pushed; no file changes.",
    "how many commits the branch is behind.", GitAction::Fetch
);
asks!(
    /// Opens the message of the last commit, to amend it.
    AMEND, "git-amend", "Amend", "m", |_: &Ask<'_>| "git commit --amend",
    "It makes the last commit anew, with what is staged and another message, as long as it is not pushed.",
    "whether the commit is `not pushed`; one that is pushed is mended by the next.", GitAction::WriteAmend
);
asks!(
    /// Discards the changes of the selected file, after asking.
    DISCARD, "git-discard", "Discard", "-", discard,
    "It gives up what is changed in the file; git has no copy of what is not committed, so it says first what is lost.",
    "how many lines are lost, before its name is typed.", GitAction::AskDiscard
);

/// Pulls, and rebases the commits that are not pushed.
pub static PULL: Command = Command {
    id: "git-pull",
    title: "Pull",
    keys: &["L"],
    scope: VIEW,
    risk: Risk::Reads,
    questions: &[],
    lesson: |ask| {
        let state = ask.facts.repository.as_ref().and_then(|snapshot| snapshot.git.as_ref().ok());
        let line = if state.is_some_and(has_own_commits) {
            "git pull --rebase --recurse-submodules=no"
        } else {
            "git pull --ff-only --recurse-submodules=no"
        };
        teach(
            ask,
            line,
            "It takes what others pushed; your own commits that are not pushed are put on top of it. It never merges by itself.",
            "the new commits in the list, yours at its top.",
        )
    },
    run: |_| vec![Action::Hand(Box::new(GitAction::Pull))],
};

/// Continues the operation that git is in the middle of.
pub static CONTINUE: Command = Command {
    id: "git-continue",
    title: "Continue",
    keys: &["Y"],
    scope: VIEW,
    risk: Risk::Reads,
    questions: &[],
    lesson: |ask| {
        let verb = unfinished(ask).unwrap_or(UnfinishedOperation::Rebase).verb();
        teach(
            ask,
            ShellLine::new("git {} --continue", &[verb]),
            "A pull that stopped in a conflict continues, once each file is settled and staged.",
            "no file in conflict any more.",
        )
    },
    run: |_| vec![Action::Hand(Box::new(GitAction::Continue))],
};

/// Leaves out the commit at which the operation stopped that git is in the middle of.
pub static SKIP: Command = Command {
    id: "git-skip",
    title: "Leave this commit out",
    keys: &["_"],
    scope: VIEW,
    risk: Risk::Reads,
    questions: &[],
    lesson: |ask| {
        let [verb, how] = unfinished(ask).and_then(UnfinishedOperation::skipping).unwrap_or(["rebase", "--skip"]);
        teach(
            ask,
            ShellLine::new("git {} {}", &[verb, how]),
            "A rebase that stops at an empty commit goes on without it: what it changed is there already.",
            "the list of commits without it.",
        )
    },
    run: |_| vec![Action::Hand(Box::new(GitAction::Skip))],
};

/// Aborts the operation that git is in the middle of.
pub static ABORT: Command = Command {
    id: "git-abort",
    title: "Abort",
    keys: &["Q"],
    scope: VIEW,
    risk: Risk::Reads,
    questions: &[],
    lesson: |ask| {
        let [verb, how] = unfinished(ask).unwrap_or(UnfinishedOperation::Rebase).aborting();
        teach(
            ask,
            ShellLine::new("git {} {}", &[verb, how]),
            "A pull that stopped in a conflict is aborted, and everything is as it was before it.",
            "nothing IN PROGRESS any more.",
        )
    },
    run: |_| vec![Action::Hand(Box::new(GitAction::Abort))],
};

/// Returns the line that stages the folder of the selected file.
fn folder(ask: &Ask<'_>) -> ShellLine {
    let Some(file) = known::file(ask) else { return ShellLine::default() };
    let folder = crate::repo::path::parent(file);
    ShellLine::new("git add -A -- {}", &[if folder.is_empty() { "." } else { folder }])
}

/// Returns the line that discards the changes of the selected file.
fn discard(ask: &Ask<'_>) -> ShellLine {
    known::file(ask).map_or_else(ShellLine::default, |file| ShellLine::new("git restore --worktree -- {}", &[file]))
}

/// Teaches with git lines and the page of git's manual about the first, and names the affected environments.
fn teach(ask: &Ask<'_>, shell: impl Into<ShellLine>, why: &str, look_for: &str) -> Lesson {
    let shell = shell.into();
    let mut words = shell.as_str().split(' ').skip(1).filter(|word| !word.starts_with('-'));
    let page = format!("https://git-scm.com/docs/git-{}", words.next().unwrap_or("status"));
    lesson(shell, why, look_for, page).about(&known::places(ask))
}
