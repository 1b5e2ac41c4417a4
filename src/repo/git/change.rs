//! What changes the index, the history and the other side: stage, commit, push, fetch, pull. Each runs the `git` program as the operator set
//! it up, hooks and signing included.

use std::io::Write as _;
use std::path::Path;

use super::remote::{Destination, destination};
use super::run;
use crate::model::{Fault, FaultKind, Permit};
use crate::programs::ProgramCommand;

/// Stages what a path or folder holds, deletions too.
///
/// # Errors
/// Fails when another git holds the index, or git refuses.
pub fn stage(root: &Path, paths: &[String], _permit: &Permit) -> Result<(), Fault> {
    on_paths(root, "nothing was staged", &["add", "--all"], paths)
}

/// Takes paths out of the next commit; the files stay as they are.
///
/// # Errors
/// Fails when another git holds the index, or git refuses.
pub fn unstage(root: &Path, paths: &[String], _permit: &Permit) -> Result<(), Fault> {
    on_paths(root, "nothing was unstaged", &["reset", "--quiet"], paths)
}

fn on_paths(root: &Path, what: &str, verb: &[&str], paths: &[String]) -> Result<(), Fault> {
    // A file may be named like a pattern; it means itself.
    let mut arguments = vec!["--literal-pathspecs"];
    arguments.extend_from_slice(verb);
    arguments.push("--");
    arguments.extend(paths.iter().map(String::as_str));
    perform(run::staging(root, &arguments), root, what, None).map(|_| ())
}

/// A change that may ask for something: a passphrase, a password, whether a host key is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GitChange {
    /// Commits what is staged with a message; hooks run, and signing.
    Commit(String),
    /// Pushes HEAD.
    Push(Destination),
    /// Fetches from the remote that the branch follows.
    Fetch,
    /// Fetches and moves the branch forward; never merges.
    Pull,
}

impl GitChange {
    /// Makes the change without asking anybody, and returns what git and the hooks printed.
    ///
    /// # Errors
    /// Fails when nothing is staged, the message is empty, a hook or the other side refuses, it cannot be reached or is ahead, or somebody
    /// would have to be asked, which [`asks`] tells; the fault carries all that was printed.
    pub fn perform(&self, root: &Path, _permit: &Permit) -> Result<String, Fault> {
        let what = self.what();
        match self {
            Self::Commit(message) if message.trim().is_empty() => {
                Err(Fault::failed(what, "the message is empty", "say in a line what changes and why"))
            }
            Self::Commit(message) => {
                let arguments = ["commit", "--cleanup=whitespace", "--file=-"];
                perform(run::asked(root, &arguments), root, what, Some(message))
            }
            other => {
                let arguments = other.arguments();
                let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
                if let Self::Push(to) = other {
                    still_goes_there(root, to)?;
                    arguments.insert(3, "--porcelain");
                } else {
                    arguments.insert(1, "--no-progress");
                }
                perform(run::asked(root, &arguments), root, what, None)
            }
        }
    }

    /// Returns the call that makes the change on a terminal, where it may ask.
    pub fn on_terminal(&self) -> run::OnTerminal {
        run::on_terminal(self.arguments())
    }

    /// Returns what follows `git` and its settings on a line that makes the change.
    fn arguments(&self) -> Vec<String> {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        match self {
            Self::Commit(message) => words(&["commit", "--cleanup=whitespace", "-m", message]),
            Self::Push(to) => {
                // Nothing is left to settings: they could send tags, submodules or other branches along, or everything.
                let mirror = format!("remote.{}.mirror=false", to.remote);
                let pair = format!("refs/heads/{}:{}", to.from, to.reference);
                let follow: &[&str] = if to.followed { &[] } else { &["--set-upstream"] };
                let options = ["push", "--no-follow-tags", "--recurse-submodules=no"];
                words(&[&["-c", &mirror], &options[..], follow, &["--", to.remote.as_str(), pair.as_str()]].concat())
            }
            Self::Fetch => words(&["fetch", "--recurse-submodules=no"]),
            Self::Pull => words(&["pull", "--ff-only", "--recurse-submodules=no"]),
        }
    }

    fn what(&self) -> &'static str {
        match self {
            Self::Commit(_) => "nothing was committed",
            Self::Push(_) => "nothing was pushed",
            Self::Fetch => "nothing was fetched",
            Self::Pull => "nothing was pulled",
        }
    }
}

/// Returns the line of what a change printed that tells of a terminal which nobody had: a hook that went on without its answer says so.
pub fn missed_terminal(said: &str) -> Option<&str> {
    said.lines().find(|line| {
        let line = line.to_lowercase();
        line.contains("/dev/tty") && TERMINAL_WORDS.iter().skip(1).any(|words| line.contains(words))
    })
}

/// Tells whether a change failed because somebody would have had to be asked: on a terminal it may succeed.
pub fn asks(fault: &Fault) -> bool {
    [UNSIGNED, NO_CREDENTIALS, UNKNOWN_HOST, WANTS_TERMINAL].iter().any(|why| fault.why.starts_with(why))
}

/// Refuses a push whose address or branch became another since it was agreed to.
fn still_goes_there(root: &Path, agreed: &Destination) -> Result<(), Fault> {
    let now = destination(root)?;
    if now == *agreed {
        return Ok(());
    }
    Err(Fault::new(
        FaultKind::Refused,
        "nothing was pushed",
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

/// Returns HEAD's commit in full.
///
/// # Errors
/// Fails before the first commit.
pub fn head(root: &Path) -> Result<String, Fault> {
    let printed = run::output(root, "there is no commit", &["rev-parse", "HEAD"])?;
    Ok(String::from_utf8_lossy(&printed).trim().to_owned())
}

/// Runs a git that changes something; what it printed comes back, in a fault too.
fn perform(mut command: ProgramCommand, root: &Path, what: &str, input: Option<&str>) -> Result<String, Fault> {
    quiet(&mut command, root);
    if input.is_some() {
        command.piped_input();
    }
    let mut child = command.spawn().map_err(|error| run::not_started(what, &error))?;
    if let (Some(mut stdin), Some(text)) = (child.stdin(), input) {
        // A git that ends early closes the pipe; why it ended is told below.
        let _closed = stdin.write_all(text.as_bytes());
    }
    let output = child.finish().map_err(|error| run::not_started(what, &error))?;
    let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
    said.push_str(&String::from_utf8_lossy(&output.stderr));
    let said = without_credentials(said.trim());
    if output.status.success() { Ok(said) } else { Err(explain(root, what, &said)) }
}

/// Keeps programs that git starts from asking anything on the terminal, which is ours.
fn quiet(command: &mut ProgramCommand, root: &Path) {
    let ssh = std::env::var("GIT_SSH_COMMAND").ok().filter(|line| !line.is_empty()).or_else(|| {
        let printed = run::output(root, "", &["config", "--get", "core.sshCommand"]).ok()?;
        Some(String::from_utf8_lossy(&printed).trim().to_owned()).filter(|line| !line.is_empty())
    });
    command
        .env("GIT_SSH_COMMAND", format!("{} -oBatchMode=yes", ssh.as_deref().unwrap_or("ssh")))
        .env("GIT_EDITOR", "true");
}

/// Cuts the user's part out of addresses: `https://user:token@host` may hold a token.
fn without_credentials(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        clean.push_str(before);
        clean.push_str("://");
        let end = after.find(|letter: char| letter == '/' || letter.is_whitespace()).unwrap_or(after.len());
        let (authority, tail) = after.split_at(end);
        clean.push_str(authority.rsplit_once('@').map_or(authority, |(_, host)| host));
        rest = tail;
    }
    clean.push_str(rest);
    clean
}

const UNSIGNED: &str = "the commit could not be signed: the key wants a passphrase, or is missing";
const NO_CREDENTIALS: &str = "the server wants credentials that nobody gave";
const UNKNOWN_HOST: &str = "the server's host key is not known";
const WANTS_TERMINAL: &str = "a hook, or a program that git started, wants to ask on the terminal";

/// What programs say, in small letters, that find no terminal to ask on: shells, Go, Node, sudo, docker, stty, ssh.
const TERMINAL_WORDS: &[&str] = &[
    "/dev/tty",
    "no such device or address",
    "not a tty",
    "not a terminal",
    "no tty",
    "a terminal is required",
    "inappropriate ioctl for device",
    "no terminal",
    "without a terminal",
];

/// The causes that git tells by their words (its messages in the C locale), with what to do about each.
const CAUSES: &[(&[&str], &str, &str)] = &[
    (
        &["index.lock", "Another git process"],
        "another git works in this repository",
        "wait for it to end; a crashed one leaves .git/index.lock, which you may then remove",
    ),
    (
        &["nothing to commit", "no changes added to commit", "nothing added to commit"],
        "nothing is staged",
        "space stages the file that is selected, a stages all",
    ),
    (
        &["Please tell me who you are", "empty ident", "Author identity unknown"],
        "git does not know the author",
        "git config user.name NAME; git config user.email ADDRESS",
    ),
    (
        &["unmerged files", "is not possible because you have unmerged", "fix conflicts"],
        "files are in conflict",
        "settle each file marked !, stage it, then commit",
    ),
    (&["failed to sign", "gpg failed", "error: Load key"], UNSIGNED, "unlock the key in a terminal, or commit there"),
    (
        &["(non-fast-forward)", "(fetch first)", "fetch first", "tip of your current branch is behind"],
        "the other side has commits that are not here",
        "u pulls them if nothing is in the way; else git rebase origin/BRANCH",
    ),
    (
        &["Not possible to fast-forward", "Diverging branches", "divergent"],
        "both sides have commits of their own",
        "git rebase on the branch that is followed, then push",
    ),
    (&["would be overwritten"], "changed files are in the way", "commit or stash them first"),
    (
        &["[remote rejected]", "hook declined"],
        "the server refused it",
        "its own words are below; a protected branch wants a pull request",
    ),
    (
        &[
            "could not read Username",
            "could not read Password",
            "terminal prompts disabled",
            "Authentication failed",
            "Permission denied (publickey",
            "Permission denied, please",
            "Invalid username or",
        ],
        NO_CREDENTIALS,
        "run this git line once in a terminal, or set up a credential helper or ssh-agent",
    ),
    (
        &["Host key verification failed"],
        UNKNOWN_HOST,
        "connect once with ssh in a terminal, and compare the fingerprint",
    ),
    (
        &[
            "Could not resolve host",
            "unable to access",
            "Connection refused",
            "Connection timed out",
            "Could not read from remote",
            "does not appear to be a git repository",
            "unable to connect",
        ],
        "the remote cannot be reached",
        "is its address right (git remote -v), and the network up?",
    ),
    (
        &["no tracking information", "No remote repository specified", "no upstream"],
        "the branch follows none",
        "P pushes it and sets what it follows",
    ),
    (&["not currently on a branch"], "HEAD is detached", "git switch NAME puts you on a branch"),
];

fn explain(root: &Path, what: &str, said: &str) -> Fault {
    let cause = CAUSES.iter().find(|(words, ..)| words.iter().any(|word| said.contains(word)));
    if let Some((_, why, todo)) = cause {
        return Fault::failed(what, format!("{why}\n{said}"), *todo);
    }
    let small = said.to_lowercase();
    if TERMINAL_WORDS.iter().any(|words| small.contains(words)) {
        return Fault::failed(
            what,
            format!("{WANTS_TERMINAL}\n{said}"),
            "run the same git line in a terminal of your own",
        );
    }
    let general = run::refused(what, root, said.as_bytes());
    if general.todo.contains("the message is git's own") {
        // git says nothing of its own when a hook refuses: all that is printed is the hook's.
        return Fault::new(
            FaultKind::Refused,
            what,
            format!("git or one of its hooks refused\n{said}"),
            "its own words are below; mend what they name and try again",
        );
    }
    general
}

#[cfg(test)]
mod tests;
