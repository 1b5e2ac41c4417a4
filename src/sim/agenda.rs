//! The scheduled jobs of a simulated cluster: by tokio's clock, so that paused time runs them, too.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::model::ObjectRef;

/// Names a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Job {
    /// A controller takes an object from its queue.
    Reconcile(ObjectRef),
    /// A controller continues a reconciliation in progress.
    Continue(ObjectRef),
    /// A pod's containers start.
    Start(ObjectRef),
    /// A pod writes its next line of log.
    Speak(ObjectRef),
    /// A pod's containers end.
    End(ObjectRef),
}

/// Identifies a job on the agenda; jobs of the same instant keep the order in which they were added.
pub(crate) type Due = (Instant, u64);

/// Holds the jobs in the order of their times.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    jobs: BTreeMap<Due, Job>,
    count: u64,
}

impl Agenda {
    /// Adds a job after a delay.
    pub(crate) fn after(&mut self, wait: Duration, job: Job) -> Due {
        self.count += 1;
        let due = (Instant::now() + wait, self.count);
        self.jobs.insert(due, job);
        due
    }

    /// Removes a job from the agenda.
    pub(crate) fn cancel(&mut self, due: Due) {
        self.jobs.remove(&due);
    }

    /// Returns the time of the next job.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.jobs.keys().next().map(|(at, _)| *at)
    }

    /// Takes the next job that is due now.
    pub(crate) fn take_due(&mut self) -> Option<Job> {
        let first = self.jobs.first_entry()?;
        (first.key().0 <= Instant::now()).then(|| first.remove())
    }
}
