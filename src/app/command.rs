//! Commands: the user's possible requests. Keys, palette, help, lessons and the headless twins are all built from
//! these.

use jiff::Timestamp;

use super::action::Action;
use super::facts::Facts;
use super::guard::Permit;
use crate::model::{Env, Fault, Lesson, ObjectRef};

/// Classifies the effect of a command on the world; the guard acts on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Risk {
    /// It only reads.
    Reads,
    /// It makes a change that can be undone.
    Writes,
    /// It destroys something.
    Destroys,
}

/// Names the place where a command's keys work.
#[derive(Debug, Clone, Copy)]
pub enum KeyScope {
    /// Everywhere, unless a view takes the key.
    Everywhere,
    /// Everywhere while the function has no reason against it.
    While(fn(&Facts) -> Option<&'static str>),
    /// On a selected object of a cluster that the function accepts.
    Object(fn(&ObjectRef) -> bool),
    /// On a selected file of the repository whose path the function accepts.
    File(fn(&str) -> bool),
    /// On any selection that belongs to one environment.
    Environment,
    /// In the view with this id.
    View(&'static str),
}

impl KeyScope {
    /// Tells whether the keys work for every kind of selection.
    pub fn is_general(self) -> bool {
        matches!(self, Self::Everywhere | Self::While(_) | Self::Environment)
    }
}

/// Names a target of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandTarget {
    /// An object of an environment's cluster.
    Object(Env, ObjectRef),
    /// A file of the repository, and the environment that it belongs to, if any.
    File(Option<Env>, String),
    /// A whole environment.
    Environment(Env),
    /// A change in the user's own working tree or index, as a path below its root or a word; it concerns no cluster.
    Worktree(String),
    /// A commit of the repository, by its hash, and the environment in which it was selected, if any.
    Commit(Option<Env>, String),
}

impl CommandTarget {
    /// Returns the environment that the target belongs to.
    pub fn env(&self) -> Option<Env> {
        match self {
            Self::Object(env, _) | Self::Environment(env) => Some(*env),
            Self::File(env, _) | Self::Commit(env, _) => *env,
            Self::Worktree(_) => None,
        }
    }

    /// Returns the object, if the target is one.
    pub fn object(&self) -> Option<&ObjectRef> {
        match self {
            Self::Object(_, object) => Some(object),
            _ => None,
        }
    }

    /// Returns the target's name for the guard's confirmation and the notices.
    pub fn name(&self) -> String {
        match self {
            Self::Object(_, object) => object.to_string(),
            Self::File(_, text) | Self::Worktree(text) | Self::Commit(_, text) => text.clone(),
            Self::Environment(_) => "the whole environment".to_owned(),
        }
    }
}

/// Holds what a screen offers to commands.
#[derive(Debug, Clone, Copy)]
pub struct OfferedTargets<'a> {
    /// The marks of the panel with the focus, else its selection.
    pub marked: &'a [CommandTarget],
    /// The selection.
    pub selected: &'a [CommandTarget],
    /// What the whole screen is about, if that is a target.
    pub subject: &'a [CommandTarget],
}

/// Asks the user for a text before a command runs.
#[derive(Debug, Clone, Copy)]
pub struct CommandQuestion {
    /// The name, also of the headless flag, such as `reason`.
    pub id: &'static str,
    /// The text of the question.
    pub label: &'static str,
    /// Whether an empty answer is valid.
    pub optional: bool,
    /// The check of an answer that is not empty; `None` accepts every answer.
    pub check: Option<fn(&str, Timestamp) -> Option<Fault>>,
}

impl CommandQuestion {
    /// Returns the fault of an answer.
    pub fn fault(&self, answer: &str, now: Timestamp) -> Option<Fault> {
        self.check.filter(|_| !answer.is_empty()).and_then(|check| check(answer, now))
    }
}

/// Holds the input of a command: the target, the answers, the facts.
pub struct Ask<'a> {
    /// The facts.
    pub facts: &'a Facts,
    /// The targets; empty for commands that need none.
    pub targets: &'a [CommandTarget],
    /// The answers to the command's questions and the flags of its headless twin, by id.
    pub answers: &'a [(String, String)],
    /// The time.
    pub now: Timestamp,
    /// The guard's permit; only a command that the guard has judged has one.
    pub permit: Option<Permit>,
}

impl Ask<'_> {
    /// Returns the first target's object and environment.
    pub fn object(&self) -> Option<(Env, &ObjectRef)> {
        self.objects().next()
    }

    /// Iterates over the objects among the targets.
    pub fn objects(&self) -> impl Iterator<Item = (Env, &ObjectRef)> {
        self.targets.iter().filter_map(|target| match target {
            CommandTarget::Object(env, object) => Some((*env, object)),
            _ => None,
        })
    }

    /// Returns the environment in which a new screen begins: that of the selection, else the one on the screen.
    pub fn env(&self) -> Env {
        self.targets.iter().find_map(CommandTarget::env).unwrap_or(self.facts.here)
    }

    /// Returns an answer; `None` if it is missing or empty.
    pub fn answer(&self, id: &str) -> Option<&str> {
        self.answers
            .iter()
            .find(|(known, _)| known == id)
            .map(|(_, text)| text.as_str())
            .filter(|text| !text.is_empty())
    }

    /// Tells whether a flag is set.
    pub fn flag(&self, id: &str) -> bool {
        self.answer(id) == Some("true")
    }

    /// Returns the kube context of an environment for lessons; the environment's name if it has none.
    pub fn context(&self, env: Env) -> &str {
        self.facts.context(env)
    }
}

/// Declares a command of the user.
pub struct Command {
    /// The name in the palette's search, in configuration and in the journal, such as `reconcile`.
    pub id: &'static str,
    /// Its effect, in a few words.
    pub title: &'static str,
    /// Its keys; empty if only the palette reaches it.
    pub keys: &'static [&'static str],
    /// The place where the keys work.
    pub scope: KeyScope,
    /// Its effect on the world.
    pub risk: Risk,
    /// The questions that it asks first.
    pub questions: &'static [CommandQuestion],
    /// Its lesson: the exact line, the reason, the expected result, the documentation.
    pub lesson: fn(&Ask<'_>) -> Lesson,
    /// Runs it: returns the actions of the app and the outside.
    pub run: fn(&Ask<'_>) -> Vec<Action>,
}

impl Command {
    /// Tells whether the command can act on these targets in a view.
    pub fn applies(&self, view: &str, targets: &[CommandTarget]) -> bool {
        match self.scope {
            KeyScope::Everywhere | KeyScope::While(_) => true,
            KeyScope::View(id) => id == view,
            // One that only opens a screen begins in the environment that has the focus where the selection has none.
            KeyScope::Environment => {
                self.risk == Risk::Reads && !targets.is_empty() || targets.iter().any(|target| target.env().is_some())
            }
            KeyScope::Object(agrees) => {
                !targets.is_empty() && targets.iter().all(|target| target.object().is_some_and(agrees))
            }
            KeyScope::File(agrees) => {
                !targets.is_empty()
                    && targets.iter().all(|target| matches!(target, CommandTarget::File(_, path) if agrees(path)))
            }
        }
    }
}

impl Command {
    /// Tells whether the command acts on all marked objects; one that opens something opens the selection.
    pub fn takes_marks(&self) -> bool {
        self.risk > Risk::Reads || matches!(self.id, "copy" | "help" | "palette" | "reconcile-owner")
    }

    /// Chooses its targets among the marks, the selection, and what the whole screen is about: that is taken where it can
    /// do nothing with the others.
    pub fn targets_among<'a>(&self, view: &str, offered: &OfferedTargets<'a>) -> &'a [CommandTarget] {
        let targets = if self.takes_marks() { offered.marked } else { offered.selected };
        if self.applies(view, targets) || !self.applies(view, offered.subject) { targets } else { offered.subject }
    }

    /// Tells whether this view is the only scope of the command.
    pub fn scope_is(&self, view: &str) -> bool {
        matches!(self.scope, KeyScope::View(id) if id == view)
    }
}

impl std::fmt::Debug for Command {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Command({})", self.id)
    }
}
