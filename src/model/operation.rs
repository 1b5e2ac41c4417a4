//! The operations of fluxdeck on clusters, as data: the steps that verbs report, and their outcomes.

use jiff::Timestamp;
use serde::Serialize;

use super::Fault;

/// Describes the state of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StepState {
    /// It is in progress.
    Running,
    /// It is done.
    Done,
    /// It failed.
    Failed,
    /// It goes on; the user must see this first.
    Warning,
}

/// Reports progress of an operation; `step` names it (`request`, `source`, `reconcile`, `health`), and a later report
/// of the same name replaces it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The time, by our clock.
    pub at: Timestamp,
    /// The step's name.
    pub step: String,
    /// The state.
    pub state: StepState,
    /// The present action, or its result.
    pub message: String,
}

/// Describes the end of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It reached its goal; a note about it, such as the applied revision.
    Done(String),
    /// The controller tried and failed, and will try again: the time, and its message.
    WillRetry {
        /// The time of the next try, if it is known.
        next: Option<Timestamp>,
        /// The controller's message.
        message: String,
    },
    /// It failed for good.
    Failed(Fault),
    /// The operator stopped it; the effect on the cluster.
    Cancelled(&'static str),
}

impl Outcome {
    /// Tells whether the operation reached its goal.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done(_))
    }
}
