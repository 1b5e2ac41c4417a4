//! The repository that `init` writes and the demo opens, embedded in the binary.

pub mod fresh;

use std::path::Path;

use crate::model::{Fault, FaultKind};

/// Every file of `repo-template/`: its path with `/`, and its bytes.
pub static FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/template.rs"));

/// The environments of the template and the throwaway keys that its secrets are encrypted for; they are public and
/// protect nothing.
pub const KEYS: &[(&str, &str)] = &[
    ("staging", include_str!("../../tests/keys/staging-throwaway.txt")),
    ("production", include_str!("../../tests/keys/production-throwaway.txt")),
];

/// Returns a digest of the files that kustomize reads: SHA-256 over paths and contents, as hexadecimal digits.
pub fn digest() -> String {
    use sha2::{Digest as _, Sha256};
    let mut digest = Sha256::new();
    let mut files: Vec<_> = FILES
        .iter()
        .filter(|(path, _)| Path::new(path).extension().is_some_and(|one| one == "yaml" || one == "json"))
        .collect();
    files.sort_unstable_by_key(|(path, _)| *path);
    for (path, bytes) in files {
        digest.update(path);
        digest.update([0]);
        digest.update(bytes);
        digest.update([0]);
    }
    digest.finalize().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Writes the unchanged template into a folder, which is created if it is missing.
///
/// # Errors
/// As [`write_files`].
pub fn write_into(folder: &Path) -> Result<(), Fault> {
    write_files(folder, FILES.iter().copied())
}

/// Writes files, each with its path below a folder, which is created if it is missing.
///
/// # Errors
/// Refuses a folder that is not empty, so that nothing is ever overwritten; fails if a file cannot be written.
pub fn write_files<'a>(folder: &Path, files: impl Iterator<Item = (&'a str, &'a [u8])>) -> Result<(), Fault> {
    let failed = |error: std::io::Error| {
        Fault::failed(
            format!("cannot write the template into {}", folder.display()),
            error.to_string(),
            "choose a folder that you may write",
        )
    };
    must_be_empty(folder)?;
    std::fs::create_dir_all(folder).map_err(failed)?;
    for (path, bytes) in files {
        let file = folder.join(path);
        if let Some(parent) = file.parent() {
            std::fs::create_dir_all(parent).map_err(failed)?;
        }
        std::fs::write(file, bytes).map_err(failed)?;
    }
    Ok(())
}

/// Checks that a folder is empty or missing.
///
/// # Errors
/// Refuses a folder that is not empty; fails if it cannot be read or is no folder.
pub fn must_be_empty(folder: &Path) -> Result<(), Fault> {
    let what = format!("cannot write the template into {}", folder.display());
    match std::fs::read_dir(folder).map(|mut entries| entries.next().is_none()) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Fault::new(
            FaultKind::Refused,
            what,
            "the folder is not empty, and fluxdeck overwrites nothing",
            "name a new or an empty folder",
        )),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Fault::failed(what, error.to_string(), "name a new or an empty folder")),
    }
}

#[cfg(test)]
mod tests {
    use super::{FILES, write_into};

    #[test]
    fn the_template_is_written_once_and_never_over_anything() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("homelab");
        write_into(&target).unwrap();
        let sync = std::fs::read(target.join("clusters/staging/flux-system/gotk-sync.yaml")).unwrap();
        assert!(
            FILES.iter().any(|(path, bytes)| path.ends_with("staging/flux-system/gotk-sync.yaml") && *bytes == sync)
        );
        assert!(target.join(".gitignore").exists());
        assert_eq!(write_into(&target).unwrap_err().kind, crate::model::FaultKind::Refused);
    }
}
