//! A step of a walk: what is to be done, why, and whether it is done.

use serde::Serialize;

use crate::model::{ObjectRef, ShellLine};

/// Says whether a step is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", content = "told", rename_all = "kebab-case")]
pub enum WalkCheck {
    /// It is done, and this shows it.
    Done(String),
    /// It is not done, and this is still wrong.
    NotYet(#[serde(serialize_with = "crate::model::key_hints::serialize")] String),
    /// Nothing can be said, for this reason.
    Unknown(#[serde(serialize_with = "crate::model::key_hints::serialize")] String),
}

impl WalkCheck {
    /// Says that something is still wrong.
    pub(super) fn not_yet(told: impl Into<String>) -> Self {
        Self::NotYet(told.into())
    }

    /// Says that nothing can be said.
    pub(super) fn unknown(told: impl Into<String>) -> Self {
        Self::Unknown(told.into())
    }

    /// Tells whether the step is done.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done(_))
    }

    /// Returns what shows it.
    pub fn told(&self) -> &str {
        match self {
            Self::Done(told) | Self::NotYet(told) | Self::Unknown(told) => told,
        }
    }

    /// Returns the word for the state.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Done(_) => "done",
            Self::NotYet(_) => "not yet",
            Self::Unknown(_) => "unknown",
        }
    }
}

/// Is what a check found: what shows that a step is done, or why it is not.
pub(super) type StepVerdict = Result<String, WalkCheck>;

/// Describes a step of a walk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WalkStep {
    /// What is to be done.
    pub title: String,
    /// The reason.
    pub why: String,
    /// The lines to type; empty if the work is done in the repository.
    pub lines: Vec<ShellLine>,
    /// The sign of success.
    pub look_for: String,
    /// The question that is asked before it is told what is wrong.
    pub question: String,
    /// Whether it is done.
    pub check: WalkCheck,
    /// The command of the cockpit that does the same, and its object; none if it is for the environment.
    #[serde(skip)]
    pub command: Option<(&'static str, Option<ObjectRef>)>,
}

impl WalkStep {
    /// Builds a step: what is to be done, why, and whether it is done.
    pub(super) fn new(title: impl Into<String>, why: impl Into<String>, verdict: StepVerdict) -> Self {
        Self {
            title: title.into(),
            why: why.into(),
            lines: Vec::new(),
            look_for: String::new(),
            question: String::new(),
            check: verdict.map_or_else(|check| check, WalkCheck::Done),
            command: None,
        }
    }

    /// Adds a line to type; an empty one is none.
    pub(super) fn line(mut self, line: ShellLine) -> Self {
        if !line.is_empty() && !self.lines.contains(&line) {
            self.lines.push(line);
        }
        self
    }

    /// Adds lines to type.
    pub(super) fn lines(self, lines: impl IntoIterator<Item = ShellLine>) -> Self {
        lines.into_iter().fold(self, Self::line)
    }

    /// Sets the sign of success.
    pub(super) fn look_for(self, sign: impl Into<String>) -> Self {
        Self { look_for: sign.into(), ..self }
    }

    /// Sets the question that comes before the answer.
    pub(super) fn asks(self, question: impl Into<String>) -> Self {
        Self { question: question.into(), ..self }
    }

    /// Sets the command of the cockpit that does the same for the environment.
    pub(super) fn by(self, command: &'static str) -> Self {
        Self { command: Some((command, None)), ..self }
    }

    /// Sets the command of the cockpit that does the same for an object.
    pub(super) fn by_for(self, command: &'static str, object: &ObjectRef) -> Self {
        Self { command: Some((command, Some(object.clone()))), ..self }
    }
}
