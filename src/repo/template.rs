//! The repository that `init` writes and the demo opens, embedded in the binary.

use std::path::Path;

use crate::model::{Fault, FaultKind};

/// Every file of `repo-template/`: its path with `/`, and its bytes.
pub static FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/template.rs"));

/// Writes the template into a folder, which is made where it does not exist.
///
/// # Errors
/// Refuses a folder that holds anything, so that nothing is ever overwritten; fails when a file cannot be written.
pub fn write_into(folder: &Path) -> Result<(), Fault> {
    let shown = folder.display();
    let failed = |error: std::io::Error| {
        Fault::failed(
            format!("cannot write the template into {shown}"),
            error.to_string(),
            "choose a folder that you may write",
        )
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    if std::fs::read_dir(folder).map_err(failed)?.next().is_some() {
        return Err(Fault::new(
            FaultKind::Refused,
            format!("cannot write the template into {shown}"),
            "the folder is not empty, and nothing in it shall be overwritten",
            "name a new or an empty folder",
        ));
    }
    for (path, bytes) in FILES {
        let file = folder.join(path);
        if let Some(parent) = file.parent() {
            std::fs::create_dir_all(parent).map_err(failed)?;
        }
        std::fs::write(file, bytes).map_err(failed)?;
    }
    Ok(())
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
