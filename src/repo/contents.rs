//! Contents of the repository's files, whatever a working tree holds.
//!
//! A tree is untrusted: a link may lead out of it, and a pipe or a device never ends. Code that reads a file because
//! the repository has it reads it here, by its path below the root. `crate::files` reads and writes the files that the
//! operator names, as every command about secrets does, and refuses the same.

use std::fs::File;
use std::io::{Error, ErrorKind, Result};
use std::path::Path;

use rustix::fs::{Mode, OFlags};

use crate::files;

/// Files above this size, in bytes, are not read: no manifest is so large, and a reload must stay quick.
pub const SIZE_LIMIT: u64 = files::MANIFEST_LIMIT;

/// Reads a file by its path below the root.
///
/// # Errors
/// If it is not a regular file, if a symbolic link leads out of the root, above 16 MiB, or if the file system fails.
pub fn bytes(root: &Path, file: &str) -> Result<Vec<u8>> {
    at_most(root, file, SIZE_LIMIT)
}

/// Reads a file as text.
///
/// # Errors
/// As [`bytes()`], and if it is not UTF-8.
pub fn text(root: &Path, file: &str) -> Result<String> {
    String::from_utf8(bytes(root, file)?).map_err(|_| Error::new(ErrorKind::InvalidData, "it is not UTF-8 text"))
}

/// Reads a file up to a size limit.
///
/// # Errors
/// As [`bytes()`], with this limit.
pub fn at_most(root: &Path, file: impl AsRef<Path>, limit: u64) -> Result<Vec<u8>> {
    let file = file.as_ref();
    let opened = open_below(root, file)?.map_or_else(|| open_resolved(root, file), Ok)?;
    regular(&opened)?;
    files::whole(opened, limit)
}

fn regular(opened: &File) -> Result<()> {
    if opened.metadata()?.is_file() { Ok(()) } else { Err(not_regular()) }
}

fn not_regular() -> Error {
    Error::new(ErrorKind::InvalidInput, "it is not a regular file")
}

/// Opening a pipe would wait for its writer.
const FLAGS: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);

/// Opens a file with a call of the kernel that cannot leave the folder; `None` if it is missing, or the file needs
/// another way.
#[cfg(target_os = "linux")]
fn open_below(root: &Path, file: &Path) -> Result<Option<File>> {
    use rustix::fs::{ResolveFlags, openat2};
    let keep = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    let path = OFlags::PATH | OFlags::CLOEXEC;
    let Ok(folder) = rustix::fs::open(root, path | OFlags::DIRECTORY, Mode::empty()) else { return Ok(None) };
    let Ok(place) = openat2(&folder, file, path, Mode::empty(), keep) else { return Ok(None) };
    // A device may act on being opened, so its kind is checked first.
    regular(&File::from(place))?;
    Ok(openat2(folder, file, FLAGS, Mode::empty(), keep).ok().map(File::from))
}

/// Other systems have no such call.
#[cfg(not(target_os = "linux"))]
fn open_below(_root: &Path, _file: &Path) -> Result<Option<File>> {
    Ok(None)
}

/// Opens a file by the path that it really has, which must be below the root.
fn open_resolved(root: &Path, file: &Path) -> Result<File> {
    let path = root.join(file).canonicalize()?;
    // The root is resolved only if its written path is not the real one.
    if !path.starts_with(root) && !path.starts_with(root.canonicalize()?) {
        return Err(Error::new(ErrorKind::PermissionDenied, "it lies outside of the repository"));
    }
    if !path.symlink_metadata()?.is_file() {
        return Err(not_regular());
    }
    Ok(File::from(rustix::fs::open(&path, FLAGS | OFlags::NOFOLLOW, Mode::empty())?))
}

/// Reads a file that is no link: the target of a link is listed under its own name, and git stores the link as that
/// name.
///
/// # Errors
/// As [`at_most`], and for a link.
pub fn own(root: &Path, file: impl AsRef<Path>, limit: u64) -> Result<Vec<u8>> {
    let file = file.as_ref();
    if root.join(file).symlink_metadata()?.is_symlink() {
        return Err(Error::new(ErrorKind::InvalidInput, "it is a link"));
    }
    at_most(root, file, limit)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn what_is_no_file_of_the_repository_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("repo");
        std::fs::create_dir_all(root.join("apps")).unwrap();
        std::fs::write(root.join("apps/a.yaml"), "a: 1\n").unwrap();
        std::fs::write(folder.path().join("outside"), "secret").unwrap();
        symlink("apps/a.yaml", root.join("inside.yaml")).unwrap();
        symlink(root.join("apps"), root.join("absolute")).unwrap();
        symlink("../outside", root.join("out.yaml")).unwrap();
        symlink("/dev/zero", root.join("zero")).unwrap();
        symlink("loop", root.join("loop")).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, root.join("pipe"), rustix::fs::FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)
            .unwrap();
        std::fs::write(root.join("latin"), b"\xe9").unwrap();

        for file in ["apps/a.yaml", "inside.yaml", "absolute/a.yaml", "apps/../apps/a.yaml"] {
            assert_eq!(text(&root, file).unwrap(), "a: 1\n", "{file}");
        }
        let linked = folder.path().join("linked");
        symlink(&root, &linked).unwrap();
        assert_eq!(text(&linked, "apps/a.yaml").unwrap(), "a: 1\n");
        for (file, why) in [
            ("out.yaml", "outside of the repository"),
            ("../outside", "outside of the repository"),
            ("zero", "outside of the repository"),
            ("pipe", "not a regular file"),
            ("apps", "not a regular file"),
            ("latin", "not UTF-8 text"),
        ] {
            let error = text(&root, file).unwrap_err().to_string();
            assert!(error.contains(why), "{file}: {error}");
        }
        assert!(text(&root, "loop").is_err() && text(&root, "missing").is_err());
        assert_eq!(at_most(&root, "apps/a.yaml", 4).unwrap_err().to_string(), "it is larger than 4 bytes");
        assert_eq!(at_most(&root, "apps/a.yaml", 5).unwrap(), b"a: 1\n");
        assert_eq!(own(&root, "apps/a.yaml", 5).unwrap(), b"a: 1\n");
        assert_eq!(own(&root, "inside.yaml", 5).unwrap_err().to_string(), "it is a link");
    }
}
