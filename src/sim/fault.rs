//! The faults of a server, switched on and off while it runs.

use std::collections::BTreeSet;
use std::time::Duration;

/// Describes how a server misbehaves; by default not at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    /// Whether it refuses every connection and breaks open ones.
    pub refused: bool,
    /// Whether it accepts requests and never answers; open streams fall silent.
    pub hanging: bool,
    /// The delay of its answers, except on open streams.
    pub delay: Option<Duration>,
    /// The kinds that it refuses (403) to the operator.
    pub forbidden: BTreeSet<String>,
    /// The kinds that it does not serve (404), as if their CRDs were not installed.
    pub absent: BTreeSet<String>,
    /// The number of requests that it first answers with 429 and `Retry-After: 1`.
    pub busy: u32,
}

impl Faults {
    /// Tells whether open streams must end at once.
    pub(crate) fn breaks_streams(&self) -> bool {
        self.refused
    }
}
