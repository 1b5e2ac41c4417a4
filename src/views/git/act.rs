//! The requests of commands to the git screen, and the answers of its tasks.

use crate::app::{Ask, Permit};
use crate::model::Fault;
use crate::repo::git::{CommitEntry, Destination, GitChange, Measured, Side, UnfinishedOperation};

/// Names the request of a command to the git screen.
#[derive(Debug)]
pub enum GitAction {
    /// Stages or unstages the selected file, its folder, or all.
    Toggle(ToggleScope),
    /// Stages or unstages these paths; the guard has permitted it.
    Move {
        /// Whether to stage them rather than unstage them.
        stage: bool,
        /// The paths.
        paths: Vec<String>,
        /// The guard's permit; without it nothing is done.
        permit: Option<Permit>,
    },
    /// Stages a file that was refused; the user typed its name.
    Allow(String, Option<Permit>),
    /// Opens the message of a commit.
    Write,
    /// Keeps a message for the next opening.
    Keep(String),
    /// Commits with a message.
    Commit(String, Option<Permit>),
    /// Opens the message of the last commit, to amend it.
    WriteAmend,
    /// Amends a commit with a message, if it is still the last one.
    Amend {
        /// The commit that was shown.
        commit: String,
        /// The new message.
        message: String,
        /// The guard's permit; without it nothing is done.
        permit: Option<Permit>,
    },
    /// Finds what a discard of the selected file would lose, and asks.
    AskDiscard,
    /// Discards the measured changes of a file on one side; the user typed its name.
    Discard(String, Side, Measured, Option<Permit>),
    /// Pushes, after finding the environments that it reaches.
    Push,
    /// Fetches.
    Fetch,
    /// Pulls.
    Pull,
    /// Continues the operation that git is in the middle of.
    Continue,
    /// Leaves out the commit at which the operation stopped that git is in the middle of, after a question.
    Skip,
    /// Aborts the operation that git is in the middle of, after a question.
    Abort,
    /// Fetches, pulls, continues, skips or aborts; the guard has permitted it.
    Update(GitChange, Option<Permit>),
}

/// Writes a side as the answer of a command.
pub fn side_word(side: Side) -> &'static str {
    match side {
        Side::Staged => "staged",
        Side::Unstaged => "not staged",
        Side::Untracked => "not known to git",
    }
}

/// Reads the side of a command's target.
pub fn side(ask: &Ask<'_>) -> Option<Side> {
    [Side::Staged, Side::Unstaged, Side::Untracked]
        .into_iter()
        .find(|side| ask.answer("side") == Some(side_word(*side)))
}

/// Returns the operation that git is in the middle of, by the command's answer, else by the repository's state.
pub fn unfinished(ask: &Ask<'_>) -> Option<UnfinishedOperation> {
    match ask.answer("operation") {
        Some(verb) => UnfinishedOperation::of_verb(verb),
        None => ask.facts.repository.as_ref()?.git.as_ref().ok()?.operation,
    }
}

/// Selects the files of [`GitAction::Toggle`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToggleScope {
    /// The selected file.
    File,
    /// The folder around the selected file.
    Folder,
    /// Everything.
    All,
}

/// The answers of the git screen's tasks.
#[derive(Debug)]
pub enum GitAnswer {
    /// The last commits.
    Log(Result<Vec<CommitEntry>, Fault>),
    /// The commits that environments have applied and that are missing here, each with its environments.
    Missing(Vec<(String, String)>),
    /// The result of staging or unstaging; it names the files that were gone.
    Moved(Result<Vec<String>, Fault>),
    /// The changes that a discard of a file would lose.
    Loss(String, Side, Result<(String, Measured), Fault>),
    /// The result of a discard: whether something stays at its place.
    Discarded(String, Side, Result<bool, Fault>),
    /// The last commit and its message, or the reason that it cannot be amended.
    Amendable(Result<(String, String), Fault>),
    /// The result of an amendment.
    Amended(Result<String, Fault>),
    /// A file was refused, because of its content.
    Refused(String, Fault),
    /// The result of a commit.
    Committed(Result<String, Fault>),
    /// The destination of a push.
    Goes(Result<Destination, Fault>),
    /// A fetch or pull ended.
    Updated(Result<String, Fault>),
}

/// Writes the destination of a push as the answers of a command.
pub fn answers(to: &Destination) -> Vec<(String, String)> {
    let answer = |id: &str, text: &str| (id.to_owned(), text.to_owned());
    let mut answers = vec![
        answer("from", &to.from),
        answer("commit", &to.commit),
        answer("remote", &to.remote),
        answer("reference", &to.reference),
    ];
    answers.extend(to.addresses.iter().map(|address| answer("address", address)));
    answers.push(answer("followed", if to.followed { "true" } else { "false" }));
    answers
}

/// Reads the destination of a push from a command's answers; `None` if it is missing, so that the guard has not judged
/// it.
pub fn destination(ask: &Ask<'_>) -> Option<Destination> {
    let text = |id: &str| ask.answer(id).map(str::to_owned);
    let addresses = ask.answers.iter().filter(|(id, _)| id == "address").map(|(_, text)| text.clone()).collect();
    Some(Destination {
        from: text("from")?,
        commit: text("commit")?,
        remote: text("remote")?,
        reference: text("reference")?,
        addresses,
        followed: ask.flag("followed"),
    })
}
