//! Reads files of the user alone: settings and agreements.

use std::io::{Error, ErrorKind, Read as _, Result};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::files;
use crate::model::ShellLine;

/// The largest such file, in bytes.
const SIZE_LIMIT: u64 = 1024 * 1024;

/// The bits of a mode that let the group and others write.
const OTHERS_WRITE: u32 = 0o022;

/// Reads a file of the user, wherever it is and through any links, as long as no other user can have written it.
///
/// # Errors
/// Fails when it is not a file, is too large, belongs to another user, or others may write it: `PermissionDenied` for
/// the last two.
pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    let file = files::open_own(path)?;
    let data = file.metadata()?;
    if data.len() > SIZE_LIMIT {
        return Err(Error::other("it is too large"));
    }
    if let Some(why) = others(path, &data) {
        return Err(Error::new(ErrorKind::PermissionDenied, why));
    }
    let mut bytes = Vec::new();
    file.take(SIZE_LIMIT).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Returns which other users can write a file, with the remedy; `None` where none can.
pub(super) fn others(path: &Path, data: &std::fs::Metadata) -> Option<String> {
    if !is_ours(data.uid()) {
        return Some(foreign(data.uid()));
    }
    let mode = data.mode() & 0o7777;
    (mode & OTHERS_WRITE != 0).then(|| {
        let mend = ShellLine::new("chmod go-w {path}", &[&path.to_string_lossy()]);
        format!("others than you may write it (its mode is {mode:o}), so it need not be yours: {}", mend.as_str())
    })
}

/// Reports that a file belongs to another user.
pub(super) fn foreign(user: u32) -> String {
    format!("it belongs to the user with the number {user}: settings are read from files of yours and of root's alone")
}

/// Tells whether a user is this one, or root; behind sudo also its caller, as in git.
pub(super) fn is_ours(user: u32) -> bool {
    let own = rustix::process::geteuid().as_raw();
    let caller = || std::env::var("SUDO_UID").ok().and_then(|text| text.parse::<u32>().ok());
    user == own || user == 0 || (own == 0 && caller() == Some(user))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::super::{Agreement, Flags, Settings};

    fn set_mode(path: &std::path::Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_others_may_write_is_not_what_the_operator_said() {
        let folder = tempfile::tempdir().unwrap();
        let (root, home) = (folder.path().join("homelab"), folder.path().join("home"));
        std::fs::create_dir_all(&root).unwrap();
        let own = home.join(".config/fluxdeck/config.toml");
        std::fs::create_dir_all(own.parent().unwrap()).unwrap();
        std::fs::write(&own, "mouse = true\n").unwrap();
        let agreements = home.join(".local/state/fluxdeck/agreements.jsonl");
        Agreement::of_context(&root, "staging", "ops").remember(&agreements).unwrap();
        assert_eq!(agreements.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(agreements.parent().unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o700);

        let home = home.to_str().unwrap().to_owned();
        let load = || Settings::from_sources(Some(&root), &Flags::default(), vec![("HOME".to_owned(), home.clone())]);
        for (settings_mode, agreements_mode) in [(0o600, 0o600), (0o644, 0o640)] {
            set_mode(&own, settings_mode);
            set_mode(&agreements, agreements_mode);
            let settings = load();
            assert!(settings.mouse.value && settings.findings.is_empty(), "{:?}", settings.findings);
            assert!(settings.is_agreed("staging", "ops"));
        }
        for mode in [0o666, 0o660, 0o602] {
            set_mode(&own, mode);
            set_mode(&agreements, mode);
            let settings = load();
            assert!(!settings.mouse.value && settings.unreadable && !settings.is_agreed("staging", "ops"));
            assert_eq!(settings.findings.len(), 2, "{:?}", settings.findings);
            for finding in &settings.findings {
                let said = format!("{finding:?}");
                assert!(said.contains("chmod go-w") && said.contains(&format!("{mode:o}")), "{said}");
            }
            // No line is added to a list that others may have filled.
            let refused = Agreement::of_context(&root, "staging", "other").remember(&agreements).unwrap_err();
            assert!(refused.why.contains("chmod go-w"), "{refused}");
        }
    }
}
