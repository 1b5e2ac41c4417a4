//! Operations: long effects with steps, an outcome, and a way to stop the wait.

use futures::future::BoxFuture;
use jiff::Timestamp;

use super::guard::Permit;
use super::task::TaskContext;
use crate::model::{Env, Outcome, ShellLine, Step};

/// Numbers the operations of one run of fluxdeck.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpId(pub u64);

/// Receives the steps of an operation as they happen.
pub type StepSender = Box<dyn FnMut(Step) + Send + Sync>;

/// Does the work of an operation; only the runtime calls it.
pub type Work = Box<dyn FnOnce(TaskContext, StepSender) -> BoxFuture<'static, Outcome> + Send>;

/// The seconds for which an operation is watched by the second: the longest wait of a reconcile, and of its source
/// before it.
const WATCHED: i64 = 600;

/// The effect of stopping most operations: only fluxdeck's wait ends.
pub const NO_LONGER_WAITED_FOR: &str = "no longer waited for; the controller goes on";

/// Describes an operation that the guard has permitted, for the runtime to perform, write into the journal and report.
pub struct Operation {
    /// Its effect, such as `Reconcile Kustomization/apps`.
    pub title: String,
    /// The environment; `None` if it concerns none.
    pub env: Option<Env>,
    /// Its target, as the journal writes it.
    pub object: String,
    /// The equivalent command line.
    pub shell: ShellLine,
    /// The effect of stopping it.
    pub stopped: &'static str,
    /// The guard's permit.
    pub permit: Permit,
    /// The work.
    pub work: Work,
}

impl std::fmt::Debug for Operation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Operation({}, {:?}, {})", self.title, self.env, self.shell)
    }
}

/// Holds the state of a started operation.
#[derive(Debug, Clone)]
pub struct Op {
    /// Its number.
    pub id: OpId,
    /// The environment.
    pub env: Option<Env>,
    /// Its effect.
    pub title: String,
    /// Its target.
    pub object: String,
    /// The equivalent command line.
    pub shell: ShellLine,
    /// Whether the journal has the line of its start: the screen shows it only after that.
    pub noted: bool,
    /// Its steps, in the order of their starts.
    pub steps: Vec<Step>,
    /// The time of its start.
    pub started: Timestamp,
    /// The time of its end and the outcome; `None` while it runs.
    pub ended: Option<(Timestamp, Outcome)>,
}

impl Op {
    /// Records a step's report: a later report of a step replaces the earlier one.
    pub fn report(&mut self, step: Step) {
        match self.steps.iter_mut().find(|known| known.step == step.step) {
            Some(known) => *known = step,
            None => self.steps.push(step),
        }
    }

    /// Tells whether a user may wait for it by the second: a longer one is updated by the minute.
    pub fn is_awaited(&self, now: Timestamp) -> bool {
        self.ended.is_none() && now.duration_since(self.started).as_secs() < WATCHED
    }

    /// Writes its duration so far, or in total.
    pub fn elapsed(&self, now: Timestamp) -> String {
        let seconds = self.ended.as_ref().map_or(now, |(at, _)| *at).duration_since(self.started).as_secs().max(0);
        if seconds < WATCHED { format!("{seconds}s") } else { format!("{}m", seconds / 60) }
    }

    /// Writes its state in one line.
    pub fn summary(&self) -> String {
        match &self.ended {
            None => self.steps.last().map_or_else(|| "starting".to_owned(), |step| step.message.clone()),
            Some((_, Outcome::Failed(fault))) => format!("{}: {}", fault.what, fault.cause()),
            Some((_, outcome)) => outcome_line(outcome),
        }
    }
}

/// Writes an outcome in one line.
pub fn outcome_line(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done(word) => word.clone(),
        Outcome::WillRetry { message, .. } => format!("failed, will retry: {message}"),
        Outcome::Failed(fault) => format!("{}: {}", fault.what, fault.why),
        Outcome::Cancelled(meaning) => (*meaning).to_owned(),
    }
}
