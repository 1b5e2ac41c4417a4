//! The queries of the git screen before the guard's judgement: the destination of a push, the operation that git is in
//! the middle of, the changes that would be lost.

use super::act::{GitAction, GitAnswer};
use super::files::{ChangedFile, Group};
use super::{Git, WORKTREE, act, applied, dispatch, files_of, has_own_commits, state, tell};
use crate::app::{Action, CommandTarget, Notice, Scene, Task};
use crate::model::Fault;
use crate::repo::git::{self, Destination, GitState, Head, Side};

impl Git {
    /// Queries git for the destination of a push, for the guard to judge.
    pub(super) fn push(scene: &Scene<'_>) -> Vec<Action> {
        let Some(root) = scene.facts.repository.as_ref().map(|snapshot| snapshot.root.clone()) else {
            return Vec::new();
        };
        vec![Action::Task(Task::blocking("git remote", move |_| GitAnswer::Goes(git::destination(&root))))]
    }

    /// Requests the push, judged in each environment that the destination reaches.
    pub(super) fn push_to(scene: &Scene<'_>, to: &Destination) -> Vec<Action> {
        let followers = applied::followers(scene.facts, to);
        let mut targets: Vec<CommandTarget> = followers.into_iter().map(CommandTarget::Environment).collect();
        if targets.is_empty() {
            targets.push(CommandTarget::Worktree(format!("{}, which no environment follows", to.branch())));
        }
        dispatch(scene, "git-push-reconcile", targets, act::answers(to))
    }

    /// Pulls: the commits that are only here are rebased onto the pulled ones.
    pub(super) fn pull(scene: &Scene<'_>) -> Vec<Action> {
        let Some(Ok(state)) = state(scene) else { return Vec::new() };
        let answers = vec![("rebase".to_owned(), has_own_commits(state).to_string())];
        dispatch(scene, "git-pull-now", vec![CommandTarget::Worktree(WORKTREE.to_owned())], answers)
    }

    /// Requests the continuation, the skip or the abortion of the operation that git is in the middle of.
    pub(super) fn finish(wanted: &GitAction, scene: &Scene<'_>) -> Vec<Action> {
        let Some(operation) = state(scene).and_then(|state| state.as_ref().ok()?.operation) else { return Vec::new() };
        // The user types the name of what is lost.
        let (command, target) = match wanted {
            GitAction::Continue => ("git-continue-now", WORKTREE),
            GitAction::Skip => ("git-skip-now", operation.verb()),
            _ => ("git-abort-now", operation.verb()),
        };
        let answers = vec![("operation".to_owned(), operation.verb().to_owned())];
        dispatch(scene, command, vec![CommandTarget::Worktree(target.to_owned())], answers)
    }

    /// Tells why a command has no effect in git's present state.
    pub(super) fn refused(&self, command: &str, scene: &Scene<'_>) -> Option<String> {
        let state = match state(scene) {
            Some(Ok(state)) => state,
            Some(Err(fault)) => return Some(format!("{}: {}", fault.what, fault.why)),
            None => return Some("the repository is not read yet".to_owned()),
        };
        let files = files_of(scene);
        let middle = state.operation.map(|operation| format!("git is {}", operation.word()));
        let born = || {
            matches!(state.head, Head::Unborn(_))
                .then(|| "there is no commit yet: ‹key:git-message› makes the first".to_owned())
        };
        match command {
            "open" if self.history => self.entry().is_none().then(|| "there is no commit to look into".to_owned()),
            "open" => files.is_empty().then(|| "nothing is changed: there is nothing to open".to_owned()),
            "git-all" | "git-folder" if files.is_empty() => {
                Some("nothing is changed: there is nothing to stage".to_owned())
            }
            "git-folder" | "git-discard" if self.history || files.is_empty() => {
                Some("no changed file is selected: ‹key:panel-1› leads to them".to_owned())
            }
            "git-message" if middle.is_none() && !files.iter().any(|file| file.group == Group::Staged) => {
                Some("nothing is staged: ‹key:mark› stages the selected file, ‹key:git-all› stages all".to_owned())
            }
            // It waits for the commit.
            "git-push" if self.committing => None,
            "git-push" if state.head == Head::Detached => Some(
                "HEAD is detached, and no branch would carry the commit: git switch main, or git switch -c NAME"
                    .to_owned(),
            ),
            "git-push" => born().or_else(|| middle.map(|word| format!("{word}: finish that, then push"))),
            "git-pull" => state.operation.map(|operation| {
                let continues =
                    if operation.continuing().is_some() { "‹key:git-continue› continues, " } else { "" };
                format!("git is {}: finish that first, {continues}‹key:git-abort› aborts", operation.word())
            }),
            "git-amend" => born().or_else(|| {
                let upstream = state.upstream.as_ref().filter(|upstream| upstream.ahead == Some(0))?;
                Some(format!("the last commit is pushed, {} has it: mend it by another commit", upstream.name))
            }),
            "git-continue" => refuses_to_continue(state, &files),
            "git-skip" => match state.operation {
                Some(operation) => operation.skipping().is_none().then(|| {
                    let continues =
                        if operation.continuing().is_some() { "‹key:git-continue› continues, " } else { "" };
                    format!(
                        "git is {}, which is not done commit by commit: {continues}‹key:git-abort› aborts",
                        operation.word()
                    )
                }),
                None => Some(NOTHING.to_owned()),
            },
            "git-abort" if middle.is_none() => Some(NOTHING.to_owned()),
            _ => None,
        }
    }

    /// Checks that the last commit is not pushed, and reads its message.
    pub(super) fn write_amend(scene: &Scene<'_>) -> Vec<Action> {
        let Some(root) = scene.facts.repository.as_ref().map(|snapshot| snapshot.root.clone()) else {
            return Vec::new();
        };
        vec![Action::Task(Task::blocking("git log -1", move |_| {
            GitAnswer::Amendable(git::amendable(&root).map(|commit| (commit, git::last_message(&root))))
        }))]
    }

    /// Finds what a discard of the selected file would lose.
    pub(super) fn ask_discard(&self, scene: &Scene<'_>) -> Vec<Action> {
        let files = files_of(scene);
        let Some(chosen) = files.get(self.index(&files)).filter(|_| !self.history) else {
            return vec![tell(scene, "no changed file is selected: there is nothing to discard")];
        };
        let Some(root) = scene.facts.repository.as_ref().map(|snapshot| snapshot.root.clone()) else {
            return Vec::new();
        };
        if chosen.group == Group::Conflict {
            let fault = Fault::failed(
                "nothing was discarded",
                format!("{} is in conflict: it has two sides, and none of them is only yours", chosen.path),
                match state(scene).and_then(|state| state.as_ref().ok()?.operation) {
                    Some(_) => "‹key:edit› edits it, ‹key:mark› marks it as resolved; ‹key:git-abort› aborts",
                    // A stash that came back, for example: there is nothing to go back to.
                    None => {
                        "‹key:edit› edits it, ‹key:mark› keeps it as it is; git checkout --ours or --theirs -- FILE takes one side"
                    }
                },
            );
            return vec![Action::Tell(Notice::fault(scene.facts.now, fault))];
        }
        let (path, side) = (chosen.path.clone(), chosen.group.side());
        vec![Action::Task(Task::blocking("git diff", move |_| {
            // Measured before it is counted: a change in between is noticed.
            let loss = git::Measured::of(&root, &path).and_then(|it| Ok((loss(&root, &path, side)?, it)));
            GitAnswer::Loss(path, side, loss)
        }))]
    }
}

/// The reason against continuing and aborting.
const NOTHING: &str =
    "git is in the middle of nothing: ‹key:git-pull› pulls, ‹key:git-message› commits, ‹key:git-push› pushes";

/// Tells why the operation that git is in the middle of cannot continue.
fn refuses_to_continue(state: &GitState, files: &[ChangedFile]) -> Option<String> {
    let Some(operation) = state.operation else { return Some(NOTHING.to_owned()) };
    let mut conflicts = files.iter().filter(|file| file.group == Group::Conflict);
    if let Some(first) = conflicts.next() {
        let others = conflicts.count();
        let more = if others > 0 { format!(" and {others} more") } else { String::new() };
        return Some(format!(
            "{}{more} is still in conflict: ‹key:edit› edits it, ‹key:mark› marks it as resolved; ‹key:git-abort› aborts",
            first.path
        ));
    }
    operation.continuing().is_none().then(|| {
        "bisecting continues by telling git what is good: git bisect good, git bisect bad; ‹key:git-abort› ends it"
            .to_owned()
    })
}

/// Describes what a discard of a file's changes would lose.
fn loss(root: &std::path::Path, path: &str, side: Side) -> Result<String, Fault> {
    if path.ends_with('/') {
        let count = git::files(root, &[path.to_owned()])?.len();
        let files = if count == 1 { "1 file".to_owned() } else { format!("{count} files") };
        return Ok(format!("the folder {path} with {files} is deleted: git has never had any of it"));
    }
    let lines = git::diff_lines(&git::diff(root, path, side)?);
    let count = |kind| lines.iter().filter(|line| line.kind == kind).count();
    let (added, removed) = (count(git::DiffKind::Added), count(git::DiffKind::Removed));
    Ok(match side {
        Side::Untracked => format!("{path} is deleted, {added} lines: git has never had them"),
        Side::Unstaged => {
            format!(
                "{path} goes back to what is staged or committed: +{added} -{removed} lines are lost, git has no copy of them"
            )
        }
        Side::Staged => {
            format!(
                "{path} goes back to the last commit: +{added} -{removed} lines that are staged are lost, and what is changed in it since"
            )
        }
    })
}
