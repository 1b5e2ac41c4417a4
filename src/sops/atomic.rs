//! Writing a file so that readers see either the old text or the new, even after a crash.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::exposed;
use super::sniff::sniff;
use crate::model::{Fault, FaultKind, Permit};

/// Replaces an encrypted file, unless it changed since it was read.
///
/// The new text goes to a temporary file beside it, is flushed to the disk, and takes the place in one step: a crash
/// leaves the old file or the new one, and at most a temporary file whose content is encrypted. Mode and owner are
/// kept, and a symbolic link stays one.
///
/// # Errors
/// If the file changed meanwhile, cannot be written, or the new text is not encrypted or leaves a value of a Secret
/// plain; the file is then unchanged.
pub fn write_atomically(
    path: &Path,
    expected_original: impl AsRef<[u8]>,
    new: &str,
    _permit: &Permit,
) -> Result<(), Fault> {
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
    if let Err(error) = exposed::judge(new) {
        return Err(Fault { what, ..error.fault(&path.display().to_string(), None) });
    }
    // The file itself is replaced, not a link to it; a link that leads out of the repository is not followed.
    let target = crate::files::real(path).map_err(failed)?;
    let unchanged = || match crate::files::read(&target, super::LARGEST) {
        Ok(found) if found == expected_original.as_ref() => Ok(()),
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
    moment("looked");
    remove_leftovers(folder, &target);
    let temporary = Temporary::create(folder, &target).map_err(failed)?;
    moment("created");
    temporary.fill(new, &target).map_err(failed)?;
    // This second check is as late as possible.
    unchanged()?;
    moment("before-rename");
    fs::rename(&temporary.path, &target).map_err(failed)?;
    moment("renamed");
    std::mem::forget(temporary);
    // The rename itself must survive a power cut, too. Some file systems cannot flush a folder; the file is in place
    // all the same.
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
    moment("flushed");
    Ok(())
}

/// Names a moment of saving, at which a test ends the process.
#[cfg(not(test))]
fn moment(_name: &str) {}

#[cfg(test)]
use tests::moment;

/// Returns the prefix of the names of a target's temporary files.
fn prefix(target: &Path) -> String {
    format!(".{}.fluxdeck-", target.file_name().unwrap_or_default().to_string_lossy())
}

/// Removes the temporary files of a process that ended while it saved. They are encrypted, but useless.
fn remove_leftovers(folder: &Path, target: &Path) {
    let prefix = prefix(target);
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix(&prefix)?.split('-').next()?.parse::<i32>().ok());
        // Without /proc it is unknown which processes run.
        let ended = process.is_some_and(|process| {
            Path::new("/proc/self").exists() && !Path::new(&format!("/proc/{process}")).exists()
        });
        if ended {
            // A leftover that cannot be removed is harmless.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// A temporary file, removed when it is dropped.
struct Temporary {
    path: PathBuf,
    file: File,
}

impl Temporary {
    fn create(folder: &Path, target: &Path) -> std::io::Result<Self> {
        for attempt in 0_u32..100 {
            let path = folder.join(format!("{}{}-{attempt}", prefix(target), std::process::id()));
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
        let (half, rest) = text.as_bytes().split_at(text.len() / 2);
        (&self.file).write_all(half)?;
        moment("half-written");
        (&self.file).write_all(rest)?;
        moment("written");
        // Only root can give a file away; a failure is the same as in any editor.
        let _ = std::os::unix::fs::fchown(&self.file, Some(metadata.uid()), Some(metadata.gid()));
        self.file.set_permissions(Permissions::from_mode(metadata.mode() & 0o7777))?;
        moment("with-mode");
        self.file.sync_all()?;
        moment("synced");
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // A failure cannot be reported here.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use std::os::unix::process::ExitStatusExt as _;
    use std::process::Command;

    use super::write_atomically;
    use crate::model::FaultKind;
    use crate::model::permit::grant;
    use crate::secret::Secret;
    use crate::sops::{IdentitySources, Path, save, unlock};

    /// Ends the process, as `kill -9` does, at the moment that the environment names.
    pub(super) fn moment(name: &str) {
        if std::env::var("FLUXDECK_TEST_KILLED_AT").is_ok_and(|chosen| chosen == name) {
            let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        }
    }

    const MOMENTS: [&str; 9] =
        ["looked", "created", "half-written", "written", "with-mode", "synced", "before-rename", "renamed", "flushed"];

    fn sources() -> Vec<IdentitySources> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let key_file = folder.join("tests/keys/staging-throwaway.txt");
        vec![IdentitySources { key_file: Some(key_file), ..IdentitySources::default() }]
    }

    /// Saves in the process that the next test ends.
    #[test]
    #[ignore = "is run by another test, as a process that is killed"]
    fn saves() {
        let file = std::path::PathBuf::from(std::env::var_os("FLUXDECK_TEST_FILE").unwrap());
        let mut opened = unlock(&file, "secret.yaml", None, &sources()).unwrap().opened;
        opened.set(0, &Path::parse("stringData.LD_SUPERUSER_PASSWORD"), &Secret::new("hunter2")).unwrap();
        save(&opened, &file, "secret.yaml", jiff::Timestamp::UNIX_EPOCH, &grant()).unwrap();
    }

    #[test]
    fn killed_at_any_moment_it_leaves_the_old_file_or_the_new_and_no_plain_text() {
        let from = "repo-template/apps/staging/linkding/linkding-container-env-secret.yaml";
        let from = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(from);
        let old = fs::read_to_string(&from).unwrap();
        let opened = |file: &std::path::Path| unlock(file, "secret.yaml", None, &sources()).unwrap().opened;
        let plain = opened(&from)
            .entries()
            .iter()
            .filter(|one| one.encrypted)
            .map(|one| one.secret.duplicate())
            .collect::<Vec<_>>();
        for chosen in MOMENTS {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("secret.yaml");
            fs::write(&file, &old).unwrap();
            let status = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "sops::atomic::tests::saves", "--ignored"])
                .env("FLUXDECK_TEST_FILE", &file)
                .env("FLUXDECK_TEST_KILLED_AT", chosen)
                .output()
                .unwrap()
                .status;
            assert_eq!(status.signal(), Some(9), "{chosen}: the moment never came ({status})");
            let now = fs::read_to_string(&file).unwrap();
            let renamed = matches!(chosen, "renamed" | "flushed");
            assert_eq!(now == old, !renamed, "{chosen}");
            let found = opened(&file);
            let value = found.find(0, "stringData.LD_SUPERUSER_PASSWORD").unwrap().secret.expose().to_owned();
            assert_eq!(value == "hunter2", renamed, "{chosen}");
            for entry in fs::read_dir(folder.path()).unwrap() {
                let text = fs::read_to_string(entry.unwrap().path()).unwrap();
                assert!(!text.contains("hunter2"), "{chosen}");
                for secret in &plain {
                    assert!(!text.contains(secret.expose()), "{chosen}");
                }
            }
            // The next save removes the leftovers.
            let mut again = opened(&file);
            again.set(0, &Path::parse("stringData.LD_SUPERUSER_PASSWORD"), &Secret::new("hunter3")).unwrap();
            save(&again, &file, "secret.yaml", jiff::Timestamp::UNIX_EPOCH, &grant()).unwrap();
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "{chosen}");
        }
    }

    const OLD: &str = "a: b\nsops:\n    mac: ENC[AES256_GCM,data:old,iv:b,tag:c,type:str]\n";
    const NEW: &str = "a: b\nsops:\n    mac: ENC[AES256_GCM,data:new,iv:b,tag:c,type:str]\n";

    #[test]
    fn mode_and_link_are_kept_and_nothing_is_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file.yaml"), folder.path().join("link.yaml"));
        fs::write(&file, OLD).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        symlink("file.yaml", &link).unwrap();
        write_atomically(&link, OLD, NEW, &grant()).unwrap();
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
        let fault = write_atomically(&file, OLD, NEW, &grant()).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Refused);
        assert_eq!(fs::read_to_string(&file).unwrap(), "somebody else's");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn plain_text_is_never_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file.yaml");
        fs::write(&file, OLD).unwrap();
        assert!(write_atomically(&file, OLD, "password: hunter2\n", &grant()).is_err());
        assert_eq!(fs::read_to_string(&file).unwrap(), OLD);
    }
}
