//! Data that is not kept because it cannot be written: reported at the start, before the user relies on it.

use std::io;
use std::path::Path;

use rustix::fs::{Access, StatVfs, access, statvfs};

use super::session::{Session, SessionSource};
use crate::model::Fault;
use crate::programs::XdgFolder;

/// Lists the data that this session does not keep, with the reasons; the demonstration keeps nothing anyway.
pub(super) fn unkept(session: &Session) -> Vec<Fault> {
    if session.source == SessionSource::Demo {
        return Vec::new();
    }
    let cache = XdgFolder::Cache.folder().map(|folder| folder.join("fluxdeck"));
    [unwritten(session.journal.path()), unrendered(cache.as_deref())].into_iter().flatten().collect()
}

fn unwritten(journal: Option<&Path>) -> Option<Fault> {
    let what = "no journal and no drafts are kept";
    let Some(journal) = journal else {
        let why = "neither HOME nor XDG_STATE_HOME names a folder: what is done leaves no trace on this machine";
        return Some(Fault::failed(what, why, "set XDG_STATE_HOME to a folder that you may write to"));
    };
    let why = format!("{}; no operation begins that the journal does not hold", obstacle(journal)?);
    Some(Fault::failed(what, why, "make room there, or name another folder in XDG_STATE_HOME; looking works without"))
}

fn unrendered(cache: Option<&Path>) -> Option<Fault> {
    let why = match cache {
        Some(cache) => obstacle(cache)?,
        None => "neither HOME nor XDG_CACHE_HOME names a folder".to_owned(),
    };
    let todo = "each start renders the repository anew; XDG_CACHE_HOME names another folder";
    Some(Fault::failed("no renderings are kept", why, todo))
}

/// Explains why a path cannot be written, whether it exists or its folders are still to be created; `None` if it can.
fn obstacle(path: &Path) -> Option<String> {
    let place = path.ancestors().find(|place| place.symlink_metadata().is_ok())?;
    let is_in_the_way = place != path && !place.is_dir();
    let why = if is_in_the_way {
        io::Error::from(rustix::io::Errno::NOTDIR).to_string()
    } else if let Err(error) = access(place, Access::WRITE_OK) {
        io::Error::from(error).to_string()
    } else if statvfs(place).is_ok_and(|system| system.f_blocks > 0 && room(&system) == 0) {
        "no space is left".to_owned()
    } else {
        return None;
    };
    Some(format!("{} cannot be written: {why}", place.display()))
}

/// Returns the number of free blocks for this user: a file system reserves some for root.
fn room(system: &StatVfs) -> u64 {
    if rustix::process::geteuid().is_root() { system.f_bfree } else { system.f_bavail }
}

#[cfg(test)]
mod tests {
    use super::{obstacle, unrendered, unwritten};

    #[test]
    fn what_is_not_kept_is_said_with_its_reason() {
        let folder = tempfile::tempdir().unwrap();
        let free = folder.path().join("state/fluxdeck/journal.jsonl");
        assert_eq!((unwritten(Some(&free)), unrendered(Some(&free))), (None, None), "its folders are to be made");
        assert!(!folder.path().join("state").exists(), "nothing is made for the question");
        std::fs::write(folder.path().join("state"), "").unwrap();
        let fault = unwritten(Some(&free)).unwrap();
        assert!(fault.why.contains("state cannot be written: Not a directory"), "{fault}");
        assert!(unrendered(Some(&free)).unwrap().todo.contains("XDG_CACHE_HOME"));
        assert!(unwritten(None).unwrap().why.contains("HOME"));
        assert_eq!(obstacle(&folder.path().join("state")), None, "a file that is there can be written to");
    }
}
