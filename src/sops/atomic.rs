//! Writing a file so that whoever looks sees the old text or the new, whatever happens in between.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::sniff::sniff;
use crate::model::{Fault, FaultKind};

/// Replaces an encrypted file, unless it changed since it was read.
///
/// The new text goes to a temporary file beside it, is flushed to the disk, and takes the place in one step: a crash leaves the old file
/// or the new one, and at most a temporary file whose content is encrypted. Mode and owner are kept, and a symbolic link stays one.
///
/// # Errors
/// When the file changed meanwhile, cannot be written, or the new text is not encrypted; the file is then as it was.
pub fn write_atomically(path: &Path, expected_original: &str, new: &str) -> Result<(), Fault> {
    let what = format!("cannot save {}", path.display());
    let failed = |error: std::io::Error| {
        Fault::failed(
            &what,
            error.to_string(),
            "see that the folder can be written to and the disk is not full, then save again",
        )
    };
    if sniff(new).is_none() {
        let todo = "this is a defect: please report it; the file is unchanged";
        return Err(Fault::failed(&what, "what would be written is not encrypted", todo));
    }
    // The file itself is replaced, not a link that points to it.
    let target = fs::canonicalize(path).map_err(failed)?;
    let unchanged = || match fs::read(&target) {
        Ok(found) if found == expected_original.as_bytes() => Ok(()),
        Ok(_) => Err(Fault::new(
            FaultKind::Refused,
            &what,
            "it was changed by somebody else since it was opened",
            "open it again and repeat the change",
        )),
        Err(error) => Err(failed(error)),
    };
    unchanged()?;
    let folder = target.parent().unwrap_or_else(|| Path::new("/"));
    let temporary = Temporary::create(folder, &target).map_err(failed)?;
    temporary.fill(new, &target).map_err(failed)?;
    // Once more, as late as can be.
    unchanged()?;
    fs::rename(&temporary.path, &target).map_err(failed)?;
    std::mem::forget(temporary);
    // The rename itself must survive a power cut too. Some file systems cannot flush a folder; the file is in place all the same.
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}

/// A temporary file, removed when it is dropped.
struct Temporary {
    path: PathBuf,
    file: File,
}

impl Temporary {
    fn create(folder: &Path, target: &Path) -> std::io::Result<Self> {
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        for attempt in 0_u32..100 {
            let path = folder.join(format!(".{name}.fluxdeck-{}-{attempt}", std::process::id()));
            match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
                Ok(file) => return Ok(Self { path, file }),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(ErrorKind::AlreadyExists.into())
    }

    fn fill(&self, text: &str, target: &Path) -> std::io::Result<()> {
        let metadata = fs::metadata(target)?;
        (&self.file).write_all(text.as_bytes())?;
        // Only root can give a file away; that it is not possible otherwise is as with any editor.
        let _ = std::os::unix::fs::fchown(&self.file, Some(metadata.uid()), Some(metadata.gid()));
        self.file.set_permissions(Permissions::from_mode(metadata.mode() & 0o7777))?;
        self.file.sync_all()
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // There is nobody left to tell.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::write_atomically;
    use crate::model::FaultKind;

    const OLD: &str = "a: b\nsops:\n    mac: ENC[AES256_GCM,data:old,iv:b,tag:c,type:str]\n";
    const NEW: &str = "a: b\nsops:\n    mac: ENC[AES256_GCM,data:new,iv:b,tag:c,type:str]\n";

    #[test]
    fn mode_and_link_are_kept_and_nothing_is_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file.yaml"), folder.path().join("link.yaml"));
        fs::write(&file, OLD).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        symlink("file.yaml", &link).unwrap();
        write_atomically(&link, OLD, NEW).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), NEW);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o7777, 0o640);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_file_that_changed_meanwhile_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file.yaml");
        fs::write(&file, "somebody else's").unwrap();
        let fault = write_atomically(&file, OLD, NEW).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Refused);
        assert_eq!(fs::read_to_string(&file).unwrap(), "somebody else's");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn plain_text_is_never_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file.yaml");
        fs::write(&file, OLD).unwrap();
        assert!(write_atomically(&file, OLD, "password: hunter2\n").is_err());
        assert_eq!(fs::read_to_string(&file).unwrap(), OLD);
    }
}
