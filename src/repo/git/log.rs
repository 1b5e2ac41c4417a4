//! The last commits.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use jiff::Timestamp;

use super::run;
use crate::model::Fault;

/// Holds what a list shows of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitEntry {
    /// The commit in full.
    pub commit: String,
    /// Who wrote it.
    pub author: String,
    /// When it was committed.
    pub at: Option<Timestamp>,
    /// The first line of its message.
    pub subject: String,
}

impl CommitEntry {
    /// Returns the commit in seven digits, as people write it.
    pub fn short(&self) -> &str {
        self.commit.get(..7).unwrap_or(&self.commit)
    }
}

/// Reads the last commits, newest first; none before the first.
///
/// # Errors
/// Fails with git's own words when it cannot tell.
pub fn log(root: &Path, count: usize) -> Result<Vec<CommitEntry>, Fault> {
    const WHAT: &str = "git does not tell the last commits";
    if run::output(root, WHAT, &["rev-parse", "--verify", "--quiet", "HEAD"]).is_err() {
        return Ok(Vec::new());
    }
    read(root, WHAT, count, &[])
}

/// Reads the commits that a state such as `origin/main` has and another, such as what a cluster applied, has not; newest first.
///
/// # Errors
/// Fails with git's own words when it does not know a commit.
pub fn log_between(root: &Path, old: &str, new: &str, count: usize) -> Result<Vec<CommitEntry>, Fault> {
    read(root, "git does not tell the commits between", count, &["--end-of-options", &format!("{old}..{new}"), "--"])
}

/// Reads the last commits that touched any of these files, newest first; all commits where none is named.
///
/// # Errors
/// Fails with git's own words when it cannot tell.
pub fn log_of(root: &Path, files: &[String], count: usize) -> Result<Vec<CommitEntry>, Fault> {
    let files: Vec<String> = files.iter().map(|file| format!(":(top,literal){file}")).collect();
    let arguments: Vec<&str> = std::iter::once("--").chain(files.iter().map(String::as_str)).collect();
    read(root, "git does not tell who changed it", count, &arguments)
}

fn read(root: &Path, what: &str, count: usize, arguments: &[&str]) -> Result<Vec<CommitEntry>, Fault> {
    let count = format!("--max-count={count}");
    let mut all = vec!["log", &count, "--no-show-signature", "--format=%H%x1f%an%x1f%ct%x1f%s"];
    all.extend(arguments);
    let printed = run::output(root, what, &all)?;
    let text = String::from_utf8_lossy(&printed);
    Ok(text.lines().filter_map(entry).collect())
}

/// Finds the last commit that changed each of these files, in one walk through the history; files that no commit has are left out.
///
/// # Errors
/// Fails with git's own words when it cannot tell.
pub fn last_changes(root: &Path, files: &[String]) -> Result<HashMap<String, CommitEntry>, Fault> {
    const WHAT: &str = "git does not tell the last changes";
    let mut wanted: HashSet<&str> = files.iter().map(String::as_str).collect();
    let mut found = HashMap::new();
    if wanted.is_empty() || run::output(root, WHAT, &["rev-parse", "--verify", "--quiet", "HEAD"]).is_err() {
        return Ok(found);
    }
    // A merge that changed a file itself is shown against its first parent.
    let mut arguments = vec![
        "-c",
        "core.quotePath=false",
        "--literal-pathspecs",
        "log",
        "--no-show-signature",
        "--first-parent",
        "-m",
        "--no-renames",
        "--name-only",
        "--format=%x1e%H%x1f%an%x1f%ct%x1f%s",
        "--",
    ];
    let mut unique: Vec<&str> = wanted.iter().copied().collect();
    unique.sort_unstable();
    arguments.extend(unique);
    let mut child = run::command(root, &arguments).spawn().map_err(|error| run::not_started(WHAT, &error))?;
    let mut last: Option<CommitEntry> = None;
    if let Some(stdout) = child.stdout() {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some(head) = line.strip_prefix('\x1e') {
                last = entry(head);
            } else if let Some(known) = last.as_ref().filter(|_| wanted.remove(line.as_str())) {
                found.insert(line, known.clone());
                // The rest of the history does not matter.
                if wanted.is_empty() {
                    break;
                }
            }
        }
    }
    child.end();
    Ok(found)
}

/// Tells whether a commit contains another: it is the same or a later one.
pub fn contains(root: &Path, later: &str, earlier: &str) -> bool {
    run::output(
        root,
        "git cannot compare commits",
        &["merge-base", "--is-ancestor", "--end-of-options", earlier, later],
    )
    .is_ok()
}

fn entry(line: &str) -> Option<CommitEntry> {
    let mut fields = line.splitn(4, '\x1f');
    let mut next = || fields.next().map(str::to_owned);
    let (commit, author, at, subject) = (next()?, next()?, next()?, next()?);
    let at = at.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    Some(CommitEntry { commit, author, at, subject })
}

#[cfg(test)]
mod tests {
    use super::super::tests::TestRepository;

    #[test]
    fn the_last_change_of_each_file_is_found_in_one_walk() {
        let repository = TestRepository::new();
        let files = ["a b.yaml", "ö.yaml", "none.yaml"].map(str::to_owned);
        assert!(super::last_changes(repository.path(), &files).unwrap().is_empty());
        repository.write("a b.yaml", "1");
        repository.write("ö.yaml", "1");
        let first = repository.commit("one");
        repository.write("a b.yaml", "2");
        let second = repository.commit("two");
        let found = super::last_changes(repository.path(), &files).unwrap();
        assert_eq!((found["a b.yaml"].commit.as_str(), found["ö.yaml"].commit.as_str()), (&*second, &*first));
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn commits_come_newest_first_and_none_before_the_first() {
        let repository = TestRepository::new();
        assert_eq!(super::log(repository.path(), 5).unwrap(), []);
        let first = repository.commit("one");
        repository.commit("two");
        let log = super::log(repository.path(), 5).unwrap();
        assert_eq!(log.iter().map(|entry| entry.subject.as_str()).collect::<Vec<_>>(), ["two", "one"]);
        assert_eq!(log[1].commit, first);
        assert_eq!(log[1].short().len(), 7);
        assert_eq!(super::log(repository.path(), 1).unwrap().len(), 1);
    }
}
