//! What the operator agreed to once: that an environment of a repository is reached by the context that the repository names, and that a
//! plug-in of age which it names may run.
//!
//! It is remembered in `$XDG_STATE_HOME/fluxdeck/agreements.jsonl`, a line for each, for that repository alone, and for nothing but what it
//! says.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::own;
use crate::model::Fault;

/// The name of the file.
pub const AGREEMENTS: &str = "agreements.jsonl";

/// Says what holds of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    /// The repository's root.
    repository: PathBuf,
    #[serde(flatten)]
    to: To,
}

/// Says what was agreed to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum To {
    /// An environment is reached by a context.
    Context { env: String, context: String },
    /// A plug-in of age may run.
    Plugin { plugin: String },
}

impl Agreement {
    /// Builds the agreement that an environment of a repository is reached by a context.
    pub fn of_context(root: &Path, env: &str, context: &str) -> Self {
        Self::resolved(root, To::Context { env: env.to_owned(), context: context.to_owned() })
    }

    /// Builds the agreement that a plug-in of age may run for a repository.
    pub fn of_plugin(root: &Path, plugin: &str) -> Self {
        Self::resolved(root, To::Plugin { plugin: plugin.to_owned() })
    }

    /// Means a repository wherever links lead to it from.
    fn resolved(root: &Path, to: To) -> Self {
        Self { repository: root.canonicalize().unwrap_or_else(|_| root.to_owned()), to }
    }

    /// Tells whether it is about a repository.
    pub(super) fn is_of(&self, root: &Path) -> bool {
        root.canonicalize().is_ok_and(|root| root == self.repository) || root == self.repository
    }

    /// Tells whether it says that an environment is reached by a context.
    pub(super) fn is_to_context(&self, environment: &str, wanted: &str) -> bool {
        matches!(&self.to, To::Context { env, context } if env == environment && context == wanted)
    }

    /// Returns the plug-in that it lets run.
    pub(super) fn plugin(&self) -> Option<&str> {
        match &self.to {
            To::Plugin { plugin } => Some(plugin),
            To::Context { .. } => None,
        }
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

/// Reads what was agreed to; what is not understood was not.
///
/// # Errors
/// When the file cannot be read, or may have been written by others.
pub(super) fn read(file: &Path) -> std::io::Result<Vec<Agreement>> {
    let bytes = match own::read(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        read => read?,
    };
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}
