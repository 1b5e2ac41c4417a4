//! What git would wait for without end: a pipe, a socket or a device in place of a file that it reads.
//!
//! git opens `.git/HEAD`, `.gitignore` and their like without looking what they are, and whoever made the folder (an archive, a shared disk) can
//! make a pipe of one. So that is told before git is started; whatever else it may wait for ends with its time.

use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};

/// Files that git reads whatever it is asked, below its own folder.
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

/// The most entries of the working tree that are looked at: what lies behind them is left to git's time.
const MOST: usize = 50_000;

/// Finds such a file: of git's own, and in the working tree where git is asked something for which it goes through that.
pub(super) fn in_the_way(folder: &Path, in_tree: bool) -> Option<PathBuf> {
    let root = folder.ancestors().find(|root| root.join(".git").symlink_metadata().is_ok())?;
    let own = OWN.iter().map(|name| root.join(".git").join(name)).find(|file| never_ends(file));
    own.or_else(|| in_tree.then(|| in_folders(root)).flatten())
}

/// Tells whether reading a file may wait: also where it is a link, which git follows in its own folder.
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
        // What cannot be listed git cannot go through either.
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
    use super::{IN_FOLDERS, OWN};
    use crate::repo::git;

    #[test]
    fn a_pipe_in_place_of_a_file_is_told_and_never_waited_for() {
        let names = OWN.iter().map(|name| format!(".git/{name}"));
        let in_tree = IN_FOLDERS.iter().flat_map(|name| [(*name).to_owned(), format!("apps/a/{name}")]);
        for name in names.chain(in_tree) {
            let repository = TestRepository::new();
            repository.write("apps/a/x.yaml", "a: b\n");
            repository.commit("first");
            let file = repository.path().join(&name);
            let _was_there = std::fs::remove_file(&file);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            let made = rustix::fs::mknodat(
                rustix::fs::CWD,
                &file,
                rustix::fs::FileType::Fifo,
                rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
                0,
            );
            made.unwrap();
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
