//! Files that git would wait for without end: a pipe, a socket or a device in place of a file that it reads.
//!
//! git opens `.git/HEAD`, `.gitignore` and the like without checking their kind, and the creator of the folder (an
//! archive, a shared disk) can make one of them a pipe. So they are checked before git is started; a deadline ends any
//! other wait.

use std::collections::HashMap;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError, Weak};

use crate::files;

/// Files that git reads in every command, below its own folder, or the one that worktrees share.
const OWN: [&str; 11] = [
    "HEAD",
    "index",
    "config",
    "config.worktree",
    "packed-refs",
    "shallow",
    "info/attributes",
    "info/exclude",
    "info/grafts",
    "info/sparse-checkout",
    "objects/info/alternates",
];

/// Files that it reads in every folder of the working tree.
const IN_FOLDERS: [&str; 3] = [".gitattributes", ".gitignore", ".gitmodules"];

/// The most entries of the working tree that are checked: git's deadline covers the rest.
const MOST: usize = 50_000;

/// The most bytes of a file that names git's folder.
const LONGEST: u64 = 64 * 1024;

/// Selects the part of the working tree that git walks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Through<'a> {
    /// Nothing of the working tree.
    Nothing,
    /// The folders on the way to a file or folder, and the content of that.
    WayTo(&'a Path),
    /// All folders of the working tree.
    Tree,
}

impl<'a> Through<'a> {
    /// Returns the part that a command walks for attributes and ignored files.
    pub(super) fn for_command(arguments: &[&'a str]) -> Self {
        let has = |word: &str| arguments.contains(&word);
        let named =
            arguments.iter().position(|word| *word == "--").and_then(|at| arguments.get(at.saturating_add(1)..));
        match arguments.iter().find(|word| ["diff", "status", "ls-files", "check-ignore", "grep"].contains(word)) {
            // git compares only the index with the last commit, or lists it.
            Some(&"diff") if has("--cached") && (has("--raw") || has("--name-only")) => Self::Nothing,
            Some(&"ls-files") if !has("--others") => Self::Nothing,
            Some(&"grep") if !has("--untracked") => Self::Nothing,
            Some(&("diff" | "check-ignore")) => match named {
                Some([file] | ["/dev/null", file]) => Self::WayTo(Path::new(*file)),
                _ => Self::Tree,
            },
            Some(_) => Self::Tree,
            None => Self::Nothing,
        }
    }
}

/// Returns the top of the working tree around a folder.
pub(super) fn top(folder: &Path) -> Option<&Path> {
    folder.ancestors().find(|root| root.join(".git").symlink_metadata().is_ok())
}

/// Finds such a file: among git's own, and in the part of the working tree that git walks.
pub(super) fn in_the_way(folder: &Path, through: Through<'_>) -> Option<PathBuf> {
    let root = top(folder)?;
    let own = own_folders(root).unwrap_or_else(|file| vec![file]);
    let files = own.iter().flat_map(|folder| std::iter::once(folder.clone()).chain(OWN.map(|name| folder.join(name))));
    files.into_iter().find(|file| never_ends(file)).or_else(|| match through {
        Through::Nothing => None,
        Through::WayTo(file) => on_the_way(root, &folder.join(file)),
        Through::Tree => in_tree(root),
    })
}

/// Returns the folders of git's own data: `.git`, or the folder that a file of that name points to, and the one that
/// such worktrees share.
///
/// # Errors
/// Returns the pointing file if it cannot be read.
fn own_folders(root: &Path) -> Result<Vec<PathBuf>, PathBuf> {
    let read = |file: PathBuf| files::text(&file, LONGEST).map_err(|_| file);
    let mut own = root.join(".git");
    if !own.is_dir() {
        let text = read(own)?;
        own = root.join(text.trim_end().strip_prefix("gitdir:").unwrap_or_default().trim_start());
    }
    let shared = own.join("commondir");
    if shared.symlink_metadata().is_err() {
        return Ok(vec![own]);
    }
    let shared = own.join(read(shared)?.trim_end());
    Ok(vec![own, shared])
}

fn on_the_way(root: &Path, file: &Path) -> Option<PathBuf> {
    let folders = file.ancestors().skip(1).take_while(|folder| folder.starts_with(root));
    let mut files = folders.flat_map(|folder| IN_FOLDERS.map(|name| folder.join(name)));
    let is_one = |file: &PathBuf| file.symlink_metadata().is_ok_and(|data| is_odd(data.file_type()));
    let is_folder = || file.symlink_metadata().is_ok_and(|data| data.is_dir());
    files.find(is_one).or_else(|| is_folder().then(|| in_folders(file)).flatten())
}

/// Searches the tree. A caller during another search takes the result of that one: a reload runs several gits at once.
fn in_tree(root: &Path) -> Option<PathBuf> {
    type Found = OnceLock<Option<PathBuf>>;
    static LOOKS: LazyLock<Mutex<HashMap<PathBuf, Weak<Found>>>> = LazyLock::new(Mutex::default);
    let look = {
        let mut looks = LOOKS.lock().unwrap_or_else(PoisonError::into_inner);
        looks.retain(|_, look| look.strong_count() > 0);
        let going_on = looks.get(root).and_then(Weak::upgrade).filter(|look| look.get().is_none());
        let look = going_on.unwrap_or_default();
        looks.insert(root.to_owned(), Arc::downgrade(&look));
        look
    };
    look.get_or_init(|| in_folders(root)).clone()
}

/// Tells whether reading a file may block: also if it is a link, which git follows in its own folder.
fn never_ends(file: &Path) -> bool {
    let is_nothing = || file.canonicalize().is_ok_and(|file| file == Path::new("/dev/null"));
    file.metadata().is_ok_and(|data| is_odd(data.file_type())) && !is_nothing()
}

fn is_odd(kind: std::fs::FileType) -> bool {
    kind.is_fifo() || kind.is_socket() || kind.is_char_device() || kind.is_block_device()
}

fn in_folders(root: &Path) -> Option<PathBuf> {
    let (mut folders, mut left) = (vec![root.to_owned()], MOST);
    while let Some(folder) = folders.pop() {
        // git cannot walk a folder that cannot be listed, either.
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            left = left.checked_sub(1)?;
            let Ok(kind) = entry.file_type() else { continue };
            let name = entry.file_name();
            if kind.is_dir() && name != ".git" {
                folders.push(entry.path());
            } else if is_odd(kind) && IN_FOLDERS.iter().any(|known| name == *known) {
                return Some(entry.path());
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::tests::TestRepository;
    use std::path::Path;

    use super::{IN_FOLDERS, OWN, Through, in_the_way};
    use crate::repo::git;

    fn pipe(file: &Path) {
        let _was_there = std::fs::remove_file(file);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        let (kind, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR);
        rustix::fs::mknodat(rustix::fs::CWD, file, kind, mode, 0).unwrap();
    }

    #[test]
    fn a_worktree_has_its_files_elsewhere() {
        let repository = TestRepository::new();
        repository.commit("first");
        let outside = tempfile::tempdir().unwrap();
        let tree = outside.path().join("tree");
        repository.git(&["worktree", "add", "--quiet", &tree.to_string_lossy()]);
        assert_eq!(git::files(&tree, &[]).unwrap(), [""; 0]);
        let git = repository.path().canonicalize().unwrap().join(".git");
        for name in
            ["info/exclude", "config", "worktrees/tree/commondir", "worktrees/tree/index", "worktrees/tree/HEAD"]
        {
            let file = git.join(name);
            let before = std::fs::read(&file);
            pipe(&file);
            let fault = git::files(&tree, &[]).unwrap_err();
            assert!(fault.why.contains(name) && fault.why.contains("pipe"), "{name}: {fault:?}");
            std::fs::remove_file(&file).unwrap();
            if let Ok(before) = before {
                std::fs::write(&file, before).unwrap();
            }
        }
        pipe(&tree.join(".git"));
        assert!(git::files(&tree, &[]).unwrap_err().why.contains("pipe"));
    }

    #[test]
    fn only_what_git_goes_through_is_looked_at() {
        let repository = TestRepository::new();
        repository.write("apps/a.yaml", "a: b\n");
        repository.write("other/a.yaml", "a: b\n");
        pipe(&repository.path().join("other/.gitignore"));
        let asks = |arguments: &[&str]| in_the_way(repository.path(), Through::for_command(arguments)).is_some();
        assert!(!asks(&["check-ignore", "--quiet", "--", "apps/a.yaml"]));
        assert!(asks(&["check-ignore", "--quiet", "--", "other/a.yaml"]));
        assert!(asks(&["ls-files", "--others", "--exclude-standard"]) && asks(&["status"]) && asks(&["diff", "a"]));
        assert!(!asks(&["diff", "--", "apps"]) && asks(&["diff", "--", "other"]));
        for arguments in [&["ls-files", "--cached"][..], &["diff", "--cached", "--raw"], &["cat-file", "--batch"]] {
            assert!(!asks(arguments), "{arguments:?}");
        }
    }

    #[test]
    fn a_pipe_in_place_of_a_file_is_told_and_never_waited_for() {
        let names = OWN.iter().map(|name| format!(".git/{name}"));
        let in_tree = IN_FOLDERS.iter().flat_map(|name| [(*name).to_owned(), format!("apps/a/{name}")]);
        for name in names.chain(in_tree) {
            let repository = TestRepository::new();
            repository.write("apps/a/x.yaml", "a: b\n");
            repository.commit("first");
            pipe(&repository.path().join(&name));
            let fault = git::files(repository.path(), &[]).unwrap_err();
            assert!(fault.why.contains(&name) && fault.why.contains("pipe"), "{fault:?}");
        }
        let repository = TestRepository::new();
        repository.write("a.yaml", "a: b\n");
        let link = repository.path().join(".git/info/exclude");
        let _was_there = std::fs::remove_file(&link);
        std::fs::create_dir_all(link.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink("/dev/null", link).unwrap();
        assert_eq!(git::files(repository.path(), &[]).unwrap(), ["a.yaml"]);
    }
}
