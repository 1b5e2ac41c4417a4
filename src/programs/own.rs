//! The operator's own folders, as the environment names them: his home, and what the XDG Base Directory Specification names.
//!
//! A relative path in these variables counts from wherever somebody stands, which may be a repository that nobody trusts: its files would be
//! taken for the operator's settings, with the programs that they name. The specification says that such a path is to be ignored; so it is, by
//! us and by everything that we start.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// Returns the folder that a variable names, where that is a whole path.
pub fn own_folder(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).and_then(whole)
}

/// Takes the value of such a variable; nothing where it is no whole path.
pub fn whole(value: impl Into<OsString>) -> Option<PathBuf> {
    Some(PathBuf::from(value.into())).filter(|folder| folder.is_absolute())
}

/// Tells whether a variable names a folder of the operator's by a path, or one of several, that is not whole: nobody may see it.
pub(super) fn is_astray(name: &OsStr, value: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let is_path = |end: &&str| name.ends_with(*end);
    let names_folders = name == "HOME" || name.starts_with("XDG_") && ["_HOME", "_DIR", "_DIRS"].iter().any(is_path);
    let is_relative = |folder: &Path| folder.is_relative();
    names_folders && !value.is_empty() && std::env::split_paths(value).any(|folder| is_relative(&folder))
}

#[cfg(test)]
mod tests {
    use super::{is_astray, whole};

    #[test]
    fn a_path_that_counts_from_here_names_no_folder() {
        assert_eq!(whole("/home/a"), Some("/home/a".into()));
        for value in ["", ".", ".config", "../a", "~"] {
            assert_eq!(whole(value), None, "{value}");
        }
        let is = |name: &str, value: &str| is_astray(name.as_ref(), value.as_ref());
        for (name, value) in [
            ("HOME", "."),
            ("XDG_CONFIG_HOME", ".config"),
            ("XDG_CONFIG_DIRS", "/etc/xdg:here"),
            ("XDG_RUNTIME_DIR", "run"),
        ] {
            assert!(is(name, value), "{name}={value}");
        }
        for (name, value) in [
            ("HOME", "/root"),
            ("HOME", ""),
            ("XDG_CONFIG_DIRS", "/etc/xdg:/usr"),
            ("XDG_SESSION_TYPE", "tty"),
            ("XDG_CURRENT_DESKTOP", "GNOME"),
            ("PATH", "."),
        ] {
            assert!(!is(name, value), "{name}={value}");
        }
    }
}
