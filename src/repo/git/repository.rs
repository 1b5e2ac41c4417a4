//! Where the repository is.

use std::path::{Path, PathBuf};

use super::run;
use crate::model::Fault;

/// Says where a working tree and its git folders are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// The top of the working tree.
    pub root: PathBuf,
    /// The folder with HEAD and the index: `.git`, or a worktree's own.
    pub git_dir: PathBuf,
    /// The folder with the refs, shared by all worktrees.
    pub common_dir: PathBuf,
}

impl Repository {
    /// Finds the repository that a folder lies in, by asking git.
    ///
    /// # Errors
    /// Fails when git is missing, the folder lies in no repository, the repository is bare, or git does not trust its owner.
    pub fn discover(folder: &Path) -> Result<Self, Fault> {
        let arguments = ["rev-parse", "--path-format=absolute", "--show-toplevel", "--git-dir", "--git-common-dir"];
        let printed = run::output(folder, "cannot open the repository", &arguments)?;
        let text = String::from_utf8_lossy(&printed);
        let mut lines = text.lines().map(PathBuf::from);
        match (lines.next(), lines.next(), lines.next()) {
            (Some(root), Some(git_dir), Some(common_dir)) => Ok(Self { root, git_dir, common_dir }),
            _ => {
                Err(Fault::failed("cannot open the repository", "git's answer is incomplete", "is git 2.31 or newer?"))
            }
        }
    }
}
