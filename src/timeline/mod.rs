//! What happened, in one order: revisions, conditions, runs, releases, events, restarts, writes and commits of an object
//! or an environment.
//!
//! [`entries`] is a pure function from what was read to entries; [`readings`] reads a cluster, [`commits`] the repository
//! and [`journal`] the writes of this account. Times are those that were read: of a cluster its own, of commits and the
//! journal this machine's.

mod entry;
mod of_object;
mod read;
#[cfg(test)]
mod tests;

pub use entry::{TimelineEntry, TimelineLink, TimelinePart, entries, merged};
pub use read::{commits, journal, readings};
