//! What changes the working tree, the index and the history: the guard judges these; the git screen asks for them and does them.

use super::{VIEW, teach};
use crate::app::{Action, Ask, Command, CommandTarget, Risk};
use crate::model::ShellLine;
use crate::views::git::act::GitAction;

fn paths(ask: &Ask<'_>) -> Vec<String> {
    let path = |target: &CommandTarget| match target {
        CommandTarget::Worktree(path) => Some(path.clone()),
        _ => None,
    };
    ask.targets.iter().filter_map(path).collect()
}

fn shell(ask: &Ask<'_>, line: &'static str) -> ShellLine {
    paths(ask).iter().fold(ShellLine::from(line).and_then(" --", &[]), |line, path| line.word(path))
}

/// Stages files.
pub static STAGE: Command = Command {
    id: "git-stage",
    title: "Stage",
    keys: &[],
    scope: VIEW,
    risk: Risk::Writes,
    questions: &[],
    lesson: |ask| {
        let line = shell(ask, "git add -A");
        teach(ask, line, "The next commit takes what is staged, and nothing else.", "the file under `staged`.")
    },
    run: |ask| vec![Action::Hand(Box::new(GitAction::Move { stage: true, paths: paths(ask), permit: ask.permit }))],
};

/// Takes files out of the next commit.
pub static UNSTAGE: Command = Command {
    id: "git-unstage",
    title: "Unstage",
    keys: &[],
    scope: VIEW,
    risk: Risk::Writes,
    questions: &[],
    lesson: |ask| {
        let line = shell(ask, "git reset");
        teach(ask, line, "The file stays as it is; only the next commit goes without it.", "it under `not staged`.")
    },
    run: |ask| vec![Action::Hand(Box::new(GitAction::Move { stage: false, paths: paths(ask), permit: ask.permit }))],
};

/// Stages a file that holds a key or a plain Secret, once its name was typed.
pub static ANYWAY: Command = Command {
    id: "git-stage-anyway",
    title: "Let a key, a plain Secret or a new reader into the repository",
    keys: &[],
    scope: VIEW,
    risk: Risk::Destroys,
    questions: &[],
    lesson: |ask| {
        let line = shell(ask, "git add -A");
        teach(
            ask,
            line,
            "The file holds a private key or an unencrypted Secret, or adds a recipient that the last commit does not know. Once pushed it cannot be taken back: anyone who can read the repository has it.",
            "whether it is a throwaway; else encrypt it, or name it in .gitignore.",
        )
    },
    run: |ask| {
        let first = paths(ask).into_iter().next();
        first.map(|path| Action::Hand(Box::new(GitAction::Allow(path, ask.permit)))).into_iter().collect()
    },
};

/// Commits what is staged.
pub static COMMIT: Command = Command {
    id: "git-commit",
    title: "Commit what is staged",
    keys: &[],
    scope: VIEW,
    risk: Risk::Writes,
    questions: &[],
    lesson: |ask| {
        teach(
            ask,
            "git commit",
            "A commit is in no cluster until it is pushed: P pushes it and follows it until it is applied.",
            "the commit at the top of the list, `not pushed`.",
        )
    },
    run: |ask| {
        let message = ask.answer("message").unwrap_or_default().to_owned();
        vec![Action::Hand(Box::new(GitAction::Commit(message, ask.permit)))]
    },
};

/// Fetches from the remote.
pub static FETCH: Command = Command {
    id: "git-fetch-now",
    title: "Fetch from the remote",
    keys: &[],
    scope: VIEW,
    risk: Risk::Writes,
    questions: &[],
    lesson: |ask| {
        teach(ask, "git fetch", "It learns what others pushed; no file changes.", "how far behind the branch is.")
    },
    run: |ask| vec![Action::Hand(Box::new(GitAction::Update { pull: false, permit: ask.permit }))],
};

/// Pulls from the remote.
pub static PULL: Command = Command {
    id: "git-pull-now",
    title: "Pull from the remote",
    keys: &[],
    scope: VIEW,
    risk: Risk::Writes,
    questions: &[],
    lesson: |ask| {
        teach(
            ask,
            "git pull --ff-only",
            "The branch moves forward, or nothing happens.",
            "the new commits in the list.",
        )
    },
    run: |ask| vec![Action::Hand(Box::new(GitAction::Update { pull: true, permit: ask.permit }))],
};
