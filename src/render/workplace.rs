//! A folder in memory for what kustomize must find as files: prepared kustomizations, and the trees of other commits.

use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// A folder that only this user can read, and that goes away with the value.
#[derive(Debug)]
pub struct Workplace(PathBuf);

impl Workplace {
    /// Makes the folder: in memory where the system has such a place, since a kustomization may have secrets written into it.
    ///
    /// # Errors
    /// Fails when no folder can be made.
    pub fn new() -> io::Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let own = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        let places = own.into_iter().chain([PathBuf::from("/dev/shm"), std::env::temp_dir()]);
        let mut last = io::Error::from(io::ErrorKind::NotFound);
        for place in places {
            // Paths of a kustomization are resolved without links, and so must the way back be.
            let Ok(place) = place.canonicalize() else { continue };
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let folder = place.join(format!("fluxdeck-render-{}-{count}", std::process::id()));
            match std::fs::DirBuilder::new().mode(0o700).create(&folder) {
                Ok(()) => return Ok(Self(folder)),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Returns the folder.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Workplace {
    fn drop(&mut self) {
        // What cannot be removed stays in memory until the machine is started again.
        let _left = std::fs::remove_dir_all(&self.0);
    }
}
