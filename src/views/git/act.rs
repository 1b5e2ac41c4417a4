//! What the commands of the git screen hand to it, and what its tasks answer.

use crate::app::Permit;
use crate::model::Fault;
use crate::repo::git::LogEntry;

/// Says what a command of the git screen wants of the view.
#[derive(Debug)]
pub enum Do {
    /// Stages or unstages the selected file, its folder, or all.
    Toggle(Reach),
    /// Stages or unstages these paths; the guard gave its leave.
    Move {
        /// Whether they are staged rather than taken out.
        stage: bool,
        /// The paths.
        paths: Vec<String>,
        /// The guard's leave; without it nothing is done.
        permit: Option<Permit>,
    },
    /// Stages a file that was refused; its name was typed.
    Allow(String, Option<Permit>),
    /// Opens the message of a commit.
    Write,
    /// Keeps a message for the next time.
    Keep(String),
    /// Commits with a message.
    Commit(String, Option<Permit>),
    /// Pushes, after working out whom that reaches.
    Push,
    /// Fetches.
    Fetch,
    /// Pulls, if it moves forward.
    Pull,
    /// Fetches or pulls; the guard gave its leave.
    Update {
        /// Whether the branch moves too.
        pull: bool,
        /// The guard's leave.
        permit: Option<Permit>,
    },
}

/// Says how much `Do::Toggle` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The selected file.
    File,
    /// The folder around the selected file.
    Folder,
    /// Everything.
    All,
}

/// What the tasks of the git screen answer.
#[derive(Debug)]
pub enum Answer {
    /// The last commits.
    Log(Result<Vec<LogEntry>, Fault>),
    /// Files were staged or not.
    Moved(Result<(), Fault>),
    /// A file was refused, because of what it holds.
    Refused(String, Fault),
    /// A commit was made or not.
    Committed(Result<String, Fault>),
    /// A fetch or pull ended.
    Updated(Result<String, Fault>),
}
