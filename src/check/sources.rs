//! Where the files come from that are checked: the working tree, or the index, that is the next commit.

use std::path::Path;

use crate::model::Fault;
use crate::repo::{contents, git};

/// Larger files are not looked into, in bytes: keys and manifests are small.
const LARGEST: u64 = 4 * 1024 * 1024;

/// Holds a file and what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its path below the repository's root.
    pub path: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// Reads files of the working tree: those that are named, folders looked through, or all that git would take.
///
/// # Errors
/// When git does not list them.
pub fn working_tree(root: &Path, paths: &[String]) -> Result<Vec<Listed>, Fault> {
    let read = |path: String| Some(Listed { bytes: contents::own(root, &path, LARGEST).ok()?, path });
    Ok(git::files(root, paths)?.into_iter().filter_map(read).collect())
}

/// Reads every file below a folder that is no repository, such as the tree of a commit.
pub fn folder(root: &Path) -> Vec<Listed> {
    let mut found = Vec::new();
    let mut next = vec![root.to_owned()];
    while let Some(folder) = next.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let Ok(data) = path.symlink_metadata() else { continue };
            if data.is_dir() {
                next.push(path);
            } else if data.is_file()
                && let Some(path) = path.strip_prefix(root).ok().and_then(Path::to_str)
                && let Ok(bytes) = contents::at_most(root, path, LARGEST)
            {
                found.push(Listed { path: path.to_owned(), bytes });
            }
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

/// Reads the files of the next commit that differ from the last.
///
/// # Errors
/// When git does not list or show them.
pub fn index(root: &Path) -> Result<Vec<Listed>, Fault> {
    let staged = git::staged(root, LARGEST)?;
    Ok(staged.into_iter().map(|(path, bytes)| Listed { path, bytes }).collect())
}
