//! Dialogs of the guard: the questions before a command, and the confirmation of a write.

mod agree;
mod confirm;
mod owner;
mod prompt;
mod readers;

pub use agree::Agree;
#[cfg(test)]
pub(super) use agree::Agreed;
pub use confirm::Confirm;
pub use prompt::Prompt;
