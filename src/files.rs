//! Files of unknown origin: only regular ones are opened, none is waited for, and no link leads out of a repository.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{Error, ErrorKind, Read as _, Result, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use rustix::fs::{Mode, OFlags};

use crate::model::Permit;

/// The largest file of a repository that is parsed, in bytes: an object of Kubernetes has 1 MiB at most, encryption and
/// several documents multiply that, and a reload must stay quick.
pub const MANIFEST_LIMIT: u64 = 16 * 1024 * 1024;

/// The largest file that becomes a value of a Secret, in bytes: the limit of Kubernetes for a Secret.
pub const VALUE_LIMIT: u64 = 1024 * 1024;

/// The folders without git that were opened as repositories: links in them may not lead out of them either.
static OPENED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// The number of files that were written in one step, because two threads may write the same one.
static WRITES: AtomicU64 = AtomicU64::new(0);

/// Treats a folder as a repository although it is not one of git, such as an unpacked archive.
pub fn take_for_repository(folder: &Path) {
    let written = std::path::absolute(folder).into_iter();
    let real = folder.canonicalize().into_iter();
    OPENED.lock().unwrap_or_else(PoisonError::into_inner).extend(written.chain(real));
}

/// Reads a regular file, up to a number of bytes.
///
/// # Errors
/// Fails with errors of the file system, for a pipe, a device or a folder, for a link that leads out of the repository,
/// and for a larger file.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>> {
    whole(open(&real(path)?)?, limit)
}

/// Reads a regular file that only the user names, such as a kubeconfig or a key, up to a number of bytes: its links may
/// lead anywhere.
///
/// # Errors
/// Fails with errors of the file system, for a pipe, a device or a folder, and for a larger file.
pub fn own(path: &Path, limit: u64) -> Result<Vec<u8>> {
    whole(open_own(path)?, limit)
}

/// Reads a file that only the user names as text.
///
/// # Errors
/// Fails like [`own`], and when it is not UTF-8.
pub fn own_text(path: &Path, limit: u64) -> Result<String> {
    String::from_utf8(own(path, limit)?).map_err(|_| Error::new(ErrorKind::InvalidData, "it is not UTF-8 text"))
}

/// Opens a file that only the user names for reading.
///
/// # Errors
/// Fails with errors of the file system, and for a pipe, a device or a folder.
pub fn open_own(path: &Path) -> Result<File> {
    open(&path.canonicalize()?)
}

/// Opens a regular file by its real path, without waiting for other processes.
fn open(real: &Path) -> Result<File> {
    // Opening a device may have an effect, so its type is checked before; it is checked again after, because the file
    // may have been replaced.
    regular(&real.symlink_metadata()?)?;
    // Opening a pipe would wait for its writer.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = File::from(rustix::fs::open(real, flags, Mode::empty())?);
    regular(&opened.metadata()?)?;
    Ok(opened)
}

/// Reads an open file to its end, up to a number of bytes.
///
/// # Errors
/// Fails with errors of the file system, and for a larger file.
pub fn whole(opened: File, limit: u64) -> Result<Vec<u8>> {
    let data = opened.metadata()?;
    let too_large = || Error::new(ErrorKind::FileTooLarge, format!("it is larger than {limit} bytes"));
    // The size may refuse the file, but not accept it: the file may grow meanwhile.
    if data.len() > limit {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(data.len()).unwrap_or_default());
    opened.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(too_large());
    }
    Ok(bytes)
}

/// Reads a file as text.
///
/// # Errors
/// Fails like [`read`], and when it is not UTF-8.
pub fn text(path: &Path, limit: u64) -> Result<String> {
    String::from_utf8(read(path, limit)?).map_err(|_| Error::new(ErrorKind::InvalidData, "it is not UTF-8 text"))
}

/// Returns the real path of a file. A path below a repository must stay in it: a link in a working tree is untrusted,
/// and may lead to any file of the user.
///
/// # Errors
/// Fails when the file does not exist, or is outside of the repository that its path is in.
pub fn real(path: &Path) -> Result<PathBuf> {
    let real = path.canonicalize()?;
    inside(path, &real)?;
    Ok(real)
}

/// Returns the real path of a file that does not exist yet.
///
/// # Errors
/// Fails when its folder does not exist, or is outside of the repository that the path is in.
pub fn place(path: &Path) -> Result<PathBuf> {
    let name = path.file_name().ok_or_else(|| Error::new(ErrorKind::InvalidInput, "it names no file"))?;
    let written = std::path::absolute(path)?;
    let folder = written.parent().unwrap_or(Path::new("/")).canonicalize()?;
    let place = folder.join(name);
    inside(&written, &place)?;
    Ok(place)
}

/// Refuses a real path outside of the repository that contains the written one. Outside of any repository, links are
/// the user's own.
fn inside(written: &Path, real: &Path) -> Result<()> {
    let written = std::path::absolute(written)?;
    let opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
    let is_repository = |folder: &&Path| opened.contains(*folder) || folder.join(".git").symlink_metadata().is_ok();
    let root = written.ancestors().skip(1).find(is_repository);
    match root {
        Some(root) if !real.starts_with(root.canonicalize()?) => {
            Err(Error::new(ErrorKind::PermissionDenied, "a link leads out of the repository"))
        }
        _ => Ok(()),
    }
}

fn regular(data: &std::fs::Metadata) -> Result<()> {
    if data.is_file() { Ok(()) } else { Err(Error::new(ErrorKind::InvalidInput, "it is not a regular file")) }
}

/// Writes a regular file of the repository atomically, as a replacement or as a new one. The target of `path` is
/// replaced, not a link.
///
/// # Errors
/// Fails like [`real`] and [`place`], for an existing file that is not regular, and when the file cannot be written; it
/// is then unchanged.
pub fn replace(path: &Path, bytes: &[u8], mode: u32, _permit: &Permit) -> Result<()> {
    let target = if path.symlink_metadata().is_ok() { real(path)? } else { place(path)? };
    if let Ok(data) = target.symlink_metadata() {
        regular(&data)?;
    }
    replace_at(&target, bytes, mode)
}

/// Replaces a file of our own state, such as how often a lesson was met, in one step; only this account can read it. Missing
/// folders are created.
///
/// # Errors
/// Fails when the file cannot be written; it is then unchanged.
pub fn keep_own(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    replace_at(path, bytes, 0o600)
}

fn replace_at(target: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let name = target.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let write = WRITES.fetch_add(1, Ordering::Relaxed);
    let beside = target.with_file_name(format!(".{name}.fluxdeck-{}-{write}", std::process::id()));
    // A process with the same id may have left a file there, or an attacker a link.
    let _gone = std::fs::remove_file(&beside);
    let written = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside).and_then(|mut file| {
        file.write_all(bytes)?;
        file.set_permissions(std::fs::Permissions::from_mode(mode))?;
        file.sync_all()?;
        std::fs::rename(&beside, target)?;
        // The rename itself must survive a power cut too. Some file systems cannot flush a folder; the file is in place
        // all the same.
        let _unflushed = target.parent().map(|folder| File::open(folder).and_then(|folder| folder.sync_all()));
        Ok(())
    });
    if written.is_err() {
        let _gone = std::fs::remove_file(&beside);
    }
    written
}

/// Opens a file of this account, such as a log, for appending; a missing one is created. A link is not followed.
///
/// # Errors
/// Fails when it is a link, is not a regular file, or cannot be written.
pub fn append(path: &Path) -> Result<File> {
    let flags = i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits()).unwrap_or_default();
    let opened = OpenOptions::new().create(true).append(true).mode(0o600).custom_flags(flags).open(path)?;
    regular(&opened.metadata()?)?;
    Ok(opened)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::model::permit::grant;

    /// Returns a repository with every type of file, and a file outside of it.
    fn sample_repository() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("repo");
        std::fs::create_dir_all(root.join("apps")).unwrap();
        std::fs::create_dir(root.join(".git")).unwrap();
        std::fs::create_dir(folder.path().join("elsewhere")).unwrap();
        std::fs::write(root.join("apps/a.yaml"), "a: 1\n").unwrap();
        std::fs::write(folder.path().join("elsewhere/secret"), "secret").unwrap();
        for (target, link) in [
            ("apps/a.yaml", "in"),
            ("../elsewhere/secret", "out"),
            ("../elsewhere", "folder"),
            ("/dev/zero", "device"),
            ("gone", "broken"),
        ] {
            symlink(target, root.join(link)).unwrap();
        }
        let fifo = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, root.join("pipe"), fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        (folder, root)
    }

    const BAD: [&str; 7] = ["out", "folder/secret", "device", "broken", "pipe", "apps", "gone"];

    #[test]
    fn only_regular_files_of_the_repository_are_read() {
        let (folder, root) = sample_repository();
        for good in ["apps/a.yaml", "in", "apps/../in"] {
            assert_eq!(text(&root.join(good), 100).unwrap(), "a: 1\n", "{good}");
        }
        for bad in BAD {
            assert!(read(&root.join(bad), 100).is_err(), "{bad}");
        }
        assert!(read(&root.join("apps/a.yaml"), 4).is_err());
        // Outside of any repository, links are the user's own.
        symlink("elsewhere/secret", folder.path().join("link")).unwrap();
        assert_eq!(text(&folder.path().join("link"), 100).unwrap(), "secret");
        assert!(read(Path::new("/dev/null"), 100).is_err());
    }

    #[test]
    fn nothing_outside_of_the_repository_is_written() {
        let (folder, root) = sample_repository();
        for good in ["apps/a.yaml", "in", "new.yaml"] {
            replace(&root.join(good), good.as_bytes(), 0o640, &grant()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(root.join("apps/a.yaml")).unwrap(), "in");
        assert!(root.join("in").symlink_metadata().unwrap().is_symlink());
        assert_eq!(root.join("new.yaml").metadata().unwrap().permissions().mode() & 0o777, 0o640);
        for bad in BAD.iter().filter(|name| **name != "gone") {
            assert!(replace(&root.join(bad), b"x", 0o600, &grant()).is_err(), "{bad}");
        }
        assert!(replace(&root.join("folder/new"), b"x", 0o600, &grant()).is_err());
        assert_eq!(std::fs::read_to_string(folder.path().join("elsewhere/secret")).unwrap(), "secret");
        assert_eq!(std::fs::read_dir(folder.path().join("elsewhere")).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_without_git_that_was_opened_as_a_repository_is_one() {
        let (folder, root) = sample_repository();
        std::fs::remove_dir(root.join(".git")).unwrap();
        assert_eq!(text(&root.join("out"), 100).unwrap(), "secret", "until then its links are the operator's own");
        take_for_repository(&root);
        for bad in BAD {
            assert!(read(&root.join(bad), 100).is_err(), "{bad}");
        }
        assert!(replace(&root.join("out"), b"x", 0o600, &grant()).is_err());
        assert_eq!(std::fs::read_to_string(folder.path().join("elsewhere/secret")).unwrap(), "secret");
        assert_eq!(text(&root.join("in"), 100).unwrap(), "a: 1\n");
    }

    #[test]
    fn a_log_is_no_link_and_no_pipe() {
        let (folder, root) = sample_repository();
        append(&folder.path().join("log")).unwrap();
        for bad in ["in", "out", "pipe", "apps"] {
            assert!(append(&root.join(bad)).is_err(), "{bad}");
        }
    }
}
