//! The search for programs: an empty or relative part of PATH means the working directory, which is often an untrusted
//! repository.

use std::ffi::{OsStr, OsString};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// The default of the system when there is no PATH.
const WITHOUT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// Returns the absolute parts of this process's PATH.
pub fn search_path() -> OsString {
    absolute_parts(&std::env::var_os("PATH").unwrap_or_else(|| WITHOUT_PATH.into()))
}

/// Keeps the absolute parts of a PATH.
pub(super) fn absolute_parts(path: &OsStr) -> OsString {
    let parts = std::env::split_paths(path).filter(|part| part.is_absolute());
    // A part that was split from a PATH contains no colon.
    std::env::join_paths(parts).unwrap_or_default()
}

/// Finds a program by its name in the absolute parts of PATH.
pub fn find(name: impl AsRef<OsStr>) -> Option<PathBuf> {
    find_in(&search_path(), name.as_ref())
}

/// Finds a program by its name in the absolute parts of a PATH.
pub fn find_in(path: &OsStr, name: &OsStr) -> Option<PathBuf> {
    if name.is_empty() || Path::new(name).components().count() != 1 {
        return None;
    }
    std::env::split_paths(path)
        .filter(|part| part.is_absolute())
        .map(|part| part.join(name))
        .find(|program| is_program(program))
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

/// Finds a program as written: by name in PATH, by an absolute path, or by a path relative to a folder of the user's
/// own.
///
/// # Errors
/// Refuses a relative path where there is no such folder, and fails when there is no program.
pub(super) fn resolve(name: &OsStr, from: Option<&Path>) -> std::io::Result<PathBuf> {
    let missing = |why: String| std::io::Error::new(std::io::ErrorKind::NotFound, why);
    let written = Path::new(name);
    let shown = written.display();
    if written.is_absolute() {
        return Ok(written.to_owned());
    }
    if !name.as_encoded_bytes().contains(&b'/') {
        return find(name).ok_or_else(|| missing(format!("{shown} is not in the absolute parts of PATH")));
    }
    match from.filter(|folder| folder.is_absolute()) {
        Some(folder) => Ok(folder.join(written)),
        None => Err(std::io::Error::new(
            std::io::ErrorKind::PermissionDenied,
            format!("{shown} counts from the working directory, which may be anybody's; name the whole path"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    use super::{absolute_parts, find_in, resolve};

    fn program(folder: &Path, name: &str, mode: u32) {
        std::fs::write(folder.join(name), "#!/bin/sh\n").unwrap();
        std::fs::set_permissions(folder.join(name), std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn only_absolute_parts_of_path_count() {
        assert_eq!(absolute_parts(OsStr::new(":/usr/bin:.:bin:/bin:")), "/usr/bin:/bin");
        assert_eq!(absolute_parts(OsStr::new(":.:bin")), "");
        // Tests run in the source folder.
        let here = std::env::current_dir().unwrap();
        let folder = tempfile::tempdir_in(&here).unwrap();
        program(folder.path(), "thing", 0o755);
        let name = folder.path().file_name().unwrap().to_str().unwrap();
        assert_eq!(find_in(OsStr::new(&format!("{name}:./{name}:")), OsStr::new("thing")), None);
        let path = format!(":{name}:{}", folder.path().display());
        assert_eq!(find_in(OsStr::new(&path), OsStr::new("thing")), Some(folder.path().join("thing")));
    }

    #[test]
    fn a_name_is_no_path_and_a_text_is_no_program() {
        let folder = tempfile::tempdir().unwrap();
        program(folder.path(), "text", 0o644);
        let path = folder.path().as_os_str();
        for name in ["text", "", ".", "..", "a/text", "/bin/sh"] {
            assert_eq!(find_in(path, OsStr::new(name)), None, "{name}");
        }
    }

    #[test]
    fn a_relative_path_counts_from_a_folder_of_the_operator_or_from_nowhere() {
        let error = resolve(OsStr::new("./getkey"), None).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied);
        assert!(resolve(OsStr::new("bin/getkey"), Some(Path::new("relative"))).is_err());
        assert_eq!(resolve(OsStr::new("bin/getkey"), Some(Path::new("/etc"))).unwrap(), Path::new("/etc/bin/getkey"));
        assert_eq!(resolve(OsStr::new("/opt/getkey"), None).unwrap(), Path::new("/opt/getkey"));
    }
}
