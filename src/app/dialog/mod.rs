//! Dialogs of the guard: the questions before a command, and the confirmation of a write.

mod agree;
mod confirm;
mod owner;
mod plugin;
mod prompt;
mod readers;

use std::path::Path;

pub use agree::Agree;
#[cfg(test)]
pub(super) use agree::Agreed;
pub use confirm::Confirm;
#[cfg(test)]
pub(super) use plugin::Allowed;
pub use plugin::{AskPlugin, WRAPPING};
pub use prompt::Prompt;

use super::task::TaskContext;
use crate::config::{AGREEMENTS, Agreement};
use crate::model::Fault;

/// Remembers what was agreed for the repository; nothing where there is no place for it.
///
/// # Errors
/// Fails when it cannot be written.
fn remember(reach: &TaskContext, agreement: impl FnOnce(&Path) -> Agreement) -> Result<(), Fault> {
    let place = reach.journal.as_ref().and_then(|journal| journal.parent()).zip(reach.root.as_ref());
    place.map_or(Ok(()), |(folder, root)| agreement(root).remember(&folder.join(AGREEMENTS)))
}
