//! The last look at the remote's branch: git compares HEAD with what the remote had then, and says nothing of the time
//! since.

use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;

use super::{Repository, Upstream};

/// The most bytes of git's notes that are read: the last line of a log is all that counts.
const MOST: u64 = 4 * 1024 * 1024;

/// Names the git command that saw the remote's branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SeenBy {
    /// `git fetch`, or a pull.
    Fetch,
    /// `git push`: the remote took the commits, so it had no others.
    Push,
    /// `git clone`.
    Clone,
}

/// Tells when the remote's branch was seen last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct RemoteSight {
    /// The time.
    pub at: Timestamp,
    /// The command.
    pub by: SeenBy,
}

/// Holds the last entry of a log of git (gitrepository-layout(5), `logs`).
struct LogEntry<'a> {
    commit: &'a str,
    at: Timestamp,
    reason: &'a str,
}

/// Finds when the remote's branch was seen last; `None` if there is no sign that it ever was.
///
/// The log of the tracking branch has a line for each change of it. A fetch without news is noted in `FETCH_HEAD`
/// alone, which a fetch that fails leaves empty, and which may be about another branch or remote.
pub(super) fn seen(repository: &Repository, upstream: &Upstream) -> Option<RemoteSight> {
    let remotes = repository.common_dir.join("logs/refs/remotes");
    let log = crate::files::text(&remotes.join(&upstream.name), MOST).unwrap_or_default();
    let last = last_entry(&log);
    let changed = last.as_ref().and_then(sight);
    // A clone may note the branch in its packed references, without a log.
    let remote = upstream.name.split_once('/').map(|(remote, _)| remotes.join(remote).join("HEAD"));
    let begun = remote.and_then(|log| crate::files::text(&log, MOST).ok());
    let cloned = begun.as_deref().and_then(last_entry).as_ref().and_then(sight).filter(|one| one.by == SeenBy::Clone);
    let known = last.as_ref().map(|entry| entry.commit);
    // A second worktree has a `FETCH_HEAD` of its own; all worktrees share the remote's branches.
    let fetched = [&repository.git_dir, &repository.common_dir]
        .into_iter()
        .filter_map(|folder| fetched(&folder.join("FETCH_HEAD"), upstream, known));
    fetched.chain(changed).chain(cloned).max_by_key(|sight| sight.at)
}

/// Tells whether the branch follows one of the same repository: then nothing has to be fetched.
pub(super) fn is_local(repository: &Repository, name: &str) -> bool {
    let reference = format!("refs/heads/{}", name.strip_prefix("heads/").unwrap_or(name));
    let packed = || crate::files::text(&repository.common_dir.join("packed-refs"), MOST).unwrap_or_default();
    repository.common_dir.join(&reference).is_file()
        || packed().lines().any(|line| line.split_once(' ').is_some_and(|(_, known)| known == reference))
}

fn last_entry(log: &str) -> Option<LogEntry<'_>> {
    let (head, reason) = log.lines().next_back()?.split_once('\t')?;
    let commit = head.split(' ').nth(1)?;
    let seconds = head.rsplit(' ').nth(1)?.parse().ok()?;
    Some(LogEntry { commit, at: Timestamp::from_second(seconds).ok()?, reason })
}

/// Returns what an entry proves; the operator's own `git update-ref` or `git branch` asks no remote.
fn sight(entry: &LogEntry<'_>) -> Option<RemoteSight> {
    let by = match entry.reason.split([' ', ':']).next()? {
        "fetch" | "pull" => SeenBy::Fetch,
        "clone" => SeenBy::Clone,
        "update" if entry.reason == "update by push" => SeenBy::Push,
        _ => return None,
    };
    Some(RemoteSight { at: entry.at, by })
}

/// Reads a `FETCH_HEAD`: it counts if it has the branch, at the commit that the tracking branch has.
fn fetched(file: &Path, upstream: &Upstream, known: Option<&str>) -> Option<RemoteSight> {
    let text = crate::files::text(file, MOST).ok()?;
    let is_it = |line: &str| {
        let Some((commit, rest)) = line.split_once('\t') else { return false };
        let named = rest.split_once("branch '").and_then(|(_, rest)| rest.split_once("' of "));
        let is_branch = named.is_some_and(|(branch, _)| upstream.name.ends_with(&format!("/{branch}")));
        is_branch && known.is_none_or(|known| known == commit)
    };
    if !text.lines().any(is_it) {
        return None;
    }
    let at = Timestamp::try_from(file.symlink_metadata().ok()?.modified().ok()?).ok()?;
    Some(RemoteSight { at, by: SeenBy::Fetch })
}
