//! How a watch of one kind in one environment fares.

use serde::Serialize;

use super::Fault;

/// Says what is known about the connection behind a list.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub enum Connection {
    /// Nothing has been asked, or nothing has answered yet.
    #[default]
    Connecting,
    /// The first list is under way: objects received, and how many there are when the server said so.
    Syncing {
        /// Objects received so far.
        received: usize,
        /// Objects in all, when the server told.
        total: Option<usize>,
    },
    /// The list is complete and watched.
    Live,
    /// The watch broke and is tried again; what is shown may be old.
    Degraded(Fault),
    /// The server lets us list it in some namespaces only; those are complete and watched.
    Partial(Fault),
    /// The server does not let us list it.
    Forbidden(Fault),
    /// The server does not serve the kind.
    Absent,
    /// The cluster cannot be reached; tried again with growing pauses.
    Unreachable(Fault),
}

impl Connection {
    /// Tells whether what is shown is complete and current.
    pub fn is_live(&self) -> bool {
        matches!(self, Self::Live)
    }

    /// Tells whether what is shown is current, be it all or what some namespaces let us list.
    pub fn is_listed(&self) -> bool {
        matches!(self, Self::Live | Self::Partial(_))
    }

    /// Tells whether the first answer is in, good or bad: nothing more is owed to a snapshot.
    pub fn is_settled(&self) -> bool {
        !matches!(self, Self::Connecting | Self::Syncing { .. })
    }

    /// Returns the fault that the link reports, if any.
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Partial(fault) | Self::Degraded(fault) | Self::Forbidden(fault) | Self::Unreachable(fault) => {
                Some(fault)
            }
            _ => None,
        }
    }
}
