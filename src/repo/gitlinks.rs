//! Parts of the working tree that git itself does not hold: the content of submodules, and of files that Git LFS keeps.
//!
//! source-controller clones with go-git: a submodule is an empty folder unless `spec.recurseSubmodules` is set, and a
//! file of LFS is its pointer, because nothing runs the filters of `.gitattributes`.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use sha2::{Digest as _, Sha256};

use super::{contents, path};

/// The first line of a pointer (github.com/git-lfs/git-lfs, `docs/spec.md`).
const POINTER: &str = "version https://git-lfs.github.com/spec/v1\n";

/// Lists the folders of submodules, as `.gitmodules` names them.
pub(super) fn submodules(root: &Path) -> Vec<String> {
    let text = contents::text(root, ".gitmodules").unwrap_or_default();
    let paths = text.lines().filter_map(|line| line.trim().strip_prefix("path")?.trim_start().strip_prefix('='));
    paths.map(path::below_root).map(|path| path.trim().to_owned()).filter(|path| !path.is_empty()).collect()
}

/// Finds the files that LFS keeps, by the attributes of each folder.
#[derive(Debug, Default)]
pub struct Attributes {
    folders: HashMap<String, Option<Gitignore>>,
}

impl Attributes {
    /// Returns git's content of a file from its content in the working tree: the pointer, if LFS keeps the file.
    pub fn in_git(&mut self, root: &Path, file: &str, bytes: Vec<u8>) -> Vec<u8> {
        if bytes.starts_with(POINTER.as_bytes()) || !self.is_kept_by_lfs(root, file) {
            return bytes;
        }
        let mut pointer = format!("{POINTER}oid sha256:");
        for byte in Sha256::digest(&bytes) {
            let _written = write!(pointer, "{byte:02x}");
        }
        let _written = writeln!(pointer, "\nsize {}", bytes.len());
        pointer.into_bytes()
    }

    fn is_kept_by_lfs(&mut self, root: &Path, file: &str) -> bool {
        let mut folder = path::parent(file);
        loop {
            let known = self.folders.entry(folder.to_owned()).or_insert_with(|| attributes(root, folder));
            let matched = known.as_ref().map(|own| own.matched(root.join(file), false));
            if let Some(matched) = matched.filter(|matched| !matched.is_none()) {
                return matched.is_ignore();
            }
            if folder.is_empty() {
                return false;
            }
            folder = path::parent(folder);
        }
    }
}

/// Reads which files of a folder have the filter of LFS; `None` if no file has it.
fn attributes(root: &Path, folder: &str) -> Option<Gitignore> {
    let text = contents::text(root, &path::join(folder, ".gitattributes")).ok()?;
    if !text.contains("filter=lfs") {
        return None;
    }
    let mut builder = GitignoreBuilder::new(root.join(folder));
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let Some(pattern) = words.next().filter(|pattern| !pattern.starts_with(['#', '"', '!'])) else { continue };
        for word in words {
            if word == "filter=lfs" {
                let _odd = builder.add_line(None, pattern);
            } else if word.trim_start_matches(['-', '!']) == "filter" || word.starts_with("filter=") {
                let _odd = builder.add_line(None, &format!("!{pattern}"));
            }
        }
    }
    builder.build().ok()
}

#[cfg(test)]
mod tests {
    use super::{Attributes, submodules};

    #[test]
    fn a_file_of_lfs_is_its_pointer() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir_all(root.join("a/plain")).unwrap();
        std::fs::write(root.join(".gitattributes"), "*.bin filter=lfs diff=lfs merge=lfs -text\n*.txt text\n").unwrap();
        std::fs::write(root.join("a/plain/.gitattributes"), "*.bin -filter\nx/** filter=lfs\n").unwrap();
        let mut attributes = Attributes::default();
        let mut of = |file: &str| String::from_utf8(attributes.in_git(root, file, b"hello".to_vec())).unwrap();
        let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\nsize 5\n";
        assert_eq!(of("a/b.bin"), pointer);
        assert_eq!([of("a/b.txt"), of("a/plain/b.bin")], ["hello", "hello"]);
        assert_eq!(attributes.in_git(root, "a/b.bin", pointer.into()), pointer.as_bytes(), "it is one already");
    }

    #[test]
    fn submodules_are_read() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(
            folder.path().join(".gitmodules"),
            "[submodule \"a\"]\n\tpath = vendor/a\n\turl = https://example.org/a.git\n[submodule \"b\"]\n\tpath=b\n",
        )
        .unwrap();
        assert_eq!(submodules(folder.path()), ["vendor/a", "b"]);
    }
}
