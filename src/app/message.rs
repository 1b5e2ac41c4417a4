//! Messages: all input of the app, on one bounded channel.

use std::any::Any;
use std::sync::Arc;

use jiff::Timestamp;

use super::key::Key;
use super::operation::OpId;
use super::pending::PendingAnswer;
use super::task::Ticket;
use crate::check::Survey;
use crate::cluster::WatchEvent;
use crate::doctor::Examination;
use crate::model::{Env, Environment, Fault, Kind, LessonHabits, Outcome, Step};
use crate::render::BuildProgress;
use crate::repo::Snapshot;

/// Reports an event.
#[derive(Debug)]
pub enum Msg {
    /// The user pressed a key.
    Key(Key),
    /// The user pasted text.
    Paste(String),
    /// The terminal changed its size.
    Resize,
    /// The user pressed no key for a while: panels that follow the selection may catch up.
    Rested,
    /// Time passed: ages may have changed.
    Time(Timestamp),
    /// The environments were found, each with the fault of its connection, if any.
    Environments(Vec<Environment>, Vec<Option<Fault>>),
    /// The repository was read, or could not be.
    Repository(Result<Arc<Snapshot>, Fault>, Option<PendingAnswer>),
    /// The repository was rendered and checked by every rule, or could not be.
    Surveyed(Result<Arc<Survey>, Fault>, Option<PendingAnswer>),
    /// An environment was examined for root causes, or could not be.
    Examined {
        /// The environment.
        env: Env,
        /// The number of the examination; an older one is dropped.
        generation: u64,
        /// What was found.
        found: Result<Arc<Examination>, Fault>,
        /// The pending answer that this settles.
        pending: Option<PendingAnswer>,
    },
    /// A slow build of Kustomizations reports its progress.
    Building(BuildProgress),
    /// Files of the repository changed.
    FilesChanged,
    /// A watch reports.
    Watched {
        /// The environment.
        env: Env,
        /// The kind.
        kind: &'static Kind,
        /// The number of the watch.
        generation: u64,
        /// The event.
        change: WatchEvent,
        /// The pending answer that this settles.
        pending: Option<PendingAnswer>,
    },
    /// A task of a view answers.
    Reply {
        /// The view.
        ticket: Ticket,
        /// The answer; the view knows its type.
        payload: Box<dyn Any + Send>,
        /// The pending answer that this settles.
        pending: Option<PendingAnswer>,
    },
    /// The journal has the line of an operation's start.
    Noted(OpId),
    /// An operation reports a step.
    Step(OpId, Step),
    /// An operation ended.
    Ended(OpId, Outcome, Option<PendingAnswer>),
    /// Earlier runs counted the lessons that were met.
    Lessons(LessonHabits),
    /// The outside reports something.
    Told(Result<String, Fault>),
    /// The outside adds to its last report.
    Added(&'static str),
    /// The system asks the process to end.
    Terminate,
}
