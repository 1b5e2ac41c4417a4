//! Folders for the files of programs: for this user alone, gone with the value, and found by the next start where we were killed.

use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use super::registry;

/// What `statfs` says of tmpfs and of ramfs (`linux/magic.h`).
const IN_MEMORY: [rustix::fs::FsWord; 2] = [0x0102_1994, 0x8584_58f6];

/// How all of them begin; then come what it is for, our process id, and something that nobody guesses.
pub(super) const PREFIX: &str = "fluxdeck-";

/// Holds a folder that only this user can enter, and that goes away with the value.
#[derive(Debug)]
pub struct WorkFolder {
    path: PathBuf,
    /// Locked for as long as we live: the lock tells the next start that it is in use.
    _lock: Option<File>,
}

impl WorkFolder {
    /// Makes a folder for something, in memory where there is such a place.
    ///
    /// # Errors
    /// Fails when no folder can be made.
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

    /// Makes a folder for something that is no secret, among the system's temporary files.
    ///
    /// # Errors
    /// Fails when it cannot be made.
    pub fn temporary(what: &str) -> io::Result<Self> {
        Self::below(&std::env::temp_dir(), what)
    }

    /// Makes a folder in one of some places, if its file system is checked to be in memory.
    ///
    /// # Errors
    /// Says of each place why not.
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
        // Paths that are resolved without links lead back here too.
        let place = place.canonicalize()?;
        let random = RandomState::new().hash_one(what);
        let path = place.join(format!("{PREFIX}{what}-{}-{random:016x}", std::process::id()));
        std::fs::DirBuilder::new().mode(0o700).create(&path)?;
        registry::keep_folder(&path);
        // Where it cannot be locked, the process id alone tells that it is in use.
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
        // What cannot be removed is tried again at the next start.
        let _left = std::fs::remove_dir_all(&self.path);
    }
}

/// Returns the places for what is only held in memory, the user's own first.
pub fn memory_places() -> impl Iterator<Item = PathBuf> {
    let own = super::own::own_folder("XDG_RUNTIME_DIR");
    own.into_iter().chain([PathBuf::from("/dev/shm")])
}

/// Returns every place that folders are made in.
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
