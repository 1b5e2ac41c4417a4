//! What the commands of the git screen hand to it, and what its tasks answer.

use crate::app::{Ask, Permit};
use crate::model::Fault;
use crate::repo::git::{CommitEntry, Destination};

/// Says what a command of the git screen wants of the view.
#[derive(Debug)]
pub enum GitAction {
    /// Stages or unstages the selected file, its folder, or all.
    Toggle(ToggleScope),
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
pub enum ToggleScope {
    /// The selected file.
    File,
    /// The folder around the selected file.
    Folder,
    /// Everything.
    All,
}

/// What the tasks of the git screen answer.
#[derive(Debug)]
pub enum GitAnswer {
    /// The last commits.
    Log(Result<Vec<CommitEntry>, Fault>),
    /// Files were staged or not.
    Moved(Result<(), Fault>),
    /// A file was refused, because of what it holds.
    Refused(String, Fault),
    /// A commit was made or not.
    Committed(Result<String, Fault>),
    /// Where a push goes.
    Goes(Result<Destination, Fault>),
    /// A fetch or pull ended.
    Updated(Result<String, Fault>),
}

/// Writes where a push goes as the answers of a command.
pub fn answers(to: &Destination) -> Vec<(String, String)> {
    let answer = |id: &str, text: &str| (id.to_owned(), text.to_owned());
    let mut answers = vec![answer("from", &to.from), answer("remote", &to.remote), answer("reference", &to.reference)];
    answers.extend(to.addresses.iter().map(|address| answer("address", address)));
    answers.push(answer("followed", if to.followed { "true" } else { "false" }));
    answers
}

/// Reads where a push goes from a command's answers; `None` where nobody has found it out, so that nothing was judged by it.
pub fn destination(ask: &Ask<'_>) -> Option<Destination> {
    let text = |id: &str| ask.answer(id).map(str::to_owned);
    let addresses = ask.answers.iter().filter(|(id, _)| id == "address").map(|(_, text)| text.clone()).collect();
    Some(Destination {
        from: text("from")?,
        remote: text("remote")?,
        reference: text("reference")?,
        addresses,
        followed: ask.flag("followed"),
    })
}
