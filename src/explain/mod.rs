//! Topics to explain: what a condition, a reason, a kind, a field, a rule, a cause or a command means, the command that
//! shows it by hand, and where it is documented.
//!
//! What only a person can say stands in `topics/`, one file for each group. What rules, causes, kinds and commands say
//! of themselves is taken from them and written nowhere else: `topics/causes.toml` is written by a test of the doctor.

mod authored;
mod example;
mod find;
mod made;
#[cfg(test)]
mod tests;
mod topic;

pub use example::TopicObject;
pub use find::Topics;
pub use topic::{Topic, TopicCommand, TopicGroup};
