//! Where the files come from that are checked: the working tree, or the index, that is the next commit.

use std::ffi::OsStr;
use std::io::{Error, ErrorKind};
use std::path::Path;

use crate::model::Fault;
use crate::repo::{contents, git, path};

/// Larger files are not looked into, in bytes: it is as much as fits into memory beside everything else, and more than any forge takes.
const LARGEST: u64 = 128 * 1024 * 1024;

/// Holds a file and what is in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    /// Its path below the repository's root; bytes of its name that are no UTF-8 as `\xE9`.
    pub path: String,
    /// What is in it.
    pub bytes: Vec<u8>,
    /// Why nobody looked into it, where that is so.
    pub unread: Option<String>,
}

impl Listed {
    /// Builds one from what reading it gave; `None` where there is nothing to read, as of a link or a submodule.
    fn of(name: &OsStr, read: Result<Vec<u8>, Error>) -> Option<Self> {
        let path = path::shown(name);
        match read {
            Ok(bytes) => Some(Self { path, bytes, unread: None }),
            // Deleted, a link, a folder of another repository: git stores no content of these.
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidInput) => None,
            Err(error) => Some(Self { path, bytes: Vec::new(), unread: Some(error.to_string()) }),
        }
    }
}

/// Reads files of the working tree: those that are named, folders looked through, or all that git would take.
///
/// # Errors
/// When git does not list them.
pub fn working_tree(root: &Path, paths: &[String]) -> Result<Vec<Listed>, Fault> {
    let names = git::all_files(root, paths)?;
    Ok(names.iter().filter_map(|name| Listed::of(name, contents::own(root, name, LARGEST))).collect())
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
                && let Ok(name) = path.strip_prefix(root)
            {
                found.extend(Listed::of(name.as_os_str(), contents::at_most(root, name, LARGEST)));
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
    let too_large = || Error::new(ErrorKind::FileTooLarge, format!("it is larger than {LARGEST} bytes"));
    let staged = git::staged(root, LARGEST)?.into_iter();
    Ok(staged.filter_map(|one| Listed::of(&one.name, one.bytes.ok_or_else(too_large))).collect())
}
