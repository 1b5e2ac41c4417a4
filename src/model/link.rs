//! The state of a watch of one kind in one environment.

use serde::Serialize;

use super::Fault;

/// Describes the connection behind a list.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub enum Connection {
    /// No request was sent, or none was answered yet.
    #[default]
    Connecting,
    /// The first list is in progress: the number of received objects, and of all if the server sent it.
    Syncing {
        /// The number of received objects.
        received: usize,
        /// The number of all objects, if the server sent it.
        total: Option<usize>,
    },
    /// The list is complete and watched.
    Live,
    /// The watch broke and is tried again; the shown rows may be old.
    Degraded(Fault),
    /// The list is complete, and read again now and then: the server lists it for us, and does not let us watch it.
    Polled(Fault),
    /// The server permits us to list it in some namespaces only; those are complete and watched.
    Partial(Fault),
    /// The server does not permit us to list it.
    Forbidden(Fault),
    /// The server does not serve the kind.
    Absent,
    /// The cluster is unreachable; tried again with growing pauses.
    Unreachable(Fault),
}

impl Connection {
    /// Tells whether the rows are complete and current.
    pub fn is_live(&self) -> bool {
        matches!(self, Self::Live | Self::Polled(_))
    }

    /// Tells whether the rows are current, be it all or those of the permitted namespaces.
    pub fn is_listed(&self) -> bool {
        matches!(self, Self::Live | Self::Polled(_) | Self::Partial(_))
    }

    /// Tells whether the first answer has arrived, good or bad: a snapshot need not wait any longer.
    pub fn is_settled(&self) -> bool {
        !matches!(self, Self::Connecting | Self::Syncing { .. })
    }

    /// Returns the fault that the link reports, if any.
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Polled(fault)
            | Self::Partial(fault)
            | Self::Degraded(fault)
            | Self::Forbidden(fault)
            | Self::Unreachable(fault) => Some(fault),
            _ => None,
        }
    }
}
