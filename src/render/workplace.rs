//! A folder in memory for the files of kustomize: prepared kustomizations, and the trees of other commits.

use std::io;
use std::path::Path;

use crate::programs::WorkFolder;

/// A folder that only this user can read, and that goes away with the value.
#[derive(Debug)]
pub struct Workplace(WorkFolder);

impl Workplace {
    /// Creates the folder: in memory if the system has such a place, since a kustomization may have secrets written
    /// into it.
    ///
    /// # Errors
    /// Fails if no folder can be created.
    pub fn new() -> io::Result<Self> {
        Ok(Self(WorkFolder::new("render")?))
    }

    /// Returns the folder.
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}
