//! What went wrong, in the form that an operator can use.

use serde::Serialize;

/// Sorts faults by what the caller does about them; each kind has an exit code of the headless subcommands.
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
    /// How the fault is treated.
    pub kind: FaultKind,
    /// What happened, such as `cannot reach production`.
    pub what: String,
    /// Why, in one sentence, as near to the cause as is known.
    pub why: String,
    /// What to do next; a command line where one helps.
    pub todo: String,
    /// The plug-in that was refused, where one was: the cockpit asks the operator about it.
    #[serde(skip)]
    pub plugin: Option<Box<WantedPlugin>>,
}

/// Names a plug-in of age that nobody has agreed to, and who asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedPlugin {
    /// Its name: the program is called `age-plugin-NAME`.
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

    /// Builds a fault of kind [`FaultKind::Failed`].
    pub fn failed(what: impl Into<String>, why: impl Into<String>, todo: impl Into<String>) -> Self {
        Self::new(FaultKind::Failed, what, why, todo)
    }
}
