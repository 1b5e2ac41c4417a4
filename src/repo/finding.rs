//! What is wrong with a file, so that a screen or `check` can point at it.

use serde::Serialize;

use crate::model::Fault;

/// Reports something wrong with a file, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The file, relative to the repository's root where it lies below it.
    pub file: String,
    /// The line, counted from 1, where it is known.
    pub line: Option<usize>,
    /// What is wrong, why, and what to do.
    pub fault: Fault,
}

impl Finding {
    /// Builds a finding about a file.
    pub fn new(file: &str, line: Option<usize>, fault: Fault) -> Self {
        Self { file: file.to_owned(), line, fault }
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(formatter, "{}:{line}: {}", self.file, self.fault),
            None => write!(formatter, "{}: {}", self.file, self.fault),
        }
    }
}
