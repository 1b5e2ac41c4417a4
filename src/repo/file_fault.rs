//! What is wrong with a file, so that a screen or `check` can point at it.

use serde::Serialize;

use crate::model::{Fault, ObjectRef};

/// Reports a fault in a file, and where; a finding is what a rule of `check` makes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileFault {
    /// The file, relative to the repository's root where it lies below it.
    pub file: String,
    /// The line, counted from 1, where it is known.
    pub line: Option<usize>,
    /// The environment that it is about, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env: Option<String>,
    /// The object that it is about, as `Kind/namespace/name`: the Kustomization that fails of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// What is wrong, why, and what to do.
    pub fault: Fault,
}

impl FileFault {
    /// Reports a fault in a file.
    pub fn new(file: &str, line: Option<usize>, fault: Fault) -> Self {
        Self { file: file.to_owned(), line, env: None, object: None, fault }
    }

    /// Says which environment and which object of it it is about.
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
