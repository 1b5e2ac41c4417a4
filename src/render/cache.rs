//! Renderings that are kept between runs, by their content.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::object::{Object, Origin};
use crate::programs::XdgFolder;

/// The largest file that we write.
const LARGEST: u64 = 256 * 1024 * 1024;

/// The time after which an unread file is removed.
const LONGEST: Duration = Duration::from_hours(14 * 24);

/// Keeps renderings in a folder, or nowhere.
#[derive(Debug, Clone, Default)]
pub struct Cache {
    folder: Option<PathBuf>,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    body: Value,
    origin: Origin,
    changed_by: Vec<String>,
}

/// Holds a build: its objects, or the error with which kustomize refused it.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Build {
    Objects(Vec<Kept>),
    Refused { wrong: String },
}

/// Writes the form that [`Build`] reads, without a copy of it: a build is large.
#[derive(Serialize)]
struct Written<'a> {
    body: &'a Value,
    origin: &'a Origin,
    changed_by: &'a [String],
}

impl<'a> Written<'a> {
    fn new(object: &'a Object) -> Self {
        Self { body: &object.body, origin: &object.origin, changed_by: &object.changed_by }
    }
}

impl Cache {
    /// Keeps renderings below a folder.
    pub fn below(folder: &Path) -> Self {
        Self { folder: Some(folder.to_owned()) }
    }

    /// Keeps renderings in the user's folder for caches (`XDG_CACHE_HOME`, else `~/.cache`).
    pub fn of_user() -> Self {
        Self { folder: XdgFolder::Cache.folder().map(|folder| folder.join("fluxdeck/renderings")) }
    }

    /// Finds a rendering, or the error with which kustomize refused to build it.
    pub(super) fn get(&self, key: &str) -> Option<Result<Vec<Object>, String>> {
        let file = self.folder.as_ref()?.join(key);
        Some(match serde_json::from_slice(&crate::files::own(&file, LARGEST).ok()?).ok()? {
            Build::Objects(kept) => {
                Ok(kept.into_iter().map(|one| Object::new(one.body, one.origin, one.changed_by)).collect())
            }
            Build::Refused { wrong } => Err(wrong),
        })
    }

    /// Keeps the error with which kustomize refused a build: the same files get the same error again.
    pub(super) fn put_refusal(&self, key: &str, wrong: &str) {
        let Some(folder) = &self.folder else { return };
        let _unkept = write(folder, key, &Build::Refused { wrong: wrong.to_owned() });
    }

    /// Keeps a rendering, unless it holds the values of a Secret: those are never written outside of the repository.
    pub(super) fn put(&self, key: &str, objects: &[Arc<Object>]) {
        let Some(folder) = &self.folder else { return };
        if objects.iter().any(|object| object.holds_plain_secret()) {
            return;
        }
        // An unwritable cache costs only time.
        let _unkept = write(folder, key, &objects.iter().map(|object| Written::new(object)).collect::<Vec<_>>());
    }

    /// Forgets a rendering.
    pub(super) fn forget(&self, key: &str) {
        if let Some(folder) = &self.folder {
            let _none = std::fs::remove_file(folder.join(key));
        }
    }

    /// Removes files that were not read for two weeks.
    pub(super) fn prune(&self) {
        let Some(entries) = self.folder.as_ref().and_then(|folder| std::fs::read_dir(folder).ok()) else { return };
        for entry in entries.flatten() {
            let read = entry.metadata().and_then(|data| data.accessed().or_else(|_| data.modified()));
            let is_old = |read: SystemTime| read.elapsed().is_ok_and(|age| age > LONGEST);
            if read.is_ok_and(is_old) {
                let _left = std::fs::remove_file(entry.path());
            }
        }
    }
}

fn write(folder: &Path, key: &str, kept: &impl Serialize) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let beside = folder.join(format!(".{key}-{}", std::process::id()));
    std::fs::write(&beside, serde_json::to_vec(kept)?)?;
    std::fs::rename(beside, folder.join(key))
}
