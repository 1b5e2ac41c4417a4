//! The causes of git's refusals, by its words, with what to do about each. git's own words follow the cause on lines of
//! their own, without those that only tell where a push went.

use std::path::Path;

use super::run;
use crate::model::{Fault, FaultKind};

/// The event of a push that did not go through.
pub(super) const NOT_PUSHED: &str = "nothing was pushed";

/// The event of a commit that was not made.
pub(super) const NOT_COMMITTED: &str = "nothing was committed";

/// The event of a commit that was not made anew.
pub(super) const NOT_AMENDED: &str = "nothing was amended";

/// The hooks that may refuse a commit.
const COMMIT_HOOKS: &[&str] = &["pre-commit", "prepare-commit-msg", "commit-msg"];

/// Returns the line of the output that complains of a missing terminal: a hook that went on without an answer prints
/// it.
pub fn missed_terminal(said: &str) -> Option<&str> {
    said.lines().find(|line| {
        let line = line.to_lowercase();
        line.contains("/dev/tty") && TERMINAL_WORDS.iter().skip(1).any(|words| line.contains(words))
    })
}

/// Tells whether a change failed because git had to prompt: on a terminal it may succeed.
pub fn asks(fault: &Fault) -> bool {
    [UNSIGNED, NO_CREDENTIALS, UNKNOWN_HOST, WANTS_TERMINAL].iter().any(|why| fault.why.starts_with(why))
}

const UNSIGNED: &str = "the commit could not be signed: the key wants a passphrase, or is missing";
const NO_CREDENTIALS: &str = "the server wants credentials that nobody gave";
const UNKNOWN_HOST: &str = "the server's host key is not known";
const WANTS_TERMINAL: &str = "a hook, or a program that git started, wants to ask on the terminal";

/// The words, in small letters, of programs that find no terminal for a prompt: shells, Go, Node, sudo, docker, stty,
/// ssh.
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

/// The causes by the words of git (its messages in the C locale), with what to do about each.
const CAUSES: &[(&[&str], &str, &str)] = &[
    // git adds its status to this one.
    (
        &["No changes - did you forget", "is now empty"],
        "what the commit changed is there already",
        "‹key:git-skip|git rebase --skip› leaves the commit out, and goes on with the next",
    ),
    (
        &["index.lock", "Another git process"],
        "another git works in this repository",
        "wait for it to end; a crashed one leaves .git/index.lock, which you may then remove",
    ),
    (
        &["nothing to commit", "no changes added to commit", "nothing added to commit"],
        "nothing is staged",
        "‹key:mark|git add FILE› stages the file that is selected, ‹key:git-all|git add -A› stages all",
    ),
    (
        &["Please tell me who you are", "empty ident", "Author identity unknown"],
        "git does not know the author",
        "git config user.name NAME; git config user.email ADDRESS",
    ),
    (
        &["CONFLICT ("],
        "it stopped: both sides changed the same lines",
        "the files in conflict stand first in the git screen (‹key:git|git status›): ‹key:edit|an editor› edits each, ‹key:mark|git add› marks it as resolved; then ‹key:git-continue|git rebase --continue› continues, or ‹key:git-abort|git rebase --abort› aborts",
    ),
    (
        &[
            "unmerged files",
            "is not possible because you have unmerged",
            "fix conflicts",
            "edit all merge conflicts",
            "mark them as resolved",
        ],
        "files are in conflict",
        "‹key:edit|an editor› edits each file marked !, ‹key:mark|git add› marks it as resolved; then ‹key:git-continue|git rebase --continue› continues, or ‹key:git-abort|git rebase --abort› aborts",
    ),
    (
        &["cannot pull with rebase", "cannot rebase:"],
        "changed files are in the way",
        "‹key:git-message|git commit› commits what is staged, ‹key:git-discard|git restore FILE› discards a file's changes; then pull again",
    ),
    (&["failed to sign", "gpg failed", "error: Load key"], UNSIGNED, "unlock the key in a terminal, or commit there"),
    (
        &["(non-fast-forward)", "(fetch first)", "fetch first", "tip of your current branch is behind"],
        "the other side has commits that are not here",
        "‹key:git-pull|git pull --rebase› pulls them, and puts your commits on top; then ‹key:git-push|git push› pushes",
    ),
    (
        &["Not possible to fast-forward", "Diverging branches", "divergent"],
        "both sides have commits of their own",
        "‹key:git-pull|git pull --rebase› pulls, and puts your commits on top",
    ),
    (&["would be overwritten"], "changed files are in the way", "commit or stash them first"),
    (
        &[
            "Permission to ",
            "error: 403",
            "marked as read only",
            "not allowed to push",
            "Write access to repository not granted",
            "permission denied for writing",
        ],
        "the server knows the account, and it has no permission there",
        "ask the repository's owner for write access, or use another account or key: git remote -v names the address",
    ),
    (
        &["Repository not found", "repository not found", "error: 404"],
        "the server has no such repository, or hides it from this account",
        "is the address right (git remote -v), and the account the one that may see it?",
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
        &["Could not resolve host"],
        "no address is known for the remote's host",
        "is its name right (git remote -v)? If it is, the network or its DNS is down",
    ),
    (
        &[
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
        "‹key:git-push|git push --set-upstream› pushes it and sets what it follows",
    ),
    (&["not currently on a branch"], "HEAD is detached", "git switch NAME puts you on a branch"),
];

/// Explains why git refused, by its whole output.
pub(super) fn explain(root: &Path, what: &str, said: &str) -> Fault {
    if let Some(fault) = refused_by_server(what, said) {
        return fault;
    }
    let words = own_words(said);
    if what == NOT_PUSHED && is_of_hook(said) && !wants_terminal(&words) {
        return refused_by_hook(root, what, &words, &["pre-push"]);
    }
    let cause = CAUSES.iter().find(|(patterns, ..)| patterns.iter().any(|pattern| said.contains(pattern)));
    if let Some((_, why, todo)) = cause {
        return Fault::failed(what, with_words(why, &words), *todo);
    }
    if wants_terminal(&words) {
        let todo = "run the same git line in a terminal of your own";
        return Fault::failed(what, with_words(WANTS_TERMINAL, &words), todo);
    }
    let general = run::refused(what, root, said.as_bytes());
    // git prints nothing of its own if a hook refuses: the whole output is the hook's.
    if !general.todo.contains("the message is git's own") {
        return general;
    }
    let is_commit =
        matches!(what, NOT_COMMITTED | NOT_AMENDED) && !said.lines().any(|line| line.starts_with("fatal: "));
    refused_by_hook(root, what, &words, if is_commit { COMMIT_HOOKS } else { &[] })
}

fn wants_terminal(words: &str) -> bool {
    let small = words.to_lowercase();
    TERMINAL_WORDS.iter().any(|pattern| small.contains(pattern))
}

/// Writes a cause, and the words about it on lines below.
fn with_words(cause: &str, words: &str) -> String {
    if words.is_empty() { cause.to_owned() } else { format!("{cause}\n{words}") }
}

/// Returns the output without the lines that name a push in git's form for programs, its hints, and its advice in
/// general terms.
fn own_words(said: &str) -> String {
    let is_status = |line: &str| line.chars().nth(1) == Some('\t') && line.starts_with([' ', '+', '-', '*', '!', '=']);
    let is_general = |line: &str| {
        line.starts_with("hint: ")
            || line.starts_with("error: failed to push some refs")
            || line == "Please make sure you have the correct access rights"
            || line == "and the repository exists."
    };
    let lines: Vec<&str> = said.lines().collect();
    let at = |place: Option<usize>| place.and_then(|place| lines.get(place)).copied().unwrap_or_default();
    let is_kept = |(place, line): &(usize, &&str)| {
        // A hook may say `To mend it` or `Done` as well.
        let names_target = line.starts_with("To ") && is_status(at(place.checked_add(1)));
        let ends_list = **line == "Done" && is_status(at(place.checked_sub(1)));
        !line.trim().is_empty() && !is_status(line) && !is_general(line) && !names_target && !ends_list
    };
    let kept: Vec<&str> = lines.iter().enumerate().filter(is_kept).map(|(_, line)| *line).collect();
    kept.join("\n")
}

/// Explains a push that the server refused: `! [remote rejected] (REASON)`, and the words of the server before it.
fn refused_by_server(what: &str, said: &str) -> Option<Fault> {
    let (_, rest) = said.split_once("[remote rejected] (")?;
    let reason = rest.lines().next()?.trim_end().trim_end_matches(')');
    let is_own = |line: &&str| !line.is_empty() && !line.starts_with("error: hook declined to update");
    let words: Vec<&str> =
        said.lines().filter_map(|line| line.strip_prefix("remote:")).map(str::trim).filter(is_own).collect();
    let todo = match reason {
        "branch is currently checked out" => {
            "push to a bare repository: git init --bare makes one, git remote set-url names it"
        }
        _ if reason.contains("unpack") => "its owner must let the server's git account write into the repository",
        _ => {
            "mend what it names (‹key:git-amend|git commit --amend› amends the last commit); a protected branch wants another branch and a pull request"
        }
    };
    let who = match reason.strip_suffix(" declined") {
        Some("hook") => "a hook of the server refused it".to_owned(),
        Some(hook) => format!("the {hook} of the server refused it"),
        None => format!("the server refused it, {reason}"),
    };
    Some(Fault::new(FaultKind::Refused, what, said_by(&who, &words), todo))
}

/// Writes who refused, with the first of the words, and the others on lines below.
fn said_by(who: &str, words: &[&str]) -> String {
    match words.split_first() {
        Some((first, rest)) => with_words(&format!("{who}: {first}"), &rest.join("\n")),
        None => format!("{who}, and gave no reason"),
    }
}

/// Tells whether a push ended before git reached the remote, and without a word of git about it: then its hook
/// refused it.
fn is_of_hook(said: &str) -> bool {
    let is_of_git = |line: &str| line.starts_with("fatal: ") || line.starts_with("error: src refspec");
    said.contains("error: failed to push some refs") && !said.contains("rejected] (") && !said.lines().any(is_of_git)
}

/// Explains a refusal by a hook of this repository, which is named as far as only one may have been it.
fn refused_by_hook(root: &Path, what: &str, words: &str, hooks: &[&str]) -> Fault {
    let printed = run::finish(run::about_hooks(root, &["rev-parse", "--git-path", "hooks"]), root, what);
    let folder = printed.map(|printed| String::from_utf8_lossy(&printed).trim_end().to_owned()).unwrap_or_default();
    let there: Vec<&str> = hooks.iter().copied().filter(|name| root.join(&folder).join(name).is_file()).collect();
    let (who, todo) = match there.as_slice() {
        [] => ("git or one of its hooks refused".to_owned(), "mend what it names, and try again".to_owned()),
        [only] => {
            (format!("the {only} hook refused it"), format!("mend what it names, and try again; it is {folder}/{only}"))
        }
        several => (
            format!("the {} hook refused it", several.join(" or ")),
            format!("mend what it names, and try again; they are in {folder}"),
        ),
    };
    let words: Vec<&str> = words.lines().collect();
    Fault::new(FaultKind::Refused, what, said_by(&who, &words), todo)
}
