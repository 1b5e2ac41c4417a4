//! Lines of logs, as they come from containers.

use jiff::Timestamp;
use serde::Serialize;

/// Holds one line of a container's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogLine {
    /// When the container wrote it, by the node's clock; `None` when the server sent no time.
    pub at: Option<Timestamp>,
    /// The pod's name.
    pub pod: std::sync::Arc<str>,
    /// The container's name.
    pub container: std::sync::Arc<str>,
    /// The text without its line end.
    pub line: String,
}

/// Says what to follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogTarget {
    /// One pod; `container` `None` takes its first (or the `kubectl.kubernetes.io/default-container`). A pod that is replaced by its owner is followed on.
    Pod {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// The container.
        container: Option<String>,
    },
    /// Every pod that a label selector finds, such as a Flux controller's.
    Selector {
        /// The namespace.
        namespace: String,
        /// The selector, such as `app=kustomize-controller`.
        selector: String,
        /// The container.
        container: Option<String>,
    },
}

/// Tells what happened to a followed log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogEvent {
    /// Lines arrived, oldest first.
    Lines(Vec<LogLine>),
    /// The stream now reads another pod, because the former was replaced or joined; the pod's name.
    Following(String),
    /// The stream of a pod ended or broke and is opened again; why.
    Interrupted(String),
    /// So many lines could not be had (the stream broke between them).
    Lost(u64),
    /// Nothing more will come, and why.
    Ended(String),
}
