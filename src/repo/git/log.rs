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

/// Reads the last commits that touched any of these files, newest first; all commits if no file is named. The commit at
/// which a shallow clone ends is none of them: git shows all of its files as made by it.
///
/// # Errors
/// Fails with git's own words.
pub fn log_of(root: &Path, files: &[String], count: usize) -> Result<Vec<CommitEntry>, Fault> {
    let files: Vec<String> = files.iter().map(|file| format!(":(top,literal){file}")).collect();
    let arguments: Vec<&str> = std::iter::once("--").chain(files.iter().map(String::as_str)).collect();
    let mut found = read(root, "git does not tell who changed it", count, &arguments)?;
    let cut_off = cut_off(root);
    found.retain(|entry| !cut_off.contains(&entry.commit));
    Ok(found)
}

/// Lists the commits at which the history of a shallow clone ends (gitrepository-layout(5), `shallow`). What they
/// changed is not known here: their parents are missing.
pub fn cut_off(root: &Path) -> HashSet<String> {
    let own = root.join(".git");
    let file = if own.is_dir() {
        own.join("shallow")
    } else {
        let asked = ["rev-parse", "--git-path", "shallow"];
        let Ok(printed) = run::output(root, "git does not tell where its files are", &asked) else {
            return HashSet::new();
        };
        root.join(String::from_utf8_lossy(&printed).trim_end_matches('\n'))
    };
    let text = crate::files::text(&file, LONGEST_SHALLOW).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// The most bytes of the list of commits at which a shallow clone ends.
const LONGEST_SHALLOW: u64 = 1024 * 1024;

/// Finds the commit that brought a line of a file as it is in the working tree; `None` while no commit has the line, or
/// where the history of a shallow clone does not reach back to it.
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
    // git calls what is not committed yet by zeros, and gives all that is older to the commit that a clone ends at.
    if commit.is_empty() || commit.bytes().all(|digit| digit == b'0') || cut_off(root).contains(&commit) {
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
    let cut_off = cut_off(root);
    if let Some(stdout) = child.stdout() {
        let mut reader = BufReader::new(stdout);
        let mut bytes = Vec::new();
        while reader.read_until(b'\n', &mut bytes).is_ok_and(|read| read > 0) {
            // The bytes of an author or a subject need not be UTF-8.
            let line = String::from_utf8_lossy(bytes.strip_suffix(b"\n").unwrap_or(&bytes)).into_owned();
            bytes.clear();
            if let Some(head) = line.strip_prefix('\0') {
                last = entry(head);
                // No older commit is here.
                if last.as_ref().is_some_and(|entry| cut_off.contains(&entry.commit)) {
                    last = None;
                }
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
    fn the_commit_at_which_a_shallow_clone_ends_has_changed_nothing() {
        let origin = TestRepository::new();
        for (file, name) in [("old.yaml", "old"), ("both.yaml", "then")] {
            origin.write(file, "a: 1\n");
            origin.commit(name);
        }
        origin.write("both.yaml", "a: 1\nb: 2\n");
        let last = origin.commit("now");
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("clone");
        let from = format!("file://{}", origin.path().display());
        origin.git(&["clone", "--quiet", "--depth", "2", &from, root.to_str().unwrap()]);
        let files = ["old.yaml", "both.yaml"].map(str::to_owned);
        let changes = super::last_changes(&root, &files).unwrap();
        assert_eq!(changes.keys().collect::<Vec<_>>(), ["both.yaml"]);
        assert_eq!(changes["both.yaml"].commit, last);
        assert!(super::log_of(&root, &files[..1], 5).unwrap().is_empty());
        assert_eq!(super::log_of(&root, &files[1..], 5).unwrap().len(), 1);
        let of = |file: &str, line| super::commit_of_line(&root, file, line).unwrap().map(|entry| entry.commit);
        assert_eq!((of("old.yaml", 1), of("both.yaml", 1), of("both.yaml", 2)), (None, None, Some(last)));
        assert_eq!(super::log(&root, 5).unwrap().len(), 2, "it is a commit all the same");
        // A worktree of it has the list elsewhere.
        let tree = folder.path().join("tree");
        origin.git(&["-C", root.to_str().unwrap(), "worktree", "add", "--quiet", "--detach", tree.to_str().unwrap()]);
        assert_eq!((super::cut_off(&tree), super::cut_off(&root).len()), (super::cut_off(&root), 1));
        assert!(super::cut_off(origin.path()).is_empty());
    }

    #[test]
    fn an_author_in_another_encoding_hides_no_change() {
        let repository = TestRepository::new();
        repository.write("first.yaml", "1");
        let first = repository.commit("one");
        repository.write("second.yaml", "1");
        repository.git(&["add", "--all"]);
        let message = repository.path().join(".git/latin");
        std::fs::write(&message, b"caf\xe9\n").unwrap();
        let encoding = "i18n.commitEncoding=ISO-8859-1";
        repository.git(&["-c", encoding, "commit", "--quiet", "--file", message.to_str().unwrap()]);
        assert_eq!(super::log(repository.path(), 1).unwrap()[0].subject, "café");
        repository.git(&["commit", "--quiet", "--amend", "--file", message.to_str().unwrap()]);
        let files = ["first.yaml", "second.yaml"].map(str::to_owned);
        let found = super::last_changes(repository.path(), &files).unwrap();
        assert_eq!((found.len(), found["first.yaml"].commit.as_str()), (2, &*first));
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
