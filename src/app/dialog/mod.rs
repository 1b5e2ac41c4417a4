//! Dialogs of the guard: the questions before a command, and the confirmation of a write.

mod agree;
mod confirm;
mod outgoing;
mod owner;
mod plugin;
mod prompt;
mod readers;
mod whole_lesson;

use std::path::Path;

pub use agree::Agree;
#[cfg(test)]
pub(super) use agree::Agreed;
pub use confirm::Confirm;
#[cfg(test)]
pub(super) use plugin::Allowed;
pub use plugin::{AskPlugin, WRAPPING};
pub use prompt::Prompt;
pub use whole_lesson::{CopyCommand, WholeLesson};

use super::task::TaskContext;
use crate::config::{AGREEMENTS, Agreement};
use crate::model::Fault;

/// Saves an agreement for the repository; does nothing if there is no place for it.
///
/// # Errors
/// Fails if it cannot be written.
fn remember(task_context: &TaskContext, agreement: impl FnOnce(&Path) -> Agreement) -> Result<(), Fault> {
    let place = task_context.journal.as_ref().and_then(|journal| journal.parent()).zip(task_context.root.as_ref());
    place.map_or(Ok(()), |(folder, root)| agreement(root).remember(&folder.join(AGREEMENTS)))
}
