//! Commands: what the operator can ask for. Keys, palette, help, lessons and the headless twins are all made from these.

use jiff::Timestamp;

use super::action::Action;
use super::facts::Facts;
use super::guard::Permit;
use crate::model::{Env, Fault, Lesson, ObjectRef};

/// Says what a command can do to the world; the guard acts on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Risk {
    /// It looks.
    Reads,
    /// It changes something that can be changed back.
    Writes,
    /// It destroys something.
    Destroys,
}

/// Says where a command's keys work.
#[derive(Debug, Clone, Copy)]
pub enum KeyScope {
    /// Wherever no view takes the key.
    Everywhere,
    /// Where an object of a cluster is selected, and the function agrees with it.
    Object(fn(&ObjectRef) -> bool),
    /// Where a file of the repository is selected, and the function agrees with its path.
    File(fn(&str) -> bool),
    /// Where anything that belongs to one environment is selected.
    Environment,
    /// In the view with this id.
    View(&'static str),
}

impl KeyScope {
    /// Tells whether the keys work whatever kind of thing is selected.
    pub fn is_general(self) -> bool {
        matches!(self, Self::Everywhere | Self::Environment)
    }
}

/// Names what a command acts on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandTarget {
    /// An object of an environment's cluster.
    Object(Env, ObjectRef),
    /// A file of the repository, and the environment that it belongs to, where it belongs to one.
    File(Option<Env>, String),
    /// A whole environment.
    Environment(Env),
    /// What only the operator's own working tree and index hold, as a path below its root or a word; no cluster is the nearer to it.
    Worktree(String),
}

impl CommandTarget {
    /// Returns the environment that the target belongs to.
    pub fn env(&self) -> Option<Env> {
        match self {
            Self::Object(env, _) | Self::Environment(env) => Some(*env),
            Self::File(env, _) => *env,
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

    /// Returns what the guard's confirmation and the notices call the target.
    pub fn name(&self) -> String {
        match self {
            Self::Object(_, object) => object.to_string(),
            Self::File(_, path) | Self::Worktree(path) => path.clone(),
            Self::Environment(_) => "the whole environment".to_owned(),
        }
    }
}

/// Asks the operator for a text before a command runs.
#[derive(Debug, Clone, Copy)]
pub struct CommandQuestion {
    /// The name that the headless flag has too, such as `reason`.
    pub id: &'static str,
    /// What is asked.
    pub label: &'static str,
    /// Whether an empty answer will do.
    pub optional: bool,
    /// Says what is wrong with an answer that is not empty; `None` takes every one.
    pub check: Option<fn(&str, Timestamp) -> Option<Fault>>,
}

impl CommandQuestion {
    /// Says what is wrong with an answer.
    pub fn fault(&self, answer: &str, now: Timestamp) -> Option<Fault> {
        self.check.filter(|_| !answer.is_empty()).and_then(|check| check(answer, now))
    }
}

/// Holds what a command may know when it is asked: the target, the answers, the facts.
pub struct Ask<'a> {
    /// What is known.
    pub facts: &'a Facts,
    /// What the command acts on; empty for commands that need no target.
    pub targets: &'a [CommandTarget],
    /// The answers to the command's questions and the flags of its headless twin, by id.
    pub answers: &'a [(String, String)],
    /// The time.
    pub now: Timestamp,
    /// The guard's leave; only a command whose risk the guard has judged gets one.
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

    /// Returns the environment in which a screen that is opened begins: that of what is selected, else the one that is looked at.
    pub fn env(&self) -> Env {
        self.targets.iter().find_map(CommandTarget::env).unwrap_or(self.facts.here)
    }

    /// Returns an answer; `None` when it was not given or is empty.
    pub fn answer(&self, id: &str) -> Option<&str> {
        self.answers
            .iter()
            .find(|(known, _)| known == id)
            .map(|(_, text)| text.as_str())
            .filter(|text| !text.is_empty())
    }

    /// Tells whether a flag was given.
    pub fn flag(&self, id: &str) -> bool {
        self.answer(id) == Some("true")
    }

    /// Returns the kube context of an environment, as it stands in lessons; the environment's name where there is none.
    pub fn context(&self, env: Env) -> &str {
        self.facts.context(env)
    }
}

/// Declares something that the operator can ask for.
pub struct Command {
    /// The name in the palette's search, in configuration and in the journal, such as `reconcile`.
    pub id: &'static str,
    /// What it does, in a few words.
    pub title: &'static str,
    /// Its keys; empty where it is reached from the palette only.
    pub keys: &'static [&'static str],
    /// Where the keys work.
    pub scope: KeyScope,
    /// What it can do to the world.
    pub risk: Risk,
    /// What must be asked first.
    pub questions: &'static [CommandQuestion],
    /// Teaches it: the exact line, why, what to look for, where it is documented.
    pub lesson: fn(&Ask<'_>) -> Lesson,
    /// Does it: returns what the app and the outside are to do.
    pub run: fn(&Ask<'_>) -> Vec<Action>,
}

impl Command {
    /// Tells whether the command can act on these targets in a view.
    pub fn applies(&self, view: &str, targets: &[CommandTarget]) -> bool {
        match self.scope {
            KeyScope::Everywhere => true,
            KeyScope::View(id) => id == view,
            KeyScope::Environment => targets.iter().any(|target| target.env().is_some()),
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
    /// Tells whether the command acts on all that is marked; one that opens something opens what is selected.
    pub fn takes_marks(&self) -> bool {
        self.risk > Risk::Reads || matches!(self.id, "copy" | "palette" | "reconcile-owner")
    }

    /// Tells whether the command belongs to one view, and to this one.
    pub fn scope_is(&self, view: &str) -> bool {
        matches!(self.scope, KeyScope::View(id) if id == view)
    }
}

impl std::fmt::Debug for Command {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Command({})", self.id)
    }
}
