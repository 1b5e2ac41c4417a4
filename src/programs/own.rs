//! The user's own folders, as named by the environment: the home folder, and those of the XDG Base Directory
//! Specification.
//!
//! A relative path in these variables depends on the working directory, which may be an untrusted repository: its files
//! would pass for the user's settings, with the programs that they name. The specification requires that such a path is
//! ignored, which we and all programs that we start do.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// Returns the folder that a variable names, if the path is absolute.
pub fn own_folder(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).and_then(whole)
}

/// Converts the value of such a variable; `None` where it is not an absolute path.
pub fn whole(value: impl Into<OsString>) -> Option<PathBuf> {
    Some(PathBuf::from(value.into())).filter(|folder| folder.is_absolute())
}

/// Names a folder of the specification in which programs keep the user's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum XdgFolder {
    /// Settings.
    Config,
    /// Data that should survive a restart, and is not a setting.
    State,
    /// Data that can be created again.
    Cache,
}

impl XdgFolder {
    /// Returns the folder; `None` without a home folder.
    pub fn folder(self) -> Option<PathBuf> {
        self.path_from(|name| std::env::var_os(name))
    }

    /// Returns the folder that these variables name.
    pub fn path_from(self, variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
        let (own, below_home) = match self {
            Self::Config => ("XDG_CONFIG_HOME", ".config"),
            Self::State => ("XDG_STATE_HOME", ".local/state"),
            Self::Cache => ("XDG_CACHE_HOME", ".cache"),
        };
        let home = || Some(variable("HOME").and_then(whole)?.join(below_home));
        variable(own).and_then(whole).or_else(home)
    }
}

/// Tells whether a variable names a user's folder by a relative path, alone or among several: no program gets it.
pub(super) fn is_astray(name: &OsStr, value: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let is_path = |end: &&str| name.ends_with(*end);
    let names_folders = name == "HOME" || name.starts_with("XDG_") && ["_HOME", "_DIR", "_DIRS"].iter().any(is_path);
    let is_relative = |folder: &Path| folder.is_relative();
    names_folders && !value.is_empty() && std::env::split_paths(value).any(|folder| is_relative(&folder))
}

#[cfg(test)]
mod tests {
    use super::{XdgFolder, is_astray, whole};

    #[test]
    fn a_folder_is_named_by_its_variable_or_lies_below_home() {
        let of = |base: XdgFolder, own: &'static str| {
            base.path_from(|name| match name {
                "HOME" => Some("/home/a".into()),
                _ => Some(own.into()),
            })
        };
        assert_eq!(of(XdgFolder::Config, "/etc/a"), Some("/etc/a".into()));
        assert_eq!(of(XdgFolder::Config, "here"), Some("/home/a/.config".into()));
        assert_eq!(of(XdgFolder::State, ""), Some("/home/a/.local/state".into()));
        assert_eq!(of(XdgFolder::Cache, ""), Some("/home/a/.cache".into()));
        assert_eq!(XdgFolder::Cache.path_from(|_| None), None);
    }

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
