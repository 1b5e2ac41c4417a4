//! Changes to the files, the index, the history and the remote: stage, discard, commit, amend, push, fetch, pull, and
//! continuing a stopped operation. Each runs the `git` program as the operator set it up, hooks and signing included.

use std::io::Write as _;
use std::path::Path;

use super::Repository;
use super::cause::{NOT_AMENDED, NOT_COMMITTED, NOT_PUSHED, explain};
use super::commit::pushed_to;
use super::remote::{Destination, destination};
use super::run;
use super::status::{UnfinishedOperation, operation};
use crate::model::text::without_credentials;
use crate::model::{Fault, FaultKind, Permit};
use crate::programs::ProgramCommand;

/// Stages files and folders, deletions too, and returns those that are gone and that git never had: a build or an
/// editor may have deleted them since they were listed.
///
/// # Errors
/// Fails when another git holds the index, or git refuses.
pub fn stage(root: &Path, paths: &[String], _permit: &Permit) -> Result<Vec<String>, Fault> {
    let (mut wanted, mut gone) = (paths.to_vec(), Vec::new());
    // Without a path git would stage everything.
    while !wanted.is_empty() {
        let fault = match on_paths(root, "nothing was staged", &["add", "--all"], &wanted) {
            Ok(()) => break,
            Err(fault) => fault,
        };
        let is_gone = |path: &&String| {
            fault.why.contains(&format!("pathspec '{path}' did not match"))
                && root.join(path).symlink_metadata().is_err()
        };
        let Some(vanished) = wanted.iter().find(is_gone).cloned() else { return Err(fault) };
        wanted.retain(|path| *path != vanished);
        gone.push(vanished);
    }
    Ok(gone)
}

/// Takes paths out of the next commit; the files stay as they are.
///
/// # Errors
/// Fails if another git holds the index, or git refuses.
pub fn unstage(root: &Path, paths: &[String], _permit: &Permit) -> Result<(), Fault> {
    on_paths(root, "nothing was unstaged", &["reset", "--quiet"], paths)
}

pub(super) fn on_paths(root: &Path, what: &str, verb: &[&str], paths: &[String]) -> Result<(), Fault> {
    // A file name may look like a pattern; it is taken literally.
    let mut arguments = vec!["--literal-pathspecs"];
    arguments.extend_from_slice(verb);
    arguments.push("--");
    arguments.extend(paths.iter().map(String::as_str));
    perform(run::staging(root, &arguments), root, what, None).map(|_| ())
}

/// A change that may prompt: for a passphrase, a password, or the key of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GitChange {
    /// Commits the staged files with a message; hooks and signing run.
    Commit(String),
    /// Pushes the commit that was agreed to.
    Push(Destination),
    /// Fetches from the remote that the branch follows.
    Fetch,
    /// Fetches and moves the branch forward; never merges.
    Pull,
    /// Fetches, and rebases the local commits onto the fetched ones.
    PullRebase,
    /// Recreates a commit, which must still be the last one, with the staged changes and a message.
    Amend {
        /// The commit that was shown.
        commit: String,
        /// The new message.
        message: String,
    },
    /// Continues a stopped operation.
    Continue(UnfinishedOperation),
    /// Leaves out the commit at which an operation stopped, and continues.
    Skip(UnfinishedOperation),
    /// Aborts a stopped operation, and restores the state before it.
    Abort(UnfinishedOperation),
}

impl GitChange {
    /// Makes the change without a prompt, and returns the output of git and the hooks.
    ///
    /// # Errors
    /// Fails if nothing is staged, the message is empty, a hook or the remote refuses, the remote is unreachable or
    /// ahead, or git would have to prompt, which [`super::asks`] recognizes; the fault carries the whole output.
    pub fn perform(&self, root: &Path, _permit: &Permit) -> Result<String, Fault> {
        let what = self.what();
        self.check_agreed(root)?;
        match self {
            Self::Commit(message) | Self::Amend { message, .. } if message.trim().is_empty() => {
                Err(Fault::failed(what, "the message is empty", "say in a line what changes and why"))
            }
            Self::Commit(message) => {
                let arguments = ["commit", "--cleanup=whitespace", "--file=-"];
                perform(run::asked(root, &arguments), root, what, Some(message))
            }
            Self::Amend { message, .. } => {
                let arguments = ["commit", "--amend", "--cleanup=whitespace", "--file=-"];
                perform(run::asked(root, &arguments), root, what, Some(message))
            }
            other => {
                let arguments = other.arguments();
                let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
                if matches!(other, Self::Push(_)) {
                    arguments.insert(3, "--porcelain");
                } else if matches!(other, Self::Fetch | Self::Pull | Self::PullRebase) {
                    arguments.insert(1, "--no-progress");
                }
                let said = perform(run::asked(root, &arguments), root, what, None)?;
                self.conclude(root)?;
                Ok(said)
            }
        }
    }

    /// Returns the call that makes the change on a terminal, where git may prompt.
    ///
    /// # Errors
    /// Refuses as [`GitChange::perform`] does if the repository has changed since the user agreed.
    pub fn on_terminal(&self, root: &Path) -> Result<run::OnTerminal, Fault> {
        self.check_agreed(root)?;
        Ok(run::on_terminal(self.arguments()))
    }

    /// Sets the upstream after a first push: git sets none itself where a commit is pushed by its hash.
    ///
    /// # Errors
    /// Fails when git cannot write the configuration; the commit is pushed all the same.
    pub fn conclude(&self, root: &Path) -> Result<(), Fault> {
        let Self::Push(to) = self else { return Ok(()) };
        if to.followed {
            return Ok(());
        }
        for (key, value) in [("remote", &to.remote), ("merge", &to.reference)] {
            let key = format!("branch.{}.{key}", to.from);
            let what = "the commit is pushed, but the branch does not follow it yet";
            perform(run::staging(root, &["config", &key, value]), root, what, None)?;
        }
        Ok(())
    }

    /// Refuses a change whose commit, branch or destination differs from what the user agreed to. Both ways of running
    /// a change pass through here right before git runs.
    fn check_agreed(&self, root: &Path) -> Result<(), Fault> {
        match self {
            Self::Push(to) => {
                not_in_the_middle(root, self.what(), "push")?;
                still_goes_there(root, to)
            }
            Self::Amend { commit, .. } => match amendable(root)? {
                last if last == *commit => Ok(()),
                last => Err(moved(self.what(), "amend", commit, &last)),
            },
            Self::Commit(_)
            | Self::Fetch
            | Self::Pull
            | Self::PullRebase
            | Self::Continue(_)
            | Self::Skip(_)
            | Self::Abort(_) => Ok(()),
        }
    }

    /// Returns the words after `git` and its settings on the command line of the change.
    fn arguments(&self) -> Vec<String> {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        match self {
            Self::Commit(message) => words(&["commit", "--cleanup=whitespace", "-m", message]),
            Self::Push(to) => {
                // Settings decide nothing here: they could push tags, submodules, other branches, or everything.
                let mirror = format!("remote.{}.mirror=false", to.remote);
                let pair = format!("{}:{}", to.commit, to.reference);
                let options = ["push", "--no-follow-tags", "--recurse-submodules=no"];
                words(&[&["-c", &mirror], &options[..], &["--", to.remote.as_str(), pair.as_str()]].concat())
            }
            Self::Fetch => words(&["fetch", "--recurse-submodules=no"]),
            // A stash that nobody asked for may come back in conflict after a pull that succeeded.
            Self::Pull => words(&["pull", "--ff-only", "--no-autostash", "--recurse-submodules=no"]),
            Self::PullRebase => words(&["pull", "--rebase", "--no-autostash", "--recurse-submodules=no"]),
            Self::Amend { message, .. } => words(&["commit", "--amend", "--cleanup=whitespace", "-m", message]),
            // Only the operator continues an operation that needs a different step each time.
            Self::Continue(operation) => words(&operation.continuing().unwrap_or(["status", "--short"])),
            Self::Skip(operation) => words(&operation.skipping().unwrap_or(["status", "--short"])),
            Self::Abort(operation) => words(&operation.aborting()),
        }
    }

    fn what(&self) -> &'static str {
        match self {
            Self::Commit(_) => NOT_COMMITTED,
            Self::Push(_) => NOT_PUSHED,
            Self::Fetch => "nothing was fetched",
            Self::Pull | Self::PullRebase => "nothing was pulled",
            Self::Amend { .. } => NOT_AMENDED,
            Self::Continue(_) => "it does not go on yet",
            Self::Skip(_) => "the commit was not left out",
            Self::Abort(_) => "it was not left",
        }
    }
}

/// Refuses a push whose address or branch has changed since the user agreed to it.
fn still_goes_there(root: &Path, agreed: &Destination) -> Result<(), Fault> {
    let now = destination(root)?;
    if now == *agreed {
        return Ok(());
    }
    if agreed.commit != now.commit && agreed.from == now.from {
        return Err(moved(NOT_PUSHED, "push", &agreed.commit, &now.commit));
    }
    Err(Fault::new(
        FaultKind::Refused,
        NOT_PUSHED,
        format!(
            "it was agreed to push {} to {} of {}, and git would now push {} to {} of {}",
            agreed.from,
            agreed.branch(),
            agreed.remote,
            now.from,
            now.branch(),
            now.remote
        ),
        "look at the branch and its remote (git remote -v), and push again",
    ))
}

/// Refuses a change whose commit is no longer the last one of the branch.
fn moved(what: &str, verb: &str, agreed: &str, now: &str) -> Fault {
    let short = |commit: &str| crate::model::revision::short(commit).to_owned();
    Fault::new(
        FaultKind::Refused,
        what,
        format!(
            "the branch has moved: it was agreed to {verb} {}, and its last commit is now {}",
            short(agreed),
            short(now)
        ),
        format!("look at the new commits, and {verb} again"),
    )
}

/// Refuses a change that would take the commits of an unfinished operation for the operator's own.
fn not_in_the_middle(root: &Path, what: &str, verb: &str) -> Result<(), Fault> {
    let Some(operation) = operation(&Repository::discover(root)?.git_dir) else { return Ok(()) };
    Err(Fault::new(
        FaultKind::Refused,
        what,
        format!("git is {}: its last commit is not the one that is being made", operation.word()),
        format!(
            "‹key:git-continue|git rebase --continue› continues, ‹key:git-abort|git rebase --abort› aborts; then {verb}"
        ),
    ))
}

/// Returns the last commit, unless a remote has it: the old one would stay there, and the branch could not be pushed.
///
/// # Errors
/// Refuses a commit that a remote has, refuses any during an unfinished operation, and fails before the first.
pub fn amendable(root: &Path) -> Result<String, Fault> {
    not_in_the_middle(root, NOT_AMENDED, "amend")?;
    let last = head(root)?;
    let there = pushed_to(root, &last);
    let Some(first) = there.first() else { return Ok(last) };
    Err(Fault::new(
        FaultKind::Refused,
        NOT_AMENDED,
        format!(
            "the last commit is pushed: {first} has it, and what Flux applied may be it. Made anew it would be another commit, which the remote refuses without force"
        ),
        "mend it by a new commit (‹key:git-message|git commit›), or take it back by one: git revert HEAD",
    ))
}

/// Returns HEAD's commit in full.
///
/// # Errors
/// Fails before the first commit.
pub fn head(root: &Path) -> Result<String, Fault> {
    let printed = run::output(root, "there is no commit", &["rev-parse", "HEAD"])?;
    Ok(String::from_utf8_lossy(&printed).trim().to_owned())
}

/// Runs a git that changes something; returns its output, in a fault too.
fn perform(mut command: ProgramCommand, root: &Path, what: &str, input: Option<&str>) -> Result<String, Fault> {
    quiet(&mut command, root);
    if input.is_some() {
        command.piped_input();
    }
    let mut child = command.spawn().map_err(|error| run::not_started(what, &error))?;
    if let (Some(mut stdin), Some(text)) = (child.stdin(), input) {
        // A git that ends early closes the pipe; its reason is reported below.
        let _closed = stdin.write_all(text.as_bytes());
    }
    let output = child.finish().map_err(|error| run::not_started(what, &error))?;
    let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
    said.push_str(&String::from_utf8_lossy(&output.stderr));
    // A program that shows its progress overwrites its own line.
    let lines: Vec<&str> = said.trim().lines().map(|line| line.rsplit('\r').next().unwrap_or(line)).collect();
    let said = without_credentials(&without_sequences(&lines.join("\n")));
    if !output.status.success() {
        return Err(explain(root, what, &said));
    }
    if said.contains("autostash resulted in conflicts") {
        return Err(Fault::failed(
            "your uncommitted changes are not back",
            format!("all else is done, and the changes that git stashed before it conflict with what came\n{said}"),
            "they are kept: git stash list names them. Settle the files in conflict, then git stash drop",
        ));
    }
    Ok(said)
}

/// Cuts the control sequences of a terminal out (ECMA-48, CSI): git clears its progress line by one.
fn without_sequences(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut clean = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|letter| ('@'..='~').contains(&letter));
        clean.push_str(end.and_then(|end| part.get(end.saturating_add(1)..)).unwrap_or_default());
    }
    clean
}

/// Keeps programs that git starts from prompting on the terminal, which is ours.
fn quiet(command: &mut ProgramCommand, root: &Path) {
    let ssh = std::env::var("GIT_SSH_COMMAND").ok().filter(|line| !line.is_empty()).or_else(|| {
        let printed = run::output(root, "", &["config", "--get", "core.sshCommand"]).ok()?;
        Some(String::from_utf8_lossy(&printed).trim().to_owned()).filter(|line| !line.is_empty())
    });
    command
        .env("GIT_SSH_COMMAND", format!("{} -oBatchMode=yes", ssh.as_deref().unwrap_or("ssh")))
        .env("GIT_EDITOR", "true");
}

#[cfg(test)]
mod tests;
