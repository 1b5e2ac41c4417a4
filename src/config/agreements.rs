//! The user's agreements: that the context in a repository's settings reaches an environment, and that a plug-in of age
//! in them may run.
//!
//! They are kept in `$XDG_STATE_HOME/fluxdeck/agreements.jsonl`, one on each line, and apply to that repository and
//! exactly that subject.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::own;
use crate::model::Fault;

/// The name of the file.
pub const AGREEMENTS: &str = "agreements.jsonl";

/// Holds an agreement for a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    /// The repository's root.
    repository: PathBuf,
    #[serde(flatten)]
    to: To,
}

/// Names the subject of an agreement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum To {
    /// A context reaches an environment.
    Context { env: String, context: String },
    /// A plug-in of age may run.
    Plugin { plugin: String },
}

impl Agreement {
    /// Builds the agreement that a context reaches an environment of a repository.
    pub fn of_context(root: &Path, env: &str, context: &str) -> Self {
        Self::resolved(root, To::Context { env: env.to_owned(), context: context.to_owned() })
    }

    /// Builds the agreement that a plug-in of age may run for a repository.
    pub fn of_plugin(root: &Path, plugin: &str) -> Self {
        Self::resolved(root, To::Plugin { plugin: plugin.to_owned() })
    }

    /// Builds an agreement for a repository by its path without links.
    fn resolved(root: &Path, to: To) -> Self {
        Self { repository: root.canonicalize().unwrap_or_else(|_| root.to_owned()), to }
    }

    /// Tells whether it is for a repository.
    pub(super) fn is_of(&self, root: &Path) -> bool {
        root.canonicalize().is_ok_and(|root| root == self.repository) || root == self.repository
    }

    /// Tells whether it is that a context reaches an environment.
    pub(super) fn is_to_context(&self, environment: &str, wanted: &str) -> bool {
        matches!(&self.to, To::Context { env, context } if env == environment && context == wanted)
    }

    /// Returns the plug-in that it permits.
    pub(super) fn plugin(&self) -> Option<&str> {
        match &self.to {
            To::Plugin { plugin } => Some(plugin),
            To::Context { .. } => None,
        }
    }

    /// Saves it to a file, which only its owner can read.
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
            let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
            made.map_err(|error| fault(error.to_string()))?;
        }
        let written =
            OpenOptions::new().create(true).append(true).mode(0o600).open(file).and_then(|mut open| match own::others(
                file,
                &open.metadata()?,
            ) {
                Some(why) => Err(std::io::Error::other(why)),
                None => open.write_all(line.as_bytes()),
            });
        written.map_err(|error| fault(error.to_string()))
    }
}

/// Reads the agreements; a line that cannot be parsed is none.
///
/// # Errors
/// Fails when the file cannot be read, or others may have written it.
pub(super) fn read(file: &Path) -> std::io::Result<Vec<Agreement>> {
    let bytes = match own::read(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        read => read?,
    };
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}
