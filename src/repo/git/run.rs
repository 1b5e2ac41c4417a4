//! Running `git`: quiet, in plain English, without prompts, and without programs that only the repository's own files
//! name unless the operator started the command that runs them.
//!
//! `.git/config` comes with an archive, a shared folder or a build cache, and can name a program for nearly every
//! action of git. So there are several constructors. [`command`] is for reading; [`comparing`] too, for commands that
//! read the working tree's files and would send them through filters; [`staging`] is for files that the operator puts
//! into the index, whose filters decide what is stored; [`asked`] is for commit, push, fetch and pull, where the
//! operator wants hooks, signing and credentials, and [`on_terminal`] for the same with prompts. [`own`] is for a
//! repository that we created ourselves, whatever the operator's settings are. No other code may name the program:
//! `tests/suite/architecture.rs`.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

use super::pipes::{self, Through};
use crate::model::{Fault, FaultKind};
use crate::programs::{ProgramCommand, ProgramKind};

/// The program.
const GIT: &str = "git";

/// Settings of every call: a folder that looks like a bare repository is none unless it is named, and no program is
/// queried for changes.
///
/// git does not enter a submodule to describe its changes, either: it has a configuration of its own, with programs of
/// its own.
const ALWAYS: &[&str] = &[
    "safe.bareRepository=explicit",
    "core.fsmonitor=false",
    "diff.submodule=short",
    "diff.ignoreSubmodules=dirty",
    "status.submoduleSummary=false",
    // What we write and read is UTF-8, whatever the commits of the repository usually are.
    "i18n.commitEncoding=UTF-8",
    "i18n.logOutputEncoding=UTF-8",
];

/// The deadline of a git that only reads.
const PATIENCE: Duration = Duration::from_mins(2);

/// The most output of git, in bytes: more than any real list of files or readable difference.
const MOST: usize = 64 * 1024 * 1024;

/// Settings of calls that need no hooks.
const WITHOUT_HOOKS: &[&str] = &["core.hooksPath=/dev/null"];

/// Settings of calls that only read.
const LOOKING: &[&str] = &["log.showSignature=false", "submodule.recurse=false", "fetch.recurseSubmodules=false"];

/// Prepares a call of git that only reads: hooks, pagers, signatures, external differences and fetching are off.
///
/// Optional locks are off so that reading never disturbs a git that the operator runs at the same time; prompts are off
/// because the screen is ours.
pub(super) fn command(folder: &Path, arguments: &[&str]) -> ProgramCommand {
    let mut command = prepare(ProgramKind::Git, folder, &[ALWAYS, WITHOUT_HOOKS, LOOKING], &inert(arguments));
    command.deadline(PATIENCE);
    if let Some(file) = pipes::in_the_way(folder, Through::for_command(arguments)) {
        command.refused(format!("{} is a pipe or a device, which git would read without end", file.display()));
    }
    // git does not fetch the objects that a partial clone lacks: older versions know the second variable alone.
    command.env("GIT_OPTIONAL_LOCKS", "0").env("GIT_NO_LAZY_FETCH", "1").env("GIT_ALLOW_PROTOCOL", "");
    command
}

/// Prepares a call that compares the working tree's files: as [`command`], and without filters that only the
/// repository's own configuration names. A filter of the operator's configuration, as of `git lfs install`, runs.
pub(super) fn comparing(folder: &Path, arguments: &[&str]) -> ProgramCommand {
    let mut command = command(folder, arguments);
    with_filters(&mut command, &operators_filters(folder));
    command
}

/// Prepares a call that changes the index: no hooks, and filters as the operator set them up, because they decide what
/// is stored.
pub(super) fn staging(folder: &Path, arguments: &[&str]) -> ProgramCommand {
    prepare(ProgramKind::GitWrites, folder, &[ALWAYS, WITHOUT_HOOKS], arguments)
}

/// Prepares a command of the operator, with hooks, signing and credentials.
pub(super) fn asked(folder: &Path, arguments: &[&str]) -> ProgramCommand {
    prepare(ProgramKind::GitWrites, folder, &[ALWAYS], arguments)
}

/// A call of git for the terminal, where it may prompt the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnTerminal {
    /// The kind of program, which decides the environment that it gets.
    pub kind: ProgramKind,
    /// The program.
    pub program: &'static str,
    /// Its arguments.
    pub arguments: Vec<String>,
}

/// Prepares a command of the operator as [`asked`] does, for the terminal.
pub(super) fn on_terminal(arguments: Vec<String>) -> OnTerminal {
    let settings = ALWAYS.iter().flat_map(|setting| ["-c".to_owned(), (*setting).to_owned()]);
    OnTerminal { kind: ProgramKind::GitInTerminal, program: GIT, arguments: settings.chain(arguments).collect() }
}

/// Prepares a call in a repository that we created ourselves: no settings but its own, no hooks, and no other
/// repository from the environment, as within a hook.
pub(super) fn own(folder: &Path, arguments: &[&str]) -> ProgramCommand {
    let mut command = prepare(ProgramKind::Git, folder, &[ALWAYS, WITHOUT_HOOKS, &["core.autocrlf=false"]], arguments);
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    here(&mut command);
    command
}

/// Removes the variables that name another repository than the folder's.
pub(super) fn here(command: &mut ProgramCommand) {
    for variable in ["GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY"] {
        command.env_remove(variable);
    }
}

/// Prepares a query for the place of hooks, which our own configuration would falsify. It runs no hook.
pub(super) fn about_hooks(folder: &Path, arguments: &[&str]) -> ProgramCommand {
    prepare(ProgramKind::Git, folder, &[ALWAYS], arguments)
}

/// Adds options to commands that compare, against programs of the configuration, and against submodules, which have
/// configurations of their own.
fn inert<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    let mut all = Vec::with_capacity(arguments.len().saturating_add(3));
    let (mut verb, mut value) = (None, false);
    for argument in arguments {
        all.push(*argument);
        if verb.is_none() && !value && !argument.starts_with('-') {
            verb = Some(*argument);
            match *argument {
                "diff" | "log" => {
                    all.extend(["--no-ext-diff", "--no-textconv", "--ignore-submodules=dirty", "--submodule=short"]);
                }
                "status" => all.push("--ignore-submodules=dirty"),
                _ => {}
            }
        }
        value = *argument == "-c";
    }
    all
}

fn prepare(kind: ProgramKind, folder: &Path, settings: &[&[&str]], arguments: &[&str]) -> ProgramCommand {
    let mut command = ProgramCommand::new(kind, GIT);
    command.arg("-C").arg(folder);
    for setting in settings.iter().copied().flatten() {
        command.args(["-c", setting]);
    }
    command.args(arguments).env("LC_ALL", "C").env("GIT_TERMINAL_PROMPT", "0").env("GIT_PAGER", "cat");
    command
}

/// Runs a git that only reads, and returns its output.
///
/// # Errors
/// Fails when git cannot be started or ends with an error; the fault carries git's own words.
pub(super) fn output(folder: &Path, what: &str, arguments: &[&str]) -> Result<Vec<u8>, Fault> {
    finish(command(folder, arguments), folder, what)
}

/// Reads a file as git has it, by a name such as `HEAD:PATH`, or its hash; `None` if there is none.
///
/// # Errors
/// If git cannot be started or does not end, and above the limit.
pub(super) fn blob(folder: &Path, name: &str, most: u64) -> io::Result<Option<Vec<u8>>> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let output = command(folder, &["cat-file", "blob", name]).output_within(PATIENCE, most)?;
    Ok(output.status.success().then_some(output.stdout))
}

/// Runs a git that only reads to its end, within the general limits; the caller checks its exit status.
pub(super) fn bounded(mut command: ProgramCommand) -> io::Result<Output> {
    command.output_within(PATIENCE, MOST)
}

/// Runs a prepared git to its end, and returns its output.
///
/// # Errors
/// As [`output`].
pub(super) fn finish(command: ProgramCommand, folder: &Path, what: &str) -> Result<Vec<u8>, Fault> {
    let output = bounded(command).map_err(|error| not_started(what, &error))?;
    if output.status.success() { Ok(output.stdout) } else { Err(refused(what, folder, &output.stderr)) }
}

/// Returns the settings of filters that the repository's own configuration touches, each with the operator's value, or
/// empty.
fn operators_filters(folder: &Path) -> BTreeMap<String, String> {
    let listed = ["config", "--show-scope", "--null", "--get-regexp", "^filter\\."];
    // git ends with 1 if there is none.
    let printed = bounded(command(folder, &listed)).map(|output| output.stdout).unwrap_or_default();
    filters(&String::from_utf8_lossy(&printed))
}

/// Reads `git config --show-scope --null`: the scope, then the key and the value on lines of their own.
fn filters(printed: &str) -> BTreeMap<String, String> {
    let (mut own, mut foreign) = (BTreeMap::new(), Vec::new());
    let mut fields = printed.split('\0');
    while let (Some(scope), Some(entry)) = (fields.next(), fields.next()) {
        let (key, value) = entry.split_once('\n').unwrap_or((entry, ""));
        let Some((name, _)) = key.rsplit_once('.') else { continue };
        if matches!(scope, "system" | "global") {
            own.insert(key.to_owned(), value.to_owned());
        } else {
            foreign.push(name.to_owned());
        }
    }
    let mut settings = BTreeMap::new();
    for name in foreign {
        for field in ["clean", "smudge", "process", "required"] {
            let key = format!("{name}.{field}");
            let nothing = if field == "required" { "false" } else { "" };
            let value = own.get(&key).cloned().unwrap_or_else(|| nothing.to_owned());
            settings.insert(key, value);
        }
    }
    settings
}

/// Overrides settings of the configuration. It uses the environment, because the name of a filter may contain a
/// separator of the command line.
fn with_filters(command: &mut ProgramCommand, settings: &BTreeMap<String, String>) {
    const COUNT: &str = "GIT_CONFIG_COUNT";
    let before = std::env::var(COUNT).ok().and_then(|count| count.parse::<usize>().ok()).unwrap_or(0);
    for (place, (key, value)) in settings.iter().enumerate() {
        let place = place + before;
        command.env(format!("GIT_CONFIG_KEY_{place}"), key).env(format!("GIT_CONFIG_VALUE_{place}"), value);
    }
    if !settings.is_empty() {
        command.env(COUNT, (before + settings.len()).to_string());
    }
}

/// Reports that git could not be started.
pub(super) fn not_started(what: &str, error: &std::io::Error) -> Fault {
    if error.kind() == std::io::ErrorKind::NotFound {
        return Fault::failed(what, "the program git is not installed, or not on PATH", "install git");
    }
    if error.kind() == std::io::ErrorKind::TimedOut {
        let todo = "is a file of it a pipe, or on a disk that does not answer? find . -type p";
        return Fault::failed(what, format!("git was ended: {error}"), todo);
    }
    if error.kind() == std::io::ErrorKind::FileTooLarge {
        let todo = "is a large file committed? git rev-list --objects --all | git cat-file --batch-check";
        return Fault::failed(what, format!("git was ended: {error}"), todo);
    }
    if error.kind() == std::io::ErrorKind::InvalidInput {
        return Fault::failed(what, error.to_string(), "see who made it, and remove it");
    }
    Fault::failed(what, format!("git cannot be started: {error}"), "run `git status` in this folder")
}

/// Explains an error of git by its standard error.
pub(super) fn refused(what: &str, folder: &Path, stderr: &[u8]) -> Fault {
    let said = String::from_utf8_lossy(stderr);
    let shown = folder.display();
    let (why, todo) = if said.contains("not a git repository") {
        (format!("{shown} is not in a git repository"), "name one with --repo, or run `git init` there".to_owned())
    } else if said.contains("cannot use bare repository") {
        (
            format!(
                "{shown} looks like a bare repository, which git does not use unless it is named (safe.bareRepository)"
            ),
            "open the folder above it, a clone, or a worktree of it: `git worktree add`".to_owned(),
        )
    } else if said.contains("must be run in a work tree") {
        (
            format!("{shown} is a bare repository, without files"),
            "open a clone or a worktree of it: `git worktree add`".to_owned(),
        )
    } else if said.contains("dubious ownership") {
        return Fault::new(
            FaultKind::Refused,
            what,
            format!("{shown} belongs to another user, and git does not trust it"),
            format!("if you trust it: git config --global --add safe.directory {shown}"),
        );
    } else {
        let first = said.lines().find(|line| !line.trim().is_empty()).unwrap_or("git gave no reason");
        (
            first.trim_start_matches("fatal: ").to_owned(),
            format!("the message is git's own; try `git -C {shown} status`"),
        )
    };
    Fault::failed(what, why, todo)
}

#[cfg(test)]
mod tests {
    use super::filters;

    #[test]
    fn filters_are_the_operators_or_none() {
        let entry = |scope: &str, key: &str, value: &str| format!("{scope}\0{key}\n{value}\0");
        let printed = [
            entry("global", "filter.lfs.clean", "git-lfs clean -- %f"),
            entry("system", "filter.mine.clean", "mine"),
            entry("global", "filter.mine.required", "true"),
            entry("local", "filter.mine.clean", "theirs"),
            entry("local", "filter.a.b=c.smudge", "theirs"),
            entry("worktree", "filter.w.process", "theirs"),
        ]
        .concat();
        let found = filters(&printed);
        let says = |key: &str| found.get(key).map(String::as_str);
        assert_eq!(says("filter.lfs.clean"), None, "what only the operator names stays");
        assert_eq!(says("filter.mine.clean"), Some("mine"));
        assert_eq!(says("filter.mine.required"), Some("true"));
        assert_eq!(says("filter.mine.process"), Some(""));
        assert_eq!(says("filter.a.b=c.smudge"), Some(""));
        assert_eq!(says("filter.a.b=c.required"), Some("false"));
        assert_eq!(says("filter.w.process"), Some(""));
    }
}
