//! Where the files come from that are checked: the working tree, or the index, that is the next commit.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::io::{Error, ErrorKind};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::markdown::MarkdownDocument;
use crate::model::Fault;
use crate::repo::{contents, git, path};

/// Larger files are not looked into, in bytes: it is as much as fits into memory beside everything else, and more than any forge takes.
const LARGEST: u64 = 128 * 1024 * 1024;

/// Files above this size, in bytes, are looked at one after the other, on however many threads the others are.
const LARGE: u64 = 4 * 1024 * 1024;

/// Staged files of at most this size, in bytes, are read all at once, because a git for each takes longer than its file.
const SMALL: u64 = 1024 * 1024;

/// As long as all of them have no more bytes than this; the others are read when they are looked at.
const TOGETHER: u64 = 64 * 1024 * 1024;

/// Names a file that is looked into; what is in it is read only then, because all files together may be more than memory holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedFile {
    /// Its path below the repository's root; bytes of its name that are no UTF-8 as `\xE9`.
    pub path: String,
    content: Content,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Content {
    /// What was read already.
    Here(Vec<u8>),
    /// Why it cannot be read.
    Unread(String),
    /// Where it lies, and its size in bytes; a link there is none of its own.
    OnDisk { root: Arc<Path>, name: OsString, size: u64 },
    /// The hash under which git keeps it, and its size in bytes.
    InGit { root: Arc<Path>, hash: String, size: u64 },
    /// It is too large for a look beside other work.
    Later(u64),
}

/// Says why nobody looked into a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unread {
    /// Nobody can, for this reason.
    Never(String),
    /// It has so many bytes, and only a check of its own reads so much.
    Later(u64),
}

impl ListedFile {
    /// Holds a file whose content is known.
    pub fn known(path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { path: path.into(), content: Content::Here(bytes.into()) }
    }

    /// Names a file that cannot be read.
    #[cfg(test)]
    pub(super) fn unread(path: impl Into<String>, why: impl Into<String>) -> Self {
        Self { path: path.into(), content: Content::Unread(why.into()) }
    }

    /// Names a file of a folder; `None` where git stores no content: of a link, a pipe, a folder of another repository, what was deleted.
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

    /// Reads it as a Markdown document; an empty one where it cannot be read.
    pub fn document(&self) -> MarkdownDocument {
        self.read(|bytes| MarkdownDocument::read(&String::from_utf8_lossy(&bytes.unwrap_or_default())))
    }

    /// Gives what is in it to who looks into it; one large file at a time.
    pub(super) fn read<T>(&self, look: impl FnOnce(Result<Cow<'_, [u8]>, Unread>) -> T) -> T {
        match &self.content {
            Content::Here(bytes) => look(Ok(Cow::Borrowed(bytes))),
            Content::Unread(why) => look(Err(Unread::Never(why.clone()))),
            Content::Later(size) => look(Err(Unread::Later(*size))),
            Content::OnDisk { root, name, size } => {
                let _turn = turn(*size);
                match contents::own(root, name, LARGEST) {
                    Ok(bytes) => look(Ok(Cow::Owned(bytes))),
                    // It went, or a link took its place, since it was listed.
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

/// Waits until no other large file is looked at, where one is large.
fn turn(size: u64) -> Option<MutexGuard<'static, ()>> {
    static ONE: Mutex<()> = Mutex::new(());
    (size > LARGE).then(|| ONE.lock().unwrap_or_else(PoisonError::into_inner))
}

fn too_large() -> Error {
    Error::new(ErrorKind::FileTooLarge, format!("it is larger than {LARGEST} bytes"))
}

/// Lists files of the working tree: those that are named, folders looked through, or all that git would take.
///
/// # Errors
/// When git does not list them.
pub fn working_tree(root: &Path, paths: &[String]) -> Result<Vec<ListedFile>, Fault> {
    listed(root, paths, LARGEST)
}

/// Lists all files that git would take, for a look that goes on beside other work: those above 16 MiB are told and not read.
///
/// # Errors
/// When git does not list them.
pub(super) fn beside(root: &Path) -> Result<Vec<ListedFile>, Fault> {
    listed(root, &[], contents::SIZE_LIMIT)
}

fn listed(root: &Path, paths: &[String], largest: u64) -> Result<Vec<ListedFile>, Fault> {
    let names = git::all_files(root, paths)?;
    let root: Arc<Path> = Arc::from(root);
    Ok(names.iter().filter_map(|name| ListedFile::on_disk(&root, name.as_ref(), largest)).collect())
}

/// Lists every file below a folder that is no repository, such as the tree of a commit.
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
/// When git does not list or show them.
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
        // Many small ones are not kept together either.
        let kept = git::staged(repository.path(), SMALL, 4).unwrap();
        assert!(kept.iter().all(|one| one.bytes.is_none()));
    }

    #[test]
    fn a_large_file_is_read_by_itself_and_told_where_it_is_not() {
        let repository = TestRepository::new();
        repository.write("a.yaml", "a: 1\n");
        for (name, size) in [("large", 17), ("huge", 129)] {
            let file = std::fs::File::create(repository.path().join(name)).unwrap();
            // A hole takes no room.
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
