//! Messages: everything that enters the app, on one bounded channel.

use std::any::Any;
use std::sync::Arc;

use jiff::Timestamp;

use super::key::Key;
use super::operation::OpId;
use super::pending::PendingAnswer;
use super::task::Ticket;
use crate::check::Survey;
use crate::cluster::WatchEvent;
use crate::model::{Env, Environment, Fault, Kind, Outcome, Step};
use crate::render::BuildProgress;
use crate::repo::Snapshot;

/// Says that something happened.
#[derive(Debug)]
pub enum Msg {
    /// A key was pressed.
    Key(Key),
    /// Text was pasted.
    Paste(String),
    /// The terminal changed its size.
    Resize,
    /// No key was pressed for a while: panels that follow the selection may catch up.
    Rested,
    /// Time passed: ages may have changed.
    Time(Timestamp),
    /// The environments were found, each with the reason why it has no connection, if so.
    Environments(Vec<Environment>, Vec<Option<Fault>>),
    /// The repository was read, or could not be.
    Repository(Result<Arc<Snapshot>, Fault>, Option<PendingAnswer>),
    /// The repository was rendered and looked at by every rule, or could not be.
    Surveyed(Result<Arc<Survey>, Fault>, Option<PendingAnswer>),
    /// A build of Kustomizations takes long, and has come so far.
    Building(BuildProgress),
    /// Files of the repository changed.
    FilesChanged,
    /// A watch reports.
    Watched {
        /// The environment.
        env: Env,
        /// The kind.
        kind: &'static Kind,
        /// Which watch.
        generation: u64,
        /// What it reports.
        change: WatchEvent,
        /// What this settles.
        owed: Option<PendingAnswer>,
    },
    /// A task of a view answers.
    Reply {
        /// The view.
        ticket: Ticket,
        /// The answer; the view knows its type.
        payload: Box<dyn Any + Send>,
        /// What this settles.
        owed: Option<PendingAnswer>,
    },
    /// The journal has the line of an operation's beginning.
    Noted(OpId),
    /// An operation reports a step.
    Step(OpId, Step),
    /// An operation ended.
    Ended(OpId, Outcome, Option<PendingAnswer>),
    /// The outside tells of something.
    Told(Result<String, Fault>),
    /// The outside knows more of what was told last.
    Added(&'static str),
    /// The process is asked to end.
    Terminate,
}
