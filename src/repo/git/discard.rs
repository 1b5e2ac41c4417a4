//! Discards the changes of a file or folder: what is lost is measured before the question, and nothing else is destroyed
//! after it.

use std::fmt::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::change::on_paths;
use super::diff::Side;
use super::files::all_files;
use super::run;
use crate::model::{Fault, FaultKind, Permit};

const WHAT: &str = "nothing was discarded";

/// Identifies the content that a discard would destroy, as of one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured(String);

impl Measured {
    /// Identifies the content of a file or folder, in the index and in the working tree.
    ///
    /// # Errors
    /// Refuses a folder with a repository of its own, which git would not delete; fails when git lists no files.
    pub fn of(root: &Path, path: &str) -> Result<Self, Fault> {
        let arguments = ["--literal-pathspecs", "ls-files", "--stage", "-z", "--", path];
        let index = run::output(root, WHAT, &arguments)?;
        let mut text = String::from_utf8_lossy(&index).replace('\0', "\n");
        for file in all_files(root, &[path.to_owned()])? {
            let place = root.join(&file);
            // git lists a repository within this one as a folder.
            if place.join(".git").symlink_metadata().is_ok() && file.to_string_lossy().ends_with('/') {
                return Err(foreign(&file.to_string_lossy()));
            }
            // The time of the last change of the inode tells one content from another without reading large files.
            let seen = place.symlink_metadata().map_or_else(
                |_| "gone".to_owned(),
                |data| {
                    let changed = (data.ctime(), data.ctime_nsec(), data.mtime(), data.mtime_nsec());
                    format!("{} {:o} {} {changed:?}", data.ino(), data.mode(), data.size())
                },
            );
            // A String takes any text.
            let _ = writeln!(text, "{:?} {seen}", file.as_os_str().as_encoded_bytes());
        }
        Ok(Self(text))
    }

    /// Reads it from a command's answer.
    pub fn from_answer(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Writes it as a command's answer.
    pub fn as_answer(&self) -> &str {
        &self.0
    }
}

fn foreign(path: &str) -> Fault {
    Fault::new(
        FaultKind::Refused,
        WHAT,
        format!("{path} is a repository of its own: git deletes none, and its commits may be nowhere else"),
        "delete the folder yourself if nothing in it is needed",
    )
}

/// Discards the changes of a file on one side, and tells whether something stays at its place: unstaged changes go back
/// to the index, staged ones and all others of the file to the last commit, and an untracked file is deleted. Ignored
/// files stay.
///
/// # Errors
/// Refuses if the content is not the measured one any more; fails if another git holds the index, git refuses, or git
/// left some of it.
pub fn discard(root: &Path, path: &str, side: Side, measured: &Measured, _permit: &Permit) -> Result<bool, Fault> {
    if Measured::of(root, path)? != *measured {
        return Err(Fault::new(
            FaultKind::Refused,
            WHAT,
            format!("{path} has changed since: other lines would be lost than those that were told"),
            "press - again, which tells what is lost now",
        ));
    }
    let before = all_files(root, &[path.to_owned()])?;
    on_paths(root, WHAT, discarding(side), &[path.to_owned()])?;
    if side != Side::Untracked {
        return Ok(true);
    }
    // The list of ignored files may be deleted with the folder: what it named stays, and is no surprise.
    let mut left = all_files(root, &[path.to_owned()])?;
    left.retain(|file| before.contains(file));
    if let Some(first) = left.first() {
        return Err(Fault::failed(
            "not everything was discarded",
            format!("git left {} of {path}, first {}", left.len(), first.to_string_lossy()),
            "look at it (git clean --dry-run -d), and delete it yourself",
        ));
    }
    Ok(root.join(path).symlink_metadata().is_ok())
}

/// Returns the words after `git` that discard a file on one side, before its path.
pub fn discarding(side: Side) -> &'static [&'static str] {
    match side {
        Side::Staged => &["restore", "--source=HEAD", "--staged", "--worktree"],
        Side::Unstaged => &["restore", "--worktree"],
        Side::Untracked => &["clean", "--force", "-d", "--quiet"],
    }
}
