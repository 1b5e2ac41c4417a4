//! Lines of logs, as they come from containers.

use jiff::Timestamp;
use serde::Serialize;

/// Holds one line of a container's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogLine {
    /// The time of writing, by the node's clock; `None` if the server sent none.
    pub at: Option<Timestamp>,
    /// The pod's name.
    pub pod: std::sync::Arc<str>,
    /// The container's name.
    pub container: std::sync::Arc<str>,
    /// The text without its line end.
    pub line: String,
}

/// Selects the logs to follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogTarget {
    /// One pod; with `container` `None` its first one (or the `kubectl.kubernetes.io/default-container`). The
    /// replacement of a pod by its owner is followed, too.
    Pod {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// The container.
        container: Option<String>,
    },
    /// All pods that match a label selector, such as a Flux controller's.
    Selector {
        /// The namespace.
        namespace: String,
        /// The selector, such as `app=kustomize-controller`.
        selector: String,
        /// The container.
        container: Option<String>,
    },
}

/// Reports an event of a followed log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogEvent {
    /// New lines, oldest first.
    Lines(Vec<LogLine>),
    /// The stream now reads another pod, because the former was replaced or another joined; the pod's name.
    Following(String),
    /// The stream of a pod ended or broke and is opened again; the reason.
    Interrupted(String),
    /// The number of lines that were lost (the stream broke between them).
    Lost(u64),
    /// The end of the log, and the reason.
    Ended(String),
}
