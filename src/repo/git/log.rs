//! The last commits.

use std::path::Path;

use jiff::Timestamp;

use super::run;
use crate::model::Fault;

/// Holds what a list shows of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// The commit in full.
    pub commit: String,
    /// Who wrote it.
    pub author: String,
    /// When it was committed.
    pub at: Option<Timestamp>,
    /// The first line of its message.
    pub subject: String,
}

impl LogEntry {
    /// Returns the commit in seven digits, as people write it.
    pub fn short(&self) -> &str {
        self.commit.get(..7).unwrap_or(&self.commit)
    }
}

/// Reads the last commits, newest first; none before the first.
///
/// # Errors
/// Fails with git's own words when it cannot tell.
pub fn log(root: &Path, count: usize) -> Result<Vec<LogEntry>, Fault> {
    const WHAT: &str = "git does not tell the last commits";
    if run::output(root, WHAT, &["rev-parse", "--verify", "--quiet", "HEAD"]).is_err() {
        return Ok(Vec::new());
    }
    let count = format!("--max-count={count}");
    let printed = run::output(root, WHAT, &["log", &count, "--no-show-signature", "--format=%H%x1f%an%x1f%ct%x1f%s"])?;
    let text = String::from_utf8_lossy(&printed);
    Ok(text.lines().filter_map(entry).collect())
}

fn entry(line: &str) -> Option<LogEntry> {
    let mut fields = line.splitn(4, '\x1f');
    let mut next = || fields.next().map(str::to_owned);
    let (commit, author, at, subject) = (next()?, next()?, next()?, next()?);
    let at = at.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    Some(LogEntry { commit, author, at, subject })
}

#[cfg(test)]
mod tests {
    use super::super::tests::TestRepository;

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
