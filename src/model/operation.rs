//! What fluxdeck does to clusters, as data: the steps that verbs report, and how they end.

use jiff::Timestamp;
use serde::Serialize;

use super::Fault;

/// Says how a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StepState {
    /// It is under way.
    Running,
    /// It is done.
    Done,
    /// It failed.
    Failed,
    /// It goes on, and this is to be known before it does.
    Warning,
}

/// Reports progress of an operation; `step` names it (`request`, `source`, `reconcile`, `health`), and a later report of the same name replaces it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// When, by our clock.
    pub at: Timestamp,
    /// The step's name.
    pub step: String,
    /// How it stands.
    pub state: StepState,
    /// What is being done, or what came of it.
    pub message: String,
}

/// Says how an operation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It reached what was asked; a word about it, such as the applied revision.
    Done(String),
    /// The controller tried and failed, and will try again: when, and its message.
    WillRetry {
        /// When it tries again, where that is known.
        next: Option<Timestamp>,
        /// The controller's message.
        message: String,
    },
    /// It failed for good.
    Failed(Fault),
    /// The operator stopped it; what that means for the cluster.
    Cancelled(&'static str),
}

impl Outcome {
    /// Tells whether what was asked came about.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done(_))
    }
}
