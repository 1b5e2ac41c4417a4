//! Walks a working tree by git's ignore rules.
//!
//! A `.gitignore` is untrusted: it may link to a device, a pipe or twenty gigabytes. It is read like every other file
//! of the tree (regular files within it, up to a size), while the `ignore` crate opens any kind of file. Folders above
//! the root are not read.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ignore::WalkBuilder;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::{contents, path};

/// The largest file of patterns that is read, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// Decides which paths git ignores below a root, by the files in it and `.git/info/exclude`.
#[derive(Debug)]
pub(super) struct IgnoreRules {
    root: PathBuf,
    folders: Mutex<HashMap<PathBuf, Option<Arc<Gitignore>>>>,
    ignored: AtomicBool,
}

impl IgnoreRules {
    /// Builds the rules of a tree; those of each folder are read when they are needed.
    pub(super) fn for_tree(root: &Path) -> Arc<Self> {
        Arc::new(Self { root: root.to_owned(), folders: Mutex::default(), ignored: AtomicBool::new(false) })
    }

    /// Tells whether an ignored path was met: git may track it all the same.
    pub(super) fn have_ignored(&self) -> bool {
        self.ignored.load(Ordering::Relaxed)
    }

    /// Tells whether a path below the root is ignored, given that no folder above it is: the nearest rules win, as in
    /// git.
    fn ignore(&self, whole: &Path, is_folder: bool) -> bool {
        let mut folder = whole.parent();
        while let Some(at) = folder.filter(|at| at.starts_with(&self.root)) {
            let rules = self.rules(at);
            let matched = rules.as_ref().map(|rules| rules.matched(whole, is_folder));
            if let Some(matched) = matched.filter(|matched| !matched.is_none()) {
                let is_ignored = matched.is_ignore();
                if is_ignored {
                    self.ignored.store(true, Ordering::Relaxed);
                }
                return is_ignored;
            }
            folder = at.parent();
        }
        false
    }

    fn rules(&self, folder: &Path) -> Option<Arc<Gitignore>> {
        let mut folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = folders.get(folder) {
            return known.clone();
        }
        let below = folder.strip_prefix(&self.root).ok().and_then(Path::to_str);
        let rules = below.and_then(|below| gitignore(&self.root, below)).map(Arc::new);
        folders.insert(folder.to_owned(), rules.clone());
        rules
    }
}

/// Prepares a walk below a root that skips `.git` and ignored paths.
pub(super) fn walk(rules: &Arc<IgnoreRules>) -> WalkBuilder {
    let mut walk = WalkBuilder::new(&rules.root);
    // The operator's global ignore file of git counts, too; all other reading of the crate is off.
    walk.ignore(false).git_ignore(false).git_exclude(false).parents(false).hidden(false);
    let rules = Arc::clone(rules);
    walk.filter_entry(move |entry| {
        let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
        entry.depth() == 0 || entry.file_name() != OsStr::new(".git") && !rules.ignore(entry.path(), is_folder)
    });
    walk
}

/// Reads the patterns of a folder; `None` if it has none.
pub(super) fn gitignore(root: &Path, folder: &str) -> Option<Gitignore> {
    let mut builder = GitignoreBuilder::new(root.join(folder));
    let mut any = false;
    let mut add = |file: &str| {
        let bytes = contents::own(root, file, LARGEST).unwrap_or_default();
        for line in String::from_utf8_lossy(&bytes).lines() {
            // An invalid pattern ignores nothing.
            any |= builder.add_line(None, line).is_ok();
        }
    };
    if folder.is_empty() {
        add(".git/info/exclude");
    }
    add(&path::join(folder, ".gitignore"));
    any.then(|| builder.build().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::os::unix::fs::symlink;

    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::{IgnoreRules, walk};
    use crate::repo::git::tests::write;

    #[test]
    fn the_nearest_rules_win_and_what_is_no_file_has_none() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("repo");
        for (file, text) in [
            (".gitignore", "*.log\n/build/\n"),
            (".git/info/exclude", "local\n"),
            ("apps/.gitignore", "!keep.log\n"),
            ("apps/keep.log", ""),
            ("apps/other.log", ""),
            ("build/a.yaml", ""),
            ("local/a.yaml", ""),
            (".flux/a.yaml", ""),
            ("zero/a.yaml", ""),
            ("pipe/a.yaml", ""),
        ] {
            write(&root, file, text);
        }
        symlink("/dev/zero", root.join("zero/.gitignore")).unwrap();
        mknodat(CWD, root.join("pipe/.gitignore"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        // A folder above is not part of the tree.
        mknodat(CWD, folder.path().join(".gitignore"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let rules = IgnoreRules::for_tree(&root);
        let found: BTreeSet<String> = walk(&rules)
            .build()
            .flatten()
            .filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()))
            .map(|entry| entry.path().strip_prefix(&root).unwrap().to_str().unwrap().to_owned())
            .filter(|file| !file.ends_with(".gitignore"))
            .collect();
        let expected = [".flux/a.yaml", "apps/keep.log", "pipe/a.yaml", "zero/a.yaml"];
        assert_eq!(found, expected.map(str::to_owned).into());
        assert!(rules.have_ignored());
    }
}
