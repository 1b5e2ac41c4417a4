//! The branch, what is under way, and a mark for each changed file.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;

use super::{Repository, run};
use crate::model::Fault;
use crate::repo::path;

/// Says what HEAD stands on.
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

/// Says what git is in the middle of; most commands behave differently until it is finished or aborted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnfinishedOperation {
    /// `git merge`.
    Merge,
    /// `git rebase` or `git am`.
    Rebase,
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
            Self::CherryPick => "cherry-picking",
            Self::Revert => "reverting",
            Self::Bisect => "bisecting",
        }
    }
}

/// Compares HEAD with the branch that it follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Upstream {
    /// The followed branch, such as `origin/main`.
    pub name: String,
    /// Commits here and not there; `None` when the followed branch is gone.
    pub ahead: Option<u32>,
    /// Commits there and not here, as of the last fetch.
    pub behind: Option<u32>,
}

/// Tells how a file differs: in the index from HEAD, and in the working tree from the index, by git's letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Mark {
    /// The index against HEAD: a space, `M`, `A`, `D`, `R`, `C`, `T`, `U` or `?`.
    pub index: char,
    /// The working tree against the index.
    pub worktree: char,
}

impl Mark {
    const UNTRACKED: Self = Self { index: '?', worktree: '?' };

    /// Tells whether a merge left the file for the operator to settle.
    pub fn is_conflict(self) -> bool {
        matches!((self.index, self.worktree), ('U', _) | (_, 'U') | ('A', 'A') | ('D', 'D'))
    }

    /// Tells whether git does not know the file.
    pub fn is_untracked(self) -> bool {
        self == Self::UNTRACKED
    }

    /// Returns the one letter that says most about the file: `!` for a conflict, `?`, else the working tree's letter, else the index's.
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
    /// Not known to git (`!`); a folder of such files counts once.
    pub untracked: usize,
    /// Left in conflict by a merge (`!`).
    pub conflicts: usize,
}

/// Holds what `git status` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GitState {
    /// What HEAD stands on.
    pub head: Head,
    /// The commit of HEAD in full; `None` before the first.
    pub commit: Option<String>,
    /// The branch that HEAD's branch follows.
    pub upstream: Option<Upstream>,
    /// When the remote was asked last, as git notes it (`FETCH_HEAD`): what is said of the branch on the remote is of that time. `None` where it
    /// was not asked since the repository was made or cloned.
    pub fetched: Option<Timestamp>,
    /// What git is in the middle of.
    pub operation: Option<UnfinishedOperation>,
    /// Changed files by path; a folder of untracked files stands for all in it, with `/` at its end.
    pub marks: BTreeMap<String, Mark>,
    /// How many there are of each sort.
    pub counts: Counts,
}

impl GitState {
    /// Asks git for the state of a working tree.
    ///
    /// # Errors
    /// Fails with git's own words when it cannot tell.
    pub fn read(repository: &Repository) -> Result<Self, Fault> {
        let arguments = ["status", "--porcelain=v2", "--branch", "--untracked-files=normal", "-z"];
        let root = &repository.root;
        let printed = run::finish(run::comparing(root, &arguments), root, "git does not tell what changed")?;
        let mut state = parse(&String::from_utf8_lossy(&printed));
        state.operation = operation(&repository.git_dir);
        state.fetched = fetched(repository);
        Ok(state)
    }

    /// Finds the branch without running git, so that the first screen need not wait for it; nothing else is known then.
    ///
    /// # Errors
    /// Fails as [`GitState::read`], which it falls back on where HEAD is not kept in a file (the reftable format names a branch `.invalid`).
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

    /// Returns HEAD's commit in seven digits, as people write it.
    pub fn short_commit(&self) -> Option<&str> {
        self.commit.as_deref().map(|commit| commit.get(..7).unwrap_or(commit))
    }

    /// Returns the mark of a file, its own or that of an untracked folder that holds it.
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

    /// Returns what HEAD stands on in a word: the branch's name, or the short commit of a detached HEAD.
    pub fn head_word(&self) -> &str {
        match &self.head {
            Head::Branch(name) | Head::Unborn(name) => name,
            Head::Detached => self.short_commit().unwrap_or("detached"),
        }
    }
}

/// A working tree beside the first has a `FETCH_HEAD` of its own; the branches of the remote are all trees' in common.
fn fetched(repository: &Repository) -> Option<Timestamp> {
    let noted = |folder: &Path| folder.join("FETCH_HEAD").symlink_metadata().ok()?.modified().ok();
    let last = [noted(&repository.git_dir), noted(&repository.common_dir)].into_iter().flatten().max()?;
    Timestamp::try_from(last).ok()
}

/// Counts the commits by which a cluster's revision (`main@sha1:HASH`, or an older Flux's `main/HASH`) is behind HEAD; `None` when git
/// does not know the commit, as for an OCI digest or before a fetch.
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
            // Columns before the path: XY, sub, three modes, two hashes; a rename adds its score, a conflict a mode and a hash.
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
            state.upstream = Some(Upstream { name: name.to_owned(), ahead: None, behind: None });
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

/// Tells what git is in the middle of by the files that it keeps meanwhile (gitrepository-layout(5), git's own `wt-status.c`).
fn operation(git_dir: &Path) -> Option<UnfinishedOperation> {
    [
        ("rebase-merge", UnfinishedOperation::Rebase),
        ("rebase-apply", UnfinishedOperation::Rebase),
        ("MERGE_HEAD", UnfinishedOperation::Merge),
        ("CHERRY_PICK_HEAD", UnfinishedOperation::CherryPick),
        ("REVERT_HEAD", UnfinishedOperation::Revert),
        ("BISECT_LOG", UnfinishedOperation::Bisect),
    ]
    .into_iter()
    .find_map(|(name, operation)| git_dir.join(name).exists().then_some(operation))
}
