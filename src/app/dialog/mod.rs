//! Dialogs of the guard: the questions before a command, and the confirmation of a write.

mod confirm;
mod owner;
mod prompt;

pub use confirm::Confirm;
pub use prompt::Prompt;
