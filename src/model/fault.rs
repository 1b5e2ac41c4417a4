//! Faults, in a form that an operator can use.

use serde::Serialize;

/// Sorts faults by the caller's reaction; each kind has an exit code of the headless subcommands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FaultKind {
    /// Something is wrong or not ready (exit 1).
    Failed,
    /// The call is wrong (exit 2).
    Usage,
    /// A guard refused it (exit 3).
    Refused,
    /// A cluster cannot be reached (exit 4).
    Unreachable,
    /// Something cannot be decrypted (exit 5).
    Undecryptable,
}

impl FaultKind {
    /// Returns the exit code that the headless subcommands end with.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Refused => 3,
            Self::Unreachable => 4,
            Self::Undecryptable => 5,
        }
    }
}

/// Tells an operator what happened, why, and what to do; it never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{what}: {why}")]
pub struct Fault {
    /// The kind of fault.
    pub kind: FaultKind,
    /// The event, such as `cannot reach production`.
    pub what: String,
    /// The reason, in one sentence, as near to the cause as is known.
    pub why: String,
    /// The next step; a command line if one helps. It names keys as [`key_hints`](mod@super::key_hints) says.
    #[serde(serialize_with = "super::key_hints::serialize")]
    pub todo: String,
    /// The refused plug-in, if there is one: the cockpit asks the operator about it.
    #[serde(skip)]
    pub plugin: Option<Box<WantedPlugin>>,
}

/// Names a plug-in of age that the operator has not agreed to, and the recipient and file that need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedPlugin {
    /// Its name: the program is `age-plugin-NAME`.
    pub name: String,
    /// The recipient that names it.
    pub recipient: String,
    /// The file that was to be encrypted for it.
    pub file: String,
}

impl Fault {
    /// Builds a fault of a kind from what happened, why, and what to do.
    pub fn new(kind: FaultKind, what: impl Into<String>, why: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { kind, what: what.into(), why: why.into(), todo: todo.into(), plugin: None }
    }

    /// Returns the reason without the words of a program that may follow it on further lines.
    pub fn cause(&self) -> &str {
        self.why.lines().next().unwrap_or_default()
    }

    /// Builds a fault of kind [`FaultKind::Failed`].
    pub fn failed(what: impl Into<String>, why: impl Into<String>, todo: impl Into<String>) -> Self {
        Self::new(FaultKind::Failed, what, why, todo)
    }
}
