//! Faults of a file, so that a screen or `check` can point at the place.

use serde::Serialize;

use crate::model::{Fault, ObjectRef};

/// Reports a fault in a file, and where; a rule of `check` turns it into a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileFault {
    /// The file, relative to the repository's root if it is below it.
    pub file: String,
    /// The line, counted from 1, if it is known.
    pub line: Option<usize>,
    /// The environment that it concerns, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env: Option<String>,
    /// The object that it concerns, as `Kind/namespace/name`: the Kustomization that fails because of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// The fault: what is wrong, why, and what to do.
    pub fault: Fault,
}

impl FileFault {
    /// Reports a fault in a file.
    pub fn new(file: &str, line: Option<usize>, fault: Fault) -> Self {
        Self { file: file.to_owned(), line, env: None, object: None, fault }
    }

    /// Sets the environment and the object of it that the fault concerns.
    #[must_use]
    pub fn about(self, env: &str, object: Option<&ObjectRef>) -> Self {
        let object = object.map(ToString::to_string).or(self.object);
        Self { env: Some(env.to_owned()), object, ..self }
    }
}

impl std::fmt::Display for FileFault {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(formatter, "{}:{line}: {}", self.file, self.fault),
            None => write!(formatter, "{}: {}", self.file, self.fault),
        }
    }
}
