//! The branch, the operation in progress, and a mark for each changed file.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;

use super::seen::{RemoteSight, is_local, seen};
use super::{Repository, run};
use crate::model::Fault;
use crate::repo::path;

/// Describes HEAD.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Head {
    /// A branch, by name.
    Branch(String),
    /// A branch without a commit yet.
    Unborn(String),
    /// A commit and no branch.
    Detached,
}

/// Names the operation that git is in the middle of; most commands behave differently until it is finished or aborted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnfinishedOperation {
    /// `git merge`.
    Merge,
    /// `git rebase`.
    Rebase,
    /// `git am`.
    Am,
    /// `git cherry-pick`.
    CherryPick,
    /// `git revert`.
    Revert,
    /// `git bisect`.
    Bisect,
}

impl UnfinishedOperation {
    /// Returns the word for it, as in `merging`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Merge => "merging",
            Self::Rebase => "rebasing",
            Self::Am => "applying patches",
            Self::CherryPick => "cherry-picking",
            Self::Revert => "reverting",
            Self::Bisect => "bisecting",
        }
    }

    /// Returns git's command for it, as in `git rebase --continue`.
    pub fn verb(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Rebase => "rebase",
            Self::Am => "am",
            Self::CherryPick => "cherry-pick",
            Self::Revert => "revert",
            Self::Bisect => "bisect",
        }
    }

    /// Returns the operation of a command of git.
    pub fn of_verb(verb: &str) -> Option<Self> {
        [Self::Merge, Self::Rebase, Self::Am, Self::CherryPick, Self::Revert, Self::Bisect]
            .into_iter()
            .find(|one| one.verb() == verb)
    }

    /// Returns the words after `git` that continue it; `None` if that is a different step each time.
    pub fn continuing(self) -> Option<[&'static str; 2]> {
        (self != Self::Bisect).then_some([self.verb(), "--continue"])
    }

    /// Returns the words after `git` that leave out the commit at which it stopped; `None` if it has no such step, or a
    /// different one each time.
    pub fn skipping(self) -> Option<[&'static str; 2]> {
        (!matches!(self, Self::Merge | Self::Bisect)).then_some([self.verb(), "--skip"])
    }

    /// Returns the words after `git` that abort it and restore the state before it.
    pub fn aborting(self) -> [&'static str; 2] {
        [self.verb(), if self == Self::Bisect { "reset" } else { "--abort" }]
    }
}

/// Compares HEAD with its upstream branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Upstream {
    /// The upstream branch, such as `origin/main`.
    pub name: String,
    /// The number of commits here and not there; `None` if the upstream is gone.
    pub ahead: Option<u32>,
    /// The number of commits there and not here, as of the last sight of it.
    pub behind: Option<u32>,
    /// Whether it is a branch of this repository, which no fetch changes.
    pub is_local: bool,
    /// The last sight of it: the numbers are as of then. `None` if there is no sign that the remote was ever asked.
    pub seen: Option<RemoteSight>,
}

/// Describes how a file differs: in the index from HEAD, and in the working tree from the index, by git's letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Mark {
    /// The index against HEAD: a space, `M`, `A`, `D`, `R`, `C`, `T`, `U` or `?`.
    pub index: char,
    /// The working tree against the index.
    pub worktree: char,
}

impl Mark {
    const UNTRACKED: Self = Self { index: '?', worktree: '?' };

    /// Tells whether a merge left a conflict in the file.
    pub fn is_conflict(self) -> bool {
        matches!((self.index, self.worktree), ('U', _) | (_, 'U') | ('A', 'A') | ('D', 'D'))
    }

    /// Describes the conflict in the words of `git status`; `None` if there is none.
    pub fn conflict(self) -> Option<&'static str> {
        Some(match (self.index, self.worktree) {
            ('D', 'D') => "both deleted",
            ('A', 'A') => "both added",
            ('U', 'U') => "both modified",
            ('A', 'U') => "added by us",
            ('U', 'A') => "added by them",
            ('D', 'U') => "deleted by us",
            ('U', 'D') => "deleted by them",
            _ => return None,
        })
    }

    /// Tells whether git does not track the file.
    pub fn is_untracked(self) -> bool {
        self == Self::UNTRACKED
    }

    /// Returns the most important letter of the file: `!` for a conflict, `?`, else the working tree's letter, else the
    /// index's.
    pub fn letter(self) -> char {
        match self {
            _ if self.is_conflict() => '!',
            Self { index, worktree: ' ' } => index,
            Self { worktree, .. } => worktree,
        }
    }
}

impl std::fmt::Display for Mark {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}{}", self.index, self.worktree)
    }
}

/// Counts changed files; a file that is staged and modified again counts as both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// Staged for the next commit (`+`).
    pub staged: usize,
    /// Modified in the working tree (`~`).
    pub modified: usize,
    /// Untracked (`!`); a folder of such files counts once.
    pub untracked: usize,
    /// Left in conflict by a merge (`!`).
    pub conflicts: usize,
}

/// Holds the output of `git status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GitState {
    /// The branch or commit of HEAD.
    pub head: Head,
    /// The commit of HEAD in full; `None` before the first.
    pub commit: Option<String>,
    /// The branch that HEAD's branch follows.
    pub upstream: Option<Upstream>,
    /// The time at which git last noted a fetch (`FETCH_HEAD`), of whatever, and however it ended: commits may be here
    /// that were not before. [`Upstream::seen`] tells what is known of the remote's branch.
    pub fetched: Option<Timestamp>,
    /// The operation that git is in the middle of.
    pub operation: Option<UnfinishedOperation>,
    /// Changed files by path; a folder of untracked files stands for all in it, with `/` at its end.
    pub marks: BTreeMap<String, Mark>,
    /// The number of each kind.
    pub counts: Counts,
}

impl GitState {
    /// Reads the state of a working tree from git.
    ///
    /// # Errors
    /// Fails with git's own words.
    pub fn read(repository: &Repository) -> Result<Self, Fault> {
        let arguments = ["status", "--porcelain=v2", "--branch", "--untracked-files=normal", "-z"];
        let root = &repository.root;
        let printed = run::finish(run::comparing(root, &arguments), root, "git does not tell what changed")?;
        let mut state = parse(&String::from_utf8_lossy(&printed));
        state.operation = operation(&repository.git_dir);
        state.fetched = fetched(repository);
        if let Some(upstream) = &mut state.upstream {
            upstream.is_local = is_local(repository, &upstream.name);
            upstream.seen = seen(repository, upstream);
        }
        Ok(state)
    }

    /// Finds the branch without running git, so that the first screen need not wait for it; all else is unknown then.
    ///
    /// # Errors
    /// Fails as [`GitState::read`], its fallback if HEAD is not kept in a file (the reftable format names a branch
    /// `.invalid`).
    pub fn glance(repository: &Repository) -> Result<Self, Fault> {
        let head = crate::files::text(&repository.git_dir.join("HEAD"), 4096).unwrap_or_default();
        match head.trim_end().strip_prefix("ref: refs/heads/") {
            Some(branch) if branch != ".invalid" => {
                Ok(Self { head: Head::Branch(branch.to_owned()), ..Self::unknown() })
            }
            _ => Self::read(repository),
        }
    }

    fn unknown() -> Self {
        Self {
            head: Head::Detached,
            commit: None,
            upstream: None,
            fetched: None,
            operation: None,
            marks: BTreeMap::new(),
            counts: Counts::default(),
        }
    }

    /// Returns the first seven digits of HEAD's commit, as people write it.
    pub fn short_commit(&self) -> Option<&str> {
        self.commit.as_deref().map(|commit| commit.get(..7).unwrap_or(commit))
    }

    /// Returns the mark of a file, its own or that of an untracked folder around it.
    pub fn mark(&self, file: &str) -> Option<Mark> {
        if let Some(mark) = self.marks.get(file) {
            return Some(*mark);
        }
        let mut folder = file;
        while !folder.is_empty() {
            if let Some(mark) = self.marks.get(&format!("{folder}/")) {
                return Some(*mark);
            }
            folder = path::parent(folder);
        }
        None
    }

    /// Returns HEAD in a word: the branch's name, or the short commit of a detached HEAD.
    pub fn head_word(&self) -> &str {
        match &self.head {
            Head::Branch(name) | Head::Unborn(name) => name,
            Head::Detached => self.short_commit().unwrap_or("detached"),
        }
    }
}

/// A second worktree has a `FETCH_HEAD` of its own; all worktrees share the remote's branches.
fn fetched(repository: &Repository) -> Option<Timestamp> {
    let noted = |folder: &Path| folder.join("FETCH_HEAD").symlink_metadata().ok()?.modified().ok();
    let last = [noted(&repository.git_dir), noted(&repository.common_dir)].into_iter().flatten().max()?;
    Timestamp::try_from(last).ok()
}

/// Counts the commits by which a cluster's revision (`main@sha1:HASH`, or an older Flux's `main/HASH`) is behind HEAD;
/// `None` if git does not know the commit, as for an OCI digest or before a fetch.
pub fn commits_behind(root: &Path, revision: &str) -> Option<u32> {
    let hash = revision.rsplit([':', '/', '@']).next()?;
    if hash.len() < 7 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let printed =
        run::output(root, "git does not count", &["rev-list", "--count", &format!("{hash}..HEAD"), "--"]).ok()?;
    String::from_utf8_lossy(&printed).trim().parse().ok()
}

/// Reads the output of `git status --porcelain=v2 --branch -z` (git-status(1), Porcelain Format Version 2).
pub(super) fn parse(printed: &str) -> GitState {
    let mut state = GitState::unknown();
    let mut branch = None;
    let mut fields = printed.split('\0');
    while let Some(field) = fields.next() {
        let Some((sort, rest)) = field.split_once(' ') else { continue };
        match sort {
            "#" => header(rest, &mut state, &mut branch),
            // Columns before the path: XY, sub, three modes, two hashes; a rename adds its score, a conflict a mode and
            // a hash.
            "1" => changed(rest, 7, &mut state),
            "2" => {
                changed(rest, 8, &mut state);
                // The path before the rename follows in a field of its own.
                let _ = fields.next();
            }
            "u" => changed(rest, 9, &mut state),
            "?" => {
                state.counts.untracked += 1;
                state.marks.insert(rest.to_owned(), Mark::UNTRACKED);
            }
            _ => {}
        }
    }
    if let Some(branch) = branch {
        state.head = if state.commit.is_some() { Head::Branch(branch) } else { Head::Unborn(branch) };
    }
    state
}

fn header(text: &str, state: &mut GitState, branch: &mut Option<String>) {
    match text.split_once(' ') {
        Some(("branch.oid", "(initial)") | ("branch.head", "(detached)")) => {}
        Some(("branch.oid", commit)) => state.commit = Some(commit.to_owned()),
        Some(("branch.head", name)) => *branch = Some(name.to_owned()),
        Some(("branch.upstream", name)) => {
            state.upstream =
                Some(Upstream { name: name.to_owned(), ahead: None, behind: None, is_local: false, seen: None });
        }
        Some(("branch.ab", counts)) => {
            if let (Some(upstream), Some((ahead, behind))) = (state.upstream.as_mut(), counts.split_once(' ')) {
                upstream.ahead = ahead.trim_start_matches('+').parse().ok();
                upstream.behind = behind.trim_start_matches('-').parse().ok();
            }
        }
        _ => {}
    }
}

fn changed(text: &str, columns: usize, state: &mut GitState) {
    let mut letters = text.chars().map(|letter| if letter == '.' { ' ' } else { letter });
    let (Some(index), Some(worktree)) = (letters.next(), letters.next()) else { return };
    let Some(path) = text.splitn(columns + 1, ' ').nth(columns) else { return };
    let mark = Mark { index, worktree };
    if mark.is_conflict() {
        state.counts.conflicts += 1;
    } else {
        state.counts.staged += usize::from(index != ' ');
        state.counts.modified += usize::from(worktree != ' ');
    }
    state.marks.insert(path.to_owned(), mark);
}

/// Finds git's unfinished operation by the files that it keeps meanwhile (gitrepository-layout(5), git's own
/// `wt-status.c`).
pub(super) fn operation(git_dir: &Path) -> Option<UnfinishedOperation> {
    [
        ("rebase-merge", UnfinishedOperation::Rebase),
        // git am and an older kind of rebase share the folder.
        ("rebase-apply/applying", UnfinishedOperation::Am),
        ("rebase-apply", UnfinishedOperation::Rebase),
        ("MERGE_HEAD", UnfinishedOperation::Merge),
        ("CHERRY_PICK_HEAD", UnfinishedOperation::CherryPick),
        ("REVERT_HEAD", UnfinishedOperation::Revert),
    ]
    .into_iter()
    .find_map(|(name, operation)| git_dir.join(name).exists().then_some(operation))
    .or_else(|| sequence(git_dir))
    .or_else(|| git_dir.join("BISECT_LOG").exists().then_some(UnfinishedOperation::Bisect))
}

/// Finds a sequence of commits that is not at its end: git keeps it where one of them was settled by a commit.
fn sequence(git_dir: &Path) -> Option<UnfinishedOperation> {
    let todo = crate::files::text(&git_dir.join("sequencer/todo"), 1024 * 1024).ok()?;
    let step = todo.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'))?;
    match step.split_whitespace().next()? {
        "pick" | "p" => Some(UnfinishedOperation::CherryPick),
        "revert" => Some(UnfinishedOperation::Revert),
        _ => None,
    }
}
