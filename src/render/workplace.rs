//! A folder in memory for what kustomize must find as files: prepared kustomizations, and the trees of other commits.

use std::io;
use std::path::Path;

use crate::programs::WorkFolder;

/// A folder that only this user can read, and that goes away with the value.
#[derive(Debug)]
pub struct Workplace(WorkFolder);

impl Workplace {
    /// Makes the folder: in memory where the system has such a place, since a kustomization may have secrets written into it.
    ///
    /// # Errors
    /// Fails when no folder can be made.
    pub fn new() -> io::Result<Self> {
        Ok(Self(WorkFolder::new("render")?))
    }

    /// Returns the folder.
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}
