//! The sources of checked files: the working tree, or the index, which is the next commit.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::io::{Error, ErrorKind};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::markdown::MarkdownDocument;
use crate::model::Fault;
use crate::repo::{contents, git, path};

/// The largest size, in bytes, of an inspected file: more than any forge accepts, and small enough for memory.
const LARGEST: u64 = 128 * 1024 * 1024;

/// The largest size, in bytes, of files that are checked in parallel; larger ones are checked one at a time.
const LARGE: u64 = 4 * 1024 * 1024;

/// The largest size, in bytes, of staged files that are read together: a git process for each takes longer than its
/// file.
const SMALL: u64 = 1024 * 1024;

/// The most bytes of staged files that are read together; the others are read when they are checked.
const TOGETHER: u64 = 64 * 1024 * 1024;

/// Names a file to check; its content is read only then, because all files together may exceed memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedFile {
    /// The path below the repository's root; bytes of the name that are not UTF-8 are written as `\xE9`.
    pub path: String,
    content: Content,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Content {
    /// The content, already read.
    Here(Vec<u8>),
    /// The reason why the file cannot be read.
    Unread(String),
    /// The place in the working tree, and the size in bytes; symbolic links are not followed.
    OnDisk { root: Arc<Path>, name: OsString, size: u64 },
    /// The hash in git, and the size in bytes.
    InGit { root: Arc<Path>, hash: String, size: u64 },
    /// The size of a file that is too large for a background check.
    Later(u64),
}

/// Says why a file was not inspected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unread {
    /// The file cannot be inspected, for this reason.
    Never(String),
    /// The file has this many bytes, which only a separate check reads.
    Later(u64),
}

impl ListedFile {
    /// Creates a file with known content.
    pub fn known(path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { path: path.into(), content: Content::Here(bytes.into()) }
    }

    /// Creates a file that cannot be read.
    #[cfg(test)]
    pub(super) fn unread(path: impl Into<String>, why: impl Into<String>) -> Self {
        Self { path: path.into(), content: Content::Unread(why.into()) }
    }

    /// Creates a file of a folder; `None` where git stores no content: for a link, a pipe, a submodule, a deleted file.
    fn on_disk(root: &Arc<Path>, name: &OsStr, largest: u64) -> Option<Self> {
        let path = path::shown(name);
        let content = match root.join(name).symlink_metadata() {
            Ok(data) if !data.is_file() => return None,
            Ok(data) if data.len() > LARGEST => Content::Unread(too_large().to_string()),
            Ok(data) if data.len() > largest => Content::Later(data.len()),
            Ok(data) => Content::OnDisk { root: Arc::clone(root), name: name.to_owned(), size: data.len() },
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return None,
            Err(error) => Content::Unread(error.to_string()),
        };
        Some(Self { path, content })
    }

    /// Reads the file as a Markdown document; an unreadable file gives an empty one.
    pub fn document(&self) -> MarkdownDocument {
        self.read(|bytes| MarkdownDocument::read(&String::from_utf8_lossy(&bytes.unwrap_or_default())))
    }

    /// Passes the content to a closure; one large file at a time.
    pub(super) fn read<T>(&self, look: impl FnOnce(Result<Cow<'_, [u8]>, Unread>) -> T) -> T {
        match &self.content {
            Content::Here(bytes) => look(Ok(Cow::Borrowed(bytes))),
            Content::Unread(why) => look(Err(Unread::Never(why.clone()))),
            Content::Later(size) => look(Err(Unread::Later(*size))),
            Content::OnDisk { root, name, size } => {
                let _turn = turn(*size);
                match contents::own(root, name, LARGEST) {
                    Ok(bytes) => look(Ok(Cow::Owned(bytes))),
                    // The file was deleted, or replaced by a link, since it was listed.
                    Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidInput) => {
                        look(Ok(Cow::Borrowed(&[])))
                    }
                    Err(error) => look(Err(Unread::Never(error.to_string()))),
                }
            }
            Content::InGit { root, hash, size } => {
                let _turn = turn(*size);
                match git::object(root, hash, LARGEST) {
                    Ok(bytes) => look(Ok(Cow::Owned(bytes))),
                    Err(error) => look(Err(Unread::Never(error.to_string()))),
                }
            }
        }
    }
}

/// Waits for its turn, where a file is large.
fn turn(size: u64) -> Option<MutexGuard<'static, ()>> {
    static ONE: Mutex<()> = Mutex::new(());
    (size > LARGE).then(|| ONE.lock().unwrap_or_else(PoisonError::into_inner))
}

fn too_large() -> Error {
    Error::new(ErrorKind::FileTooLarge, format!("it is larger than {LARGEST} bytes"))
}

/// Lists files of the working tree: the named ones, those below named folders, or all that git tracks or would add.
///
/// # Errors
/// Fails when git does not list them.
pub fn working_tree(root: &Path, paths: &[String]) -> Result<Vec<ListedFile>, Fault> {
    listed(root, paths, LARGEST)
}

/// Lists all files that git tracks or would add, for a background check: those above 16 MiB are listed and not read.
///
/// # Errors
/// Fails when git does not list them.
pub(super) fn beside(root: &Path) -> Result<Vec<ListedFile>, Fault> {
    listed(root, &[], contents::SIZE_LIMIT)
}

fn listed(root: &Path, paths: &[String], largest: u64) -> Result<Vec<ListedFile>, Fault> {
    let names = git::all_files(root, paths)?;
    let root: Arc<Path> = Arc::from(root);
    Ok(names.iter().filter_map(|name| ListedFile::on_disk(&root, name.as_ref(), largest)).collect())
}

/// Lists every file below a folder that is not a repository, such as the tree of a commit.
pub fn folder(root: &Path) -> Vec<ListedFile> {
    let mut found = Vec::new();
    let mut next = vec![root.to_owned()];
    let shared: Arc<Path> = Arc::from(root);
    while let Some(folder) = next.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let Ok(data) = path.symlink_metadata() else { continue };
            if data.is_dir() {
                next.push(path);
            } else if let Ok(name) = path.strip_prefix(root) {
                found.extend(ListedFile::on_disk(&shared, name.as_os_str(), LARGEST));
            }
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

/// Lists the files of the next commit that differ from the last.
///
/// # Errors
/// Fails when git does not list or show them.
pub fn index(root: &Path) -> Result<Vec<ListedFile>, Fault> {
    let shared: Arc<Path> = Arc::from(root);
    let listed = |one: git::Staged| {
        let content = match (one.bytes, one.size) {
            (Some(bytes), _) => Content::Here(bytes),
            (None, size) if size > LARGEST => Content::Unread(too_large().to_string()),
            (None, size) => Content::InGit { root: Arc::clone(&shared), hash: one.hash, size },
        };
        ListedFile { path: path::shown(&one.name), content }
    };
    Ok(git::staged(root, SMALL, TOGETHER)?.into_iter().map(listed).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo::git::tests::TestRepository;

    #[test]
    fn what_is_staged_and_large_is_read_when_it_is_looked_at() {
        let repository = TestRepository::new();
        repository.write("small.yaml", "a: 1\n");
        let large = "a: 1\n".repeat(300_000);
        repository.write("large.yaml", &large);
        repository.git(&["add", "--all"]);
        repository.write("large.yaml", "");
        let staged = index(repository.path()).unwrap();
        let [one, other] = staged.as_slice() else { panic!("{}", staged.len()) };
        assert!(matches!(&one.content, Content::InGit { size: 1_500_000, .. }), "{:?}", one.path);
        assert!(one.read(|bytes| bytes.unwrap() == large.as_bytes()));
        assert_eq!(other.content, Content::Here(b"a: 1\n".to_vec()));
        // The total of many small files is limited too.
        let kept = git::staged(repository.path(), SMALL, 4).unwrap();
        assert!(kept.iter().all(|one| one.bytes.is_none()));
    }

    #[test]
    fn a_large_file_is_read_by_itself_and_told_where_it_is_not() {
        let repository = TestRepository::new();
        repository.write("a.yaml", "a: 1\n");
        for (name, size) in [("large", 17), ("huge", 129)] {
            let file = std::fs::File::create(repository.path().join(name)).unwrap();
            // A sparse file takes no space.
            file.set_len(size * 1024 * 1024).unwrap();
        }
        let says = |files: Vec<ListedFile>| -> Vec<_> {
            files.iter().map(|file| file.read(|bytes| bytes.map(|bytes| bytes.len()))).collect()
        };
        let never = Err(Unread::Never("it is larger than 134217728 bytes".to_owned()));
        let all = working_tree(repository.path(), &[]).unwrap();
        assert_eq!(says(all), [Ok(5), never.clone(), Ok(17 << 20)]);
        assert_eq!(says(beside(repository.path()).unwrap()), [Ok(5), never, Err(Unread::Later(17 << 20))]);
        let mut all = working_tree(repository.path(), &["a.yaml".to_owned()]).unwrap();
        std::fs::remove_file(repository.path().join("a.yaml")).unwrap();
        assert_eq!(says(all.split_off(0)), [Ok(0)]);
    }
}
