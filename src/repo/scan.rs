//! The tree of the repository: every folder and file that git does not ignore, in display order.
//!
//! Listing is separate from reading: [`scan`] queries git for names alone, so that the first frame waits for nothing
//! else, and [`Scan::read_locks`] opens the few files that may be encrypted afterwards.

use std::collections::BTreeSet;
use std::path::Path;

use super::lock::{self, Lock};
use super::tree_walk::{self, IgnoreRules};
use super::{contents, git, path};
use crate::model::Fault;

/// The most files that are listed: a longer tree is of no use to an operator, and memory stays bounded.
pub const FILE_LIMIT: usize = 50_000;

/// The most files that the first frame waits for.
const FIRST_LIMIT: usize = 5_000;

/// Classifies an entry of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A folder; a submodule is one without entries.
    Directory,
    /// A file.
    File,
    /// A symbolic link; it is shown and never followed.
    Link,
}

/// Holds one line of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeEntry {
    /// The path below the root, with `/`.
    pub path: Box<str>,
    /// The number of folders around it.
    pub depth: u16,
    /// The kind of entry.
    pub kind: EntryKind,
    /// The keys that open it; `None` while it is not known to be encrypted.
    pub lock: Option<Box<Lock>>,
}

impl TreeEntry {
    /// Returns the last part of the path.
    pub fn name(&self) -> &str {
        path::name(&self.path)
    }
}

/// Holds the tree, flat in display order: folders before files, each folder followed by its content.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scan {
    /// The entries, in display order.
    pub entries: Vec<TreeEntry>,
    /// The notices for the operator: a limit reached, or a failure of git.
    pub notices: Vec<Fault>,
}

impl Scan {
    /// Finds an entry by its path.
    pub fn get(&self, path: &str) -> Option<&TreeEntry> {
        self.entries.iter().find(|entry| &*entry.path == path)
    }

    /// Iterates over the folders, the root excepted.
    pub fn directories(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().filter(|entry| entry.kind == EntryKind::Directory).map(|entry| &*entry.path)
    }

    /// Reads the files that may be encrypted and notes their locks.
    pub fn read_locks(&mut self, root: &Path) {
        for entry in &mut self.entries {
            if entry.kind != EntryKind::File || !lock::is_candidate(&entry.path) {
                continue;
            }
            let text = contents::at_most(root, &*entry.path, lock::SIZE_LIMIT).map(String::from_utf8);
            if let Ok(Ok(text)) = text {
                entry.lock = lock::sniff(&text).map(Box::new);
            }
        }
    }
}

/// Lists the tree below `root`: tracked files and those that git neither tracks nor ignores; without git, all files.
pub fn scan(root: &Path) -> Scan {
    scan_limited(root, FILE_LIMIT)
}

fn scan_limited(root: &Path, limit: usize) -> Scan {
    let mut notices = Vec::new();
    let listing = match git::list_files(root, limit) {
        Ok(listing) => listing,
        Err(fault) => {
            notices.push(fault);
            walk(root, limit)
        }
    };
    if listing.truncated {
        notices.push(Fault::failed(
            format!("only {limit} files are shown"),
            "the folder holds more",
            "name what does not belong to the repository in .gitignore",
        ));
    }
    Scan { entries: arrange(root, &listing.paths), notices }
}

/// Lists the tree without running git, by its ignore rules: a few milliseconds sooner, for the first frame alone. A
/// file that is tracked although it is ignored is missing.
pub fn list(root: &Path) -> Scan {
    let mut listing = Listing::default();
    let walk = tree_walk::walk(&IgnoreRules::for_tree(root)).build();
    for entry in walk.flatten() {
        if entry.file_type().is_none_or(|kind| kind.is_dir()) {
            continue;
        }
        if listing.paths.len() == FIRST_LIMIT {
            break;
        }
        if let Some(path) = entry.path().strip_prefix(root).ok().and_then(Path::to_str) {
            listing.paths.insert(path.to_owned());
        }
    }
    Scan { entries: arrange(root, &listing.paths), notices: Vec::new() }
}

/// Holds names of files below the root, in no order.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) paths: BTreeSet<String>,
    pub(super) truncated: bool,
}

/// Lists files without git, skipping `.git` and unreadable files.
fn walk(root: &Path, limit: usize) -> Listing {
    let mut listing = Listing::default();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(root.join(&folder)) else { continue };
        for entry in entries.flatten() {
            let Ok(name) = entry.file_name().into_string() else { continue };
            let child = path::join(&folder, &name);
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => {
                    if name != ".git" {
                        folders.push(child);
                    }
                }
                Ok(_) => {
                    if listing.paths.len() == limit {
                        listing.truncated = true;
                        return listing;
                    }
                    listing.paths.insert(child);
                }
                Err(_) => {}
            }
        }
    }
    listing
}

/// Holds the parts of a path, the last one marked when it is a file's: folders then sort before files, and each before
/// its contents.
type SortKey<'a> = Vec<(bool, &'a str)>;

fn arrange(root: &Path, paths: &BTreeSet<String>) -> Vec<TreeEntry> {
    let mut keyed: Vec<(SortKey<'_>, &str, EntryKind)> = Vec::with_capacity(paths.len() * 5 / 4);
    let mut folders: BTreeSet<&str> = BTreeSet::new();
    for file in paths {
        let Some(kind) = kind_of(root, file) else { continue };
        let mut folder = path::parent(file);
        while !folder.is_empty() && folders.insert(folder) {
            folder = path::parent(folder);
        }
        if kind == EntryKind::Directory {
            folders.insert(file);
        } else {
            keyed.push((key(file, true), file, kind));
        }
    }
    keyed.extend(folders.iter().map(|folder| (key(folder, false), *folder, EntryKind::Directory)));
    keyed.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    keyed
        .into_iter()
        .map(|(key, path, kind)| TreeEntry {
            path: path.into(),
            depth: u16::try_from(key.len().saturating_sub(1)).unwrap_or(u16::MAX),
            kind,
            lock: None,
        })
        .collect()
}

fn key(path: &str, is_file: bool) -> SortKey<'_> {
    let mut parts: SortKey<'_> = path.split('/').map(|part| (false, part)).collect();
    if let Some(last) = parts.last_mut() {
        last.0 = is_file;
    }
    parts
}

/// Returns the kind of a path on the disk; `None` if it is gone (git still tracks it) or is no file at all, such as a
/// socket.
fn kind_of(root: &Path, path: &str) -> Option<EntryKind> {
    let kind = std::fs::symlink_metadata(root.join(path)).ok()?.file_type();
    if kind.is_symlink() {
        Some(EntryKind::Link)
    } else if kind.is_dir() {
        Some(EntryKind::Directory)
    } else {
        kind.is_file().then_some(EntryKind::File)
    }
}

#[cfg(test)]
mod tests {
    use super::{EntryKind, scan, scan_limited};
    use crate::repo::git::tests::{TestRepository, write};

    fn tree(scan: &super::Scan) -> Vec<String> {
        scan.entries.iter().map(|e| format!("{}{}", "  ".repeat(e.depth.into()), e.name())).collect()
    }

    #[test]
    fn the_tree_reads_folders_first_and_leaves_out_what_git_ignores() {
        let repository = TestRepository::new();
        for file in
            ["README.md", "apps/base/a.yaml", "apps/z.yaml", "apps-old/b.yaml", "clusters/staging/c.yaml", "target/x"]
        {
            repository.write(file, "a: 1\n");
        }
        repository.write(".gitignore", "/target\n*.agekey\n");
        repository.write("apps/new.agekey", "secret");
        repository.commit("first");
        repository.write("apps/untracked.yaml", "");
        std::fs::remove_file(repository.path().join("apps-old/b.yaml")).unwrap();
        std::os::unix::fs::symlink("/etc", repository.path().join("outside")).unwrap();

        let scan = scan(repository.path());
        let expected = [
            "apps",
            "  base",
            "    a.yaml",
            "  untracked.yaml",
            "  z.yaml",
            "clusters",
            "  staging",
            "    c.yaml",
            ".gitignore",
            "README.md",
            "outside",
        ];
        assert_eq!(tree(&scan), expected);
        assert_eq!(tree(&super::list(repository.path())), expected, "the first frame shows the same");
        assert_eq!(scan.get("outside").unwrap().kind, EntryKind::Link);
        assert_eq!(scan.directories().collect::<Vec<_>>(), ["apps", "apps/base", "clusters", "clusters/staging"]);
        assert!(scan.notices.is_empty(), "{:?}", scan.notices);
    }

    #[test]
    fn a_folder_without_git_is_walked_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "apps/a.yaml", "");
        let scan = scan(folder.path());
        assert_eq!(tree(&scan), ["apps", "  a.yaml"]);
        assert_eq!(scan.notices.len(), 1);
    }

    #[test]
    fn a_tree_without_end_is_cut_with_a_word_and_tracked_files_come_first() {
        let repository = TestRepository::new();
        repository.write("apps/tracked.yaml", "");
        repository.commit("first");
        for number in 0..20 {
            repository.write(&format!("aaa/{number}"), "");
        }
        let scan = scan_limited(repository.path(), 10);
        assert!(scan.get("apps/tracked.yaml").is_some());
        assert_eq!(scan.entries.iter().filter(|e| e.kind == EntryKind::File).count(), 10);
        assert!(scan.notices[0].what.contains("only 10 files"));
    }

    #[test]
    fn locks_name_the_recipients() {
        let repository = TestRepository::new();
        repository
            .write("s.yaml", "a: ENC[AES256_GCM,]\nsops:\n    age:\n        - recipient: age1abc\n    mac: ENC[]\n");
        repository.write("p.yaml", "a: 1\n");
        let mut scan = scan(repository.path());
        scan.read_locks(repository.path());
        assert_eq!(scan.get("s.yaml").unwrap().lock.as_ref().unwrap().recipients, ["age1abc"]);
        assert_eq!(scan.get("p.yaml").unwrap().lock, None);
    }
}
