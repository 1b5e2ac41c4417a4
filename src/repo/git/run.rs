//! Running `git`: quiet, in plain English, never asking anything.

use crate::model::Fault;
use crate::programs::{Command, Kind};
use std::path::Path;

/// Prepares a call of git in a folder.
///
/// Optional locks are off so that looking never disturbs a git that the operator runs at the same time; prompts are off because the
/// screen is ours.
pub(super) fn command(folder: &Path, arguments: &[&str]) -> Command {
    prepared(Kind::Git, folder, arguments)
}

/// Prepares a call of git that commits, fetches or pushes: its hooks and credential helpers may see what logs in to a forge.
pub(super) fn writing(folder: &Path, arguments: &[&str]) -> Command {
    prepared(Kind::GitWrites, folder, arguments)
}

fn prepared(kind: Kind, folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(kind, "git");
    command
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .env("LC_ALL", "C")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_PAGER", "cat");
    command
}

/// Runs git and returns what it printed.
///
/// # Errors
/// Fails when git cannot be started or ends with an error; the fault carries git's own words.
pub(super) fn output(folder: &Path, what: &str, arguments: &[&str]) -> Result<Vec<u8>, Fault> {
    let output = command(folder, arguments).output().map_err(|error| not_started(what, &error))?;
    if output.status.success() { Ok(output.stdout) } else { Err(refused(what, folder, &output.stderr)) }
}

/// Tells that git could not be started.
pub(super) fn not_started(what: &str, error: &std::io::Error) -> Fault {
    if error.kind() == std::io::ErrorKind::NotFound {
        return Fault::failed(what, "the program git is not installed, or not on PATH", "install git");
    }
    Fault::failed(what, format!("git cannot be started: {error}"), "run `git status` in this folder")
}

/// Explains what git said on its standard error.
pub(super) fn refused(what: &str, folder: &Path, stderr: &[u8]) -> Fault {
    let said = String::from_utf8_lossy(stderr);
    let shown = folder.display();
    let (why, todo) = if said.contains("not a git repository") {
        (format!("{shown} is not in a git repository"), "name one with --repo, or run `git init` there".to_owned())
    } else if said.contains("must be run in a work tree") {
        (
            format!("{shown} is a bare repository, without files"),
            "open a clone or a worktree of it: `git worktree add`".to_owned(),
        )
    } else if said.contains("dubious ownership") {
        (
            format!("{shown} belongs to another user, and git does not trust it"),
            format!("if you trust it: git config --global --add safe.directory {shown}"),
        )
    } else {
        let first = said.lines().find(|line| !line.trim().is_empty()).unwrap_or("git gave no reason");
        (
            first.trim_start_matches("fatal: ").to_owned(),
            format!("the message is git's own; try `git -C {shown} status`"),
        )
    };
    Fault::failed(what, why, todo)
}
