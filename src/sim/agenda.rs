//! What is to happen in a simulated cluster, and when: by tokio's clock, so that paused time runs it too.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::model::ObjectRef;

/// Says what is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Job {
    /// A controller takes an object from its queue.
    Reconcile(ObjectRef),
    /// A controller goes on with a reconciliation under way.
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

/// Holds the jobs in the order in which they are due.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    jobs: BTreeMap<Due, Job>,
    count: u64,
}

impl Agenda {
    /// Adds a job that is due after a while.
    pub(crate) fn after(&mut self, wait: Duration, job: Job) -> Due {
        self.count += 1;
        let due = (Instant::now() + wait, self.count);
        self.jobs.insert(due, job);
        due
    }

    /// Takes a job off the agenda.
    pub(crate) fn cancel(&mut self, due: Due) {
        self.jobs.remove(&due);
    }

    /// Returns when the next job is due.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.jobs.keys().next().map(|(at, _)| *at)
    }

    /// Takes the next job that is due now.
    pub(crate) fn take_due(&mut self) -> Option<Job> {
        let first = self.jobs.first_entry()?;
        (first.key().0 <= Instant::now()).then(|| first.remove())
    }
}
