//! Folders for the files of programs: for this user alone, removed with the value, and found by the next start if
//! fluxdeck was killed.

use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use super::registry;

/// The `statfs` types of tmpfs and of ramfs (`linux/magic.h`).
const IN_MEMORY: [rustix::fs::FsWord; 2] = [0x0102_1994, 0x8584_58f6];

/// The prefix of their names; the purpose, our process id, and a random part follow.
pub(super) const PREFIX: &str = "fluxdeck-";

/// Holds a folder that only this user can enter, and that is removed with the value.
#[derive(Debug)]
pub struct WorkFolder {
    path: PathBuf,
    /// The lock of the folder, which tells the next start that it is in use.
    _lock: Option<File>,
}

impl WorkFolder {
    /// Creates a folder for a purpose, in memory where possible.
    ///
    /// # Errors
    /// Fails when no folder can be created.
    pub fn new(what: &str) -> io::Result<Self> {
        let mut last = io::Error::from(io::ErrorKind::NotFound);
        for place in places() {
            match Self::below(&place, what) {
                Ok(made) => return Ok(made),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Creates a folder for files without secrets, among the system's temporary files.
    ///
    /// # Errors
    /// Fails when it cannot be created.
    pub fn temporary(what: &str) -> io::Result<Self> {
        Self::below(&std::env::temp_dir(), what)
    }

    /// Creates a folder in one of some places, if its file system is verified to be in memory.
    ///
    /// # Errors
    /// Fails with the reason for each place.
    pub fn in_memory(what: &str, places: impl IntoIterator<Item = PathBuf>) -> Result<Self, Vec<String>> {
        let mut why = Vec::new();
        for place in places {
            if !is_in_memory(&place) {
                why.push(format!("{} is not a file system in memory", place.display()));
                continue;
            }
            match Self::below(&place, what) {
                Ok(made) => return Ok(made),
                Err(error) => why.push(format!("{}: {error}", place.display())),
            }
        }
        Err(why)
    }

    fn below(place: &Path, what: &str) -> io::Result<Self> {
        // The canonical path, so that canonical paths of its files lie below it.
        let place = place.canonicalize()?;
        let random = RandomState::new().hash_one(what);
        let path = place.join(format!("{PREFIX}{what}-{}-{random:016x}", std::process::id()));
        std::fs::DirBuilder::new().mode(0o700).create(&path)?;
        registry::keep_folder(&path);
        // Without a lock, only the process id shows that it is in use.
        let lock =
            File::open(&path).ok().filter(|folder| flock(folder, FlockOperation::NonBlockingLockExclusive).is_ok());
        Ok(Self { path, _lock: lock })
    }

    /// Returns the folder.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for WorkFolder {
    fn drop(&mut self) {
        registry::forget_folder(&self.path);
        // The next start tries again to remove the rest.
        let _left = std::fs::remove_dir_all(&self.path);
    }
}

/// Returns the places for files in memory, the user's own first.
pub fn memory_places() -> impl Iterator<Item = PathBuf> {
    let own = super::own::own_folder("XDG_RUNTIME_DIR");
    own.into_iter().chain([PathBuf::from("/dev/shm")])
}

/// Returns every place for folders.
pub(super) fn places() -> impl Iterator<Item = PathBuf> {
    memory_places().chain([std::env::temp_dir()])
}

fn is_in_memory(place: &Path) -> bool {
    rustix::fs::statfs(place).is_ok_and(|known| IN_MEMORY.contains(&known.f_type))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::PathBuf;

    use super::WorkFolder;

    #[test]
    fn a_folder_is_for_its_owner_alone_and_gone_with_the_value() {
        let folder = WorkFolder::new("test").unwrap();
        let path = folder.path().to_owned();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        std::fs::write(path.join("file"), "x").unwrap();
        drop(folder);
        assert!(!path.exists());
    }

    #[test]
    fn what_is_not_in_memory_is_refused() {
        for place in ["/proc", "/nowhere"] {
            let why = WorkFolder::in_memory("test", [PathBuf::from(place)]).unwrap_err();
            assert!(why[0].contains(place), "{why:?}");
        }
    }
}
