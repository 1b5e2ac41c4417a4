//! The tree of a commit or of the index, as files that kustomize and the graph can read.

use std::path::Path;

use super::workplace::Workplace;
use crate::model::Fault;
use crate::repo::git;

/// Names a state of the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revision {
    /// The files in their present state.
    WorkingTree,
    /// The content of the next commit.
    Index,
    /// A commit, by any name that git knows.
    Commit(String),
}

impl Revision {
    /// Writes the tree as files; `None` for the working tree, which exists already.
    ///
    /// # Errors
    /// Fails if git does not know the commit, or cannot write the files.
    pub fn check_out(&self, root: &Path) -> Result<Option<Workplace>, Fault> {
        let name = match self {
            Self::WorkingTree => return Ok(None),
            Self::Index => None,
            Self::Commit(name) => Some(name.as_str()),
        };
        let place = Workplace::new().map_err(|error| {
            Fault::failed("the commit is not read", error.to_string(), "make room in /dev/shm or /tmp")
        })?;
        git::check_out(root, name, place.path())?;
        Ok(Some(place))
    }

    /// Returns its name for people.
    pub fn title(&self) -> String {
        match self {
            Self::WorkingTree => "the working tree".to_owned(),
            Self::Index => "what is staged".to_owned(),
            Self::Commit(name) => name.clone(),
        }
    }
}
