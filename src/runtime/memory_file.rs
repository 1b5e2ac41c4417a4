//! A file in memory, for programs that can only edit files: on a file system that is verified to keep nothing on a
//! disk.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::model::{Fault, FaultKind};
use crate::programs::{WorkFolder, memory_places};
use crate::secret::Secret;

/// Holds a plain text in a folder of its own, which only its owner can enter; dropping it deletes both, with all files
/// that an editor left beside it.
#[derive(Debug)]
pub struct MemoryFile {
    folder: WorkFolder,
    file: PathBuf,
}

impl MemoryFile {
    /// Writes a text under a file's own name, by which editors choose its highlighting.
    ///
    /// # Errors
    /// Refuses if there is no file system in memory: the text is written nowhere then.
    pub fn new(name: &str, text: &Secret) -> Result<Self, Fault> {
        Self::below(memory_places(), name, text)
    }

    fn below(places: impl Iterator<Item = PathBuf>, name: &str, text: &Secret) -> Result<Self, Fault> {
        let refused = |why: String| {
            Fault::new(
                FaultKind::Refused,
                "no editor was opened",
                format!("the plain text must not touch a disk, and {why}"),
                "use the built-in editor, without --editor, or mount a tmpfs on /dev/shm",
            )
        };
        let folder = WorkFolder::in_memory("edit", places).map_err(|why| refused(why.join("; ")))?;
        let name = Path::new(name).file_name().map_or_else(|| "secret".into(), PathBuf::from);
        let made = Self { file: folder.path().join(name), folder };
        let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&made.file);
        let written = file.and_then(|mut file| file.write_all(text.expose().as_bytes()));
        written.map_err(|error| refused(format!("{}: {error}", made.folder.path().display())))?;
        Ok(made)
    }

    /// Returns its path.
    pub fn path(&self) -> &Path {
        &self.file
    }

    /// Returns its folder, which is in memory, too.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Reads its present content.
    ///
    /// # Errors
    /// Fails if it is gone, or no longer text.
    pub fn read(&self) -> Result<Secret, Fault> {
        let cannot = |why: String| Fault::failed("cannot read what was edited", why, "edit it again");
        let mut bytes = Zeroizing::new(Vec::new());
        let file = std::fs::File::open(&self.file);
        file.and_then(|mut file| file.read_to_end(&mut bytes)).map_err(|error| cannot(error.to_string()))?;
        std::str::from_utf8(&bytes).map(Secret::new).map_err(|error| cannot(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::PathBuf;

    use super::MemoryFile;
    use crate::secret::Secret;

    #[test]
    fn it_is_for_its_owner_alone_and_gone_afterwards() {
        let file = MemoryFile::new("a/b/secret.yaml", &Secret::new("throwaway")).unwrap();
        assert_eq!(file.read().unwrap().expose(), "throwaway");
        let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(file.path()), mode(file.folder())), (0o600, 0o700));
        assert!(file.path().ends_with("secret.yaml"));
        std::fs::write(file.folder().join("secret.yaml~"), "left behind").unwrap();
        let folder = file.folder().to_owned();
        drop(file);
        assert!(!folder.exists());
    }

    #[test]
    fn what_is_not_in_memory_is_refused() {
        for place in ["/proc", "/nowhere"] {
            let refused = MemoryFile::below([PathBuf::from(place)].into_iter(), "x", &Secret::new("throwaway"));
            assert!(refused.unwrap_err().why.contains(place));
        }
    }
}
