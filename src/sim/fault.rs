//! What can be wrong with a server, switched on and off while it runs.

use std::collections::BTreeSet;
use std::time::Duration;

/// Says how a server misbehaves; the default is not at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    /// Refuses every connection and breaks those that are open.
    pub refused: bool,
    /// Takes requests and never answers; open streams fall silent.
    pub hanging: bool,
    /// Answers so much later, open streams excepted.
    pub delay: Option<Duration>,
    /// Refuses (403) these kinds to the operator.
    pub forbidden: BTreeSet<String>,
    /// Does not serve these kinds (404), as if their CRDs were not installed.
    pub absent: BTreeSet<String>,
    /// Answers so many requests with 429 and `Retry-After: 1` first.
    pub busy: u32,
}

impl Faults {
    /// Tells whether open streams must end at once.
    pub(crate) fn breaks_streams(&self) -> bool {
        self.refused
    }
}
