//! Dialogs of the guard: the questions before a command, and the confirmation of a write.

mod agree;
mod confirm;
mod owner;
mod plugin;
mod prompt;
mod readers;

pub use agree::Agree;
#[cfg(test)]
pub(super) use agree::Agreed;
pub use confirm::Confirm;
#[cfg(test)]
pub(super) use plugin::Allowed;
pub use plugin::AskPlugin;
pub use prompt::Prompt;
