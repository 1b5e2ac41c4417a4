//! What the operator agreed to once: that an environment of a repository is reached by the context that the repository names.
//!
//! It is remembered in `$XDG_STATE_HOME/fluxdeck/agreements.jsonl`, a line for each, for that repository, environment and context alone.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::model::Fault;

/// The name of the file.
pub const AGREEMENTS: &str = "agreements.jsonl";

/// More than this is not read: it would be no list of agreements.
const SIZE_LIMIT: u64 = 1024 * 1024;

/// Says that an environment of a repository is reached by a context.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    /// The repository's root.
    pub repository: PathBuf,
    /// The environment's name.
    pub env: String,
    /// The context.
    pub context: String,
}

impl Agreement {
    /// Builds the agreement of an environment of a repository, wherever links lead to it from.
    pub fn new(root: &Path, env: &str, context: &str) -> Self {
        let repository = root.canonicalize().unwrap_or_else(|_| root.to_owned());
        Self { repository, env: env.to_owned(), context: context.to_owned() }
    }

    /// Remembers it in a file, which only its owner can read.
    ///
    /// # Errors
    /// Fails when the file cannot be written.
    pub fn remember(&self, file: &Path) -> Result<(), Fault> {
        let fault = |why: String| {
            let todo = format!("look at {}, or name the context in your own settings", file.display());
            Fault::failed("the agreement is not remembered", why, todo)
        };
        let mut line = serde_json::to_string(self).map_err(|error| fault(error.to_string()))?;
        line.push('\n');
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder).map_err(|error| fault(error.to_string()))?;
        }
        let opened = OpenOptions::new().create(true).append(true).mode(0o600).open(file);
        opened.and_then(|mut file| file.write_all(line.as_bytes())).map_err(|error| fault(error.to_string()))
    }
}

/// Reads what was agreed to; what is not understood was not.
pub(super) fn read(file: &Path) -> Vec<Agreement> {
    let is_ours = |data: std::fs::Metadata| data.is_file() && data.len() <= SIZE_LIMIT;
    if !file.metadata().is_ok_and(is_ours) {
        return Vec::new();
    }
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}
