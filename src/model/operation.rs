//! What fluxdeck does to clusters, as data: verbs, the steps that they report, and how they end.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::Fault;

/// Says what is to be done to an object of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verb {
    /// Asks its controller to look now.
    Reconcile {
        /// Reconciles the source first, as `--with-source` does.
        with_source: bool,
        /// Forces a Helm upgrade, as `--force` does.
        force: bool,
        /// Resets a HelmRelease's failure counts, as `--reset` does.
        reset: bool,
        /// Returns once asked, without waiting for the outcome.
        no_wait: bool,
        /// How long to wait for the outcome at most.
        timeout: Duration,
    },
    /// Stops its reconciliation; the reason and the end are kept as annotations.
    Suspend {
        /// Why.
        reason: String,
        /// Who: the login, and the cluster's own word where it has one.
        by: String,
        /// Until when; for people to read, nothing resumes by itself.
        until: Option<Timestamp>,
    },
    /// Lets its reconciliation run again, removes the annotations, and waits like a reconcile.
    Resume {
        /// How long to wait for the outcome at most.
        timeout: Duration,
    },
    /// Replaces the pods of a workload step by step, as `kubectl rollout restart` does, and waits until the new ones are ready.
    Restart {
        /// How long to wait for the new pods at most.
        timeout: Duration,
    },
    /// Deletes it, and waits until it is gone.
    Delete {
        /// How long to wait until it is gone at most.
        timeout: Duration,
    },
    /// Runs a CronJob now, as a Job made from it, and waits for its end.
    RunNow {
        /// How long to wait for the Job's end at most.
        timeout: Duration,
    },
    /// Makes a port of a pod reachable on this machine's loopback address, until it is stopped.
    Forward {
        /// The port here; one like the pod's when `None`.
        local: Option<u16>,
        /// The pod's port or the Service's, by number or name; the first when `None`.
        remote: Option<String>,
        /// How this machine is reached by `ssh`, such as `maria@jump`.
        via: String,
    },
}

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
