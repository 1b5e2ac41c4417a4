//! The commands that change the working tree, the index or the history: the git screen requests and runs them, the
//! guard judges them.

use super::{VIEW, teach};
use crate::app::{Action, Ask, Command, CommandTarget, Risk};
use crate::model::ShellLine;
use crate::repo::git::{GitChange, Measured, Side, UnfinishedOperation, discarding};
use crate::views::git::act::{GitAction, side, unfinished};

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

/// Unstages files.
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

/// Stages a file that holds a key or a plain Secret, once the user typed its name.
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

/// Commits the staged changes.
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
            with_message(ask, "git commit --cleanup=whitespace"),
            "A commit is in no cluster until it is pushed: ‹key:git-push› pushes it and follows it until it is applied.",
            "the commit at the top of the list, `not pushed`.",
        )
    },
    run: |ask| {
        let message = ask.answer("message").unwrap_or_default().to_owned();
        vec![Action::Hand(Box::new(GitAction::Commit(message, ask.permit)))]
    },
};

fn with_message(ask: &Ask<'_>, line: &'static str) -> ShellLine {
    match ask.answer("message") {
        Some(message) => ShellLine::from(line).and_then(" -m {}", &[message]),
        None => ShellLine::from(line),
    }
}

/// Amends the last commit.
pub static AMEND: Command = Command {
    id: "git-amend-now",
    title: "Amend the last commit",
    keys: &[],
    scope: VIEW,
    risk: Risk::Writes,
    questions: &[],
    lesson: |ask| {
        teach(
            ask,
            with_message(ask, "git commit --amend --cleanup=whitespace"),
            "The last commit is made anew, of what it had and what is staged. One that is pushed is left alone: others have it, and Flux may have applied it.",
            "the same commit under another hash at the top of the list; git reflog knows the one before.",
        )
    },
    run: |ask| {
        let text = |id: &str| ask.answer(id).unwrap_or_default().to_owned();
        let wanted = GitAction::Amend { commit: text("commit"), message: text("message"), permit: ask.permit };
        vec![Action::Hand(Box::new(wanted))]
    },
};

/// Discards a file's changes, once the user typed its name.
pub static DISCARD: Command = Command {
    id: "git-discard-now",
    title: "Discard the changes of a file",
    keys: &[],
    scope: VIEW,
    risk: Risk::Destroys,
    questions: &[],
    lesson: |ask| {
        let line = discarding(side(ask).unwrap_or(Side::Unstaged))
            .iter()
            .fold(ShellLine::from("git --literal-pathspecs"), |line, word| line.word(word))
            .and_then(" --", &[]);
        let line = match ask.answer("path") {
            Some(path) => line.word(path),
            None => paths(ask).iter().fold(line, |line, path| line.word(path)),
        };
        let line = if ask.answer("path").is_none() && paths(ask).is_empty() { ShellLine::default() } else { line };
        let loss = ask.answer("loss").unwrap_or("what is changed in the file is lost: git has no copy of it");
        teach(ask, line, loss, "the file is gone from the list of changes.")
    },
    run: |ask| {
        let (Some(path), Some(side), Some(measured)) = (ask.answer("path"), side(ask), ask.answer("measured")) else {
            return Vec::new();
        };
        let measured = Measured::from_answer(measured);
        vec![Action::Hand(Box::new(GitAction::Discard(path.to_owned(), side, measured, ask.permit)))]
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
        teach(
            ask,
            "git fetch --recurse-submodules=no",
            "It learns what others pushed; no file changes.",
            "how far behind the branch is.",
        )
    },
    run: |ask| vec![Action::Hand(Box::new(GitAction::Update(GitChange::Fetch, ask.permit)))],
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
        if ask.flag("rebase") {
            teach(
                ask,
                "git pull --rebase --recurse-submodules=no",
                "It takes what others pushed and puts your own commits, which are not pushed, on top of it. Where both changed the same lines it stops: each file is settled, then it continues, or is aborted.",
                "the new commits below yours; REBASING IN PROGRESS where it stopped.",
            )
        } else {
            teach(
                ask,
                "git pull --ff-only --recurse-submodules=no",
                "The branch moves forward, or nothing happens.",
                "the new commits in the list.",
            )
        }
    },
    run: |ask| {
        let change = if ask.flag("rebase") { GitChange::PullRebase } else { GitChange::Pull };
        vec![Action::Hand(Box::new(GitAction::Update(change, ask.permit)))]
    },
};

/// Continues the stopped operation.
pub static CONTINUE: Command = Command {
    id: "git-continue-now",
    title: "Continue what git is in the middle of",
    keys: &[],
    scope: VIEW,
    risk: Risk::Writes,
    questions: &[],
    lesson: |ask| {
        let verb = unfinished(ask).unwrap_or(UnfinishedOperation::Rebase).verb();
        teach(
            ask,
            ShellLine::new("git {} --continue", &[verb]),
            "It takes the files as they are staged now, and continues with the next commit, where it may stop again.",
            "nothing IN PROGRESS any more, and your commits at the top of the list.",
        )
    },
    run: |ask| {
        let change = unfinished(ask).map(GitChange::Continue);
        change.map(|change| Action::Hand(Box::new(GitAction::Update(change, ask.permit)))).into_iter().collect()
    },
};

/// Leaves out the commit at which the operation stopped, once the user typed its name.
pub static SKIP: Command = Command {
    id: "git-skip-now",
    title: "Leave this commit out",
    keys: &[],
    scope: VIEW,
    risk: Risk::Destroys,
    questions: &[],
    lesson: |ask| {
        let [verb, how] = unfinished(ask).and_then(UnfinishedOperation::skipping).unwrap_or(["rebase", "--skip"]);
        teach(
            ask,
            ShellLine::new("git {} {}", &[verb, how]),
            "The commit at which it stopped is left out, and it goes on with the next. Right for a commit that is empty now, because the others have its change already; of any other the change is lost on this branch, and what was settled in its conflicts.",
            "nothing IN PROGRESS any more, and the list of commits without it.",
        )
    },
    run: |ask| {
        let change = unfinished(ask).map(GitChange::Skip);
        change.map(|change| Action::Hand(Box::new(GitAction::Update(change, ask.permit)))).into_iter().collect()
    },
};

/// Aborts the stopped operation, once the user typed its name.
pub static ABORT: Command = Command {
    id: "git-abort-now",
    title: "Abort what git is in the middle of",
    keys: &[],
    scope: VIEW,
    risk: Risk::Destroys,
    questions: &[],
    lesson: |ask| {
        let [verb, how] = unfinished(ask).unwrap_or(UnfinishedOperation::Rebase).aborting();
        teach(
            ask,
            ShellLine::new("git {} {}", &[verb, how]),
            "Everything is as it was before it began: your commits are, what others pushed is not taken. What was settled in conflicts since then is lost.",
            "nothing IN PROGRESS any more, and the branch as many commits ahead and behind as before.",
        )
    },
    run: |ask| {
        let change = unfinished(ask).map(GitChange::Abort);
        change.map(|change| Action::Hand(Box::new(GitAction::Update(change, ask.permit)))).into_iter().collect()
    },
};
