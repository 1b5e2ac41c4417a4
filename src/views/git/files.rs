//! The changed files in their groups, each with its mark.

use crate::repo::git::{GitState, Side};

/// Names the group of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// A merge left it to the user to resolve.
    Conflict,
    /// The next commit has it.
    Staged,
    /// It is changed and not staged.
    Unstaged,
    /// Git does not track it.
    Untracked,
}

impl Group {
    /// Returns the heading of the group.
    pub fn heading(self) -> &'static str {
        match self {
            Self::Conflict => "in conflict: ‹key:edit› edits, ‹key:mark› marks as resolved",
            Self::Staged => "staged",
            Self::Unstaged => "not staged",
            Self::Untracked => "not known to git",
        }
    }

    /// Returns the side whose difference shows a file of the group.
    pub fn side(self) -> Side {
        match self {
            Self::Staged => Side::Staged,
            Self::Conflict | Self::Unstaged => Side::Unstaged,
            Self::Untracked => Side::Untracked,
        }
    }
}

/// Holds one changed file in one group; a file that is staged and changed again is in two.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ChangedFile {
    /// The group.
    pub group: Group,
    /// The path; with `/` at its end for an untracked folder.
    pub path: String,
    /// Git's letter.
    pub letter: char,
    /// The conflict in git's words, where there is one: of a file that one side deleted there is no difference to see.
    pub conflict: Option<&'static str>,
}

/// Lists the changed files, group by group.
pub fn changed(state: &GitState) -> Vec<ChangedFile> {
    let mut files = Vec::new();
    for (path, mark) in &state.marks {
        let mut add = |group, letter| {
            files.push(ChangedFile { group, path: path.clone(), letter, conflict: mark.conflict() });
        };
        if mark.is_conflict() {
            add(Group::Conflict, '!');
        } else if mark.is_untracked() {
            add(Group::Untracked, '?');
        } else {
            if mark.index != ' ' {
                add(Group::Staged, mark.index);
            }
            if mark.worktree != ' ' {
                add(Group::Unstaged, mark.worktree);
            }
        }
    }
    files.sort();
    files
}
