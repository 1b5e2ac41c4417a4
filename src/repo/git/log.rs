//! The last commits.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use jiff::Timestamp;

use super::run;
use crate::model::Fault;

/// Holds the data of a commit for a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitEntry {
    /// The commit in full.
    pub commit: String,
    /// The author's name.
    pub author: String,
    /// The commit time.
    pub at: Option<Timestamp>,
    /// The first line of its message.
    pub subject: String,
}

impl CommitEntry {
    /// Returns the first seven digits of the commit, as people write it.
    pub fn short(&self) -> &str {
        crate::model::revision::short(&self.commit)
    }
}

/// Reads the last commits, newest first; empty before the first.
///
/// # Errors
/// Fails with git's own words.
pub fn log(root: &Path, count: usize) -> Result<Vec<CommitEntry>, Fault> {
    const WHAT: &str = "git does not tell the last commits";
    if run::output(root, WHAT, &["rev-parse", "--verify", "--quiet", "HEAD"]).is_err() {
        return Ok(Vec::new());
    }
    read(root, WHAT, count, &[])
}

/// Reads a commit and those before it, newest first.
///
/// # Errors
/// Fails with git's own words if it does not know the commit.
pub fn log_from(root: &Path, commit: &str, count: usize) -> Result<Vec<CommitEntry>, Fault> {
    read(root, "git does not tell the last commits", count, &["--end-of-options", commit, "--"])
}

/// Reads the commits that a state such as `origin/main` has and another lacks, such as the one that a cluster applied;
/// newest first.
///
/// # Errors
/// Fails with git's own words if it does not know a commit.
pub fn log_between(root: &Path, old: &str, new: &str, count: usize) -> Result<Vec<CommitEntry>, Fault> {
    read(root, "git does not tell the commits between", count, &["--end-of-options", &format!("{old}..{new}"), "--"])
}

/// Reads one commit.
///
/// # Errors
/// Fails with git's own words when it does not have the commit.
pub fn commit_entry(root: &Path, commit: &str) -> Result<CommitEntry, Fault> {
    const WHAT: &str = "git does not tell the commit";
    let found = read(root, WHAT, 1, &["--end-of-options", commit, "--"])?;
    let none = || Fault::failed(WHAT, format!("it has no commit {commit}"), "fetch, and look again");
    found.into_iter().next().ok_or_else(none)
}

/// Reads the last commits that touched any of these files, newest first; all commits if no file is named.
///
/// # Errors
/// Fails with git's own words.
pub fn log_of(root: &Path, files: &[String], count: usize) -> Result<Vec<CommitEntry>, Fault> {
    let files: Vec<String> = files.iter().map(|file| format!(":(top,literal){file}")).collect();
    let arguments: Vec<&str> = std::iter::once("--").chain(files.iter().map(String::as_str)).collect();
    read(root, "git does not tell who changed it", count, &arguments)
}

/// Finds the commit that brought a line of a file as it is in the working tree; `None` while no commit has the line.
///
/// # Errors
/// Fails with git's own words, as where git does not track the file.
pub fn commit_of_line(root: &Path, file: &str, line: usize) -> Result<Option<CommitEntry>, Fault> {
    let (range, file) = (format!("{line},{line}"), format!("./{file}"));
    let arguments = ["--literal-pathspecs", "blame", "--no-textconv", "--porcelain", "-L", &range, "--", &file];
    let printed = run::output(root, "git does not tell who wrote the line", &arguments)?;
    let text = String::from_utf8_lossy(&printed);
    let mut lines = text.lines();
    let commit = lines.next().and_then(|first| first.split(' ').next()).unwrap_or_default().to_owned();
    // git calls what is not committed yet by zeros.
    if commit.is_empty() || commit.bytes().all(|digit| digit == b'0') {
        return Ok(None);
    }
    let mut found = CommitEntry { commit, author: String::new(), at: None, subject: String::new() };
    // The headers end at the line itself, which begins with a tab.
    for header in lines.take_while(|line| !line.starts_with('\t')) {
        match header.split_once(' ') {
            Some(("author", name)) => name.clone_into(&mut found.author),
            Some(("committer-time", seconds)) => found.at = moment(seconds),
            Some(("summary", subject)) => subject.clone_into(&mut found.subject),
            _ => {}
        }
    }
    Ok(Some(found))
}

/// The fields of a commit on one line. A NUL separates them: git allows none in a name or a message, and any other
/// character may come from whoever wrote the commit.
const FORMAT: &str = "--format=%H%x00%an%x00%ct%x00%s";

fn read(root: &Path, what: &str, count: usize, arguments: &[&str]) -> Result<Vec<CommitEntry>, Fault> {
    let count = format!("--max-count={count}");
    let mut all = vec!["log", &count, "--no-show-signature", FORMAT];
    all.extend(arguments);
    let printed = run::output(root, what, &all)?;
    let text = String::from_utf8_lossy(&printed);
    Ok(text.lines().filter_map(entry).collect())
}

/// Finds the last commit that changed each of these files, in one walk through the history; leaves out files that no
/// commit has.
///
/// # Errors
/// Fails with git's own words.
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
        "--format=%x00%H%x00%an%x00%ct%x00%s",
        "--",
    ];
    let mut unique: Vec<&str> = wanted.iter().copied().collect();
    unique.sort_unstable();
    arguments.extend(unique);
    let mut child = run::command(root, &arguments).spawn().map_err(|error| run::not_started(WHAT, &error))?;
    let mut last: Option<CommitEntry> = None;
    if let Some(stdout) = child.stdout() {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some(head) = line.strip_prefix('\0') {
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

/// Finds the last commit that two states have in common; `None` if they have none.
pub fn common(root: &Path, one: &str, other: &str) -> Option<String> {
    let arguments = ["merge-base", "--end-of-options", one, other];
    let printed = run::output(root, "git cannot compare commits", &arguments).ok()?;
    let text = String::from_utf8_lossy(&printed).trim().to_owned();
    (!text.is_empty()).then_some(text)
}

/// Reads a time as git writes it with `%at` and `%ct`: seconds since 1970.
pub(super) fn moment(seconds: &str) -> Option<Timestamp> {
    Timestamp::from_second(seconds.parse().ok()?).ok()
}

fn entry(line: &str) -> Option<CommitEntry> {
    let mut fields = line.splitn(4, '\0');
    let mut next = || fields.next().map(str::to_owned);
    let (commit, author, at, subject) = (next()?, next()?, next()?, next()?);
    let at = moment(&at);
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
    fn the_commit_of_a_line_is_the_one_that_wrote_it() {
        let repository = TestRepository::new();
        repository.write("a b.yaml", "one\ntwo\n");
        let first = repository.commit("one");
        repository.write("a b.yaml", "one\nchanged\n");
        let second = repository.commit("author in the subject");
        repository.write("a b.yaml", "one\nchanged\nnew\n");
        let of = |line| super::commit_of_line(repository.path(), "a b.yaml", line).unwrap();
        assert_eq!(of(1).unwrap().commit, first);
        let found = of(2).unwrap();
        assert_eq!((found.commit, found.subject.as_str()), (second, "author in the subject"));
        assert!(found.at.is_some() && !found.author.is_empty());
        assert_eq!(of(3), None, "no commit has it yet");
        assert!(super::commit_of_line(repository.path(), "none.yaml", 1).is_err());
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
