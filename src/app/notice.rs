//! Notices: what the operator is told without having asked.

use jiff::Timestamp;

use crate::model::Fault;

/// Tells the operator something: what, and for faults the cause and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// When.
    pub at: Timestamp,
    /// What happened.
    pub what: String,
    /// The fault behind it, if it is one.
    pub fault: Option<Fault>,
}

impl Notice {
    /// Builds a notice of something good or neutral.
    pub fn info(at: Timestamp, what: impl Into<String>) -> Self {
        Self { at, what: what.into(), fault: None }
    }

    /// Builds a notice of a fault.
    pub fn fault(at: Timestamp, fault: Fault) -> Self {
        Self { at, what: fault.what.clone(), fault: Some(fault) }
    }

    /// Writes the notice in one line: what, why, what to do.
    pub fn line(&self) -> String {
        match &self.fault {
            Some(fault) => format!("{}: {}. {}", fault.what, fault.why.trim_end_matches('.'), fault.todo),
            None => self.what.clone(),
        }
    }
}
