//! What a walk stands on: the live facts, the repository, and the root causes.

use serde_json::Value;

use super::step::{StepVerdict, WalkCheck};
use crate::doctor::{Diagnosis, LiveGraph, LiveObject, Lookup};
use crate::model::clock::age;
pub(super) use crate::model::text::some_of;
use crate::model::{Fault, ObjectRef, Row, State};
use crate::repo::{FluxKustomization, RepoEnvironment, Snapshot};

/// Holds what was read of an environment and its repository.
#[derive(Debug, Clone, Copy)]
pub struct WalkGround<'a> {
    /// The live facts.
    pub graph: &'a LiveGraph,
    /// The repository, where there is one.
    pub repository: Option<&'a Snapshot>,
    /// The root causes, the worst first.
    pub roots: &'a [Diagnosis],
    /// The object that was asked about.
    pub asked: Option<&'a ObjectRef>,
    /// The reason that the cluster does not answer, if it does not.
    pub fault: Option<&'a Fault>,
}

impl<'a> WalkGround<'a> {
    /// Lists the objects of a kind; a kind that the server does not serve has none.
    pub(super) fn all(&self, group: &str, kind: &str) -> Result<Vec<LiveObject<'a>>, WalkCheck> {
        self.answers()?;
        match self.graph.is_served(group, kind) {
            Some(_) => Ok(self.graph.all(group, kind).collect()),
            None => Err(WalkCheck::unknown(format!("the server does not let this be read: {kind}"))),
        }
    }

    /// Lists the objects of a kind without asking whether they may be read.
    pub(super) fn some(&self, group: &str, kind: &str) -> Vec<LiveObject<'a>> {
        self.graph.all(group, kind).collect()
    }

    /// Looks an object up.
    pub(super) fn found(&self, object: &ObjectRef) -> Result<LiveObject<'a>, WalkCheck> {
        self.answers()?;
        match self.graph.get(object) {
            Lookup::Found(live) => Ok(live),
            Lookup::Absent => Err(WalkCheck::not_yet(format!("{} is not there", object.told()))),
            Lookup::Unknown => {
                Err(WalkCheck::unknown(format!("the server does not let this be read: {}", object.told())))
            }
        }
    }

    /// Says that the cluster answers.
    pub(super) fn answers(&self) -> Result<(), WalkCheck> {
        match self.fault {
            Some(fault) => Err(WalkCheck::unknown(format!("the cluster does not answer: {}", fault.why))),
            None => Ok(()),
        }
    }

    /// Returns the repository.
    pub(super) fn repository(&self) -> Result<&'a Snapshot, WalkCheck> {
        self.repository.ok_or_else(|| WalkCheck::unknown("no repository is open: start fluxdeck in it, or with --repo"))
    }

    /// Finds the environment in the repository.
    pub(super) fn environment(&self) -> Option<&'a RepoEnvironment> {
        self.repository?.environments.iter().find(|known| known.name == self.graph.env)
    }

    /// Lists the environment's Kustomizations in the repository.
    pub(super) fn declared(&self) -> Vec<&'a FluxKustomization> {
        self.repository.map(|known| known.kustomizations_of(&self.graph.env).collect()).unwrap_or_default()
    }

    /// Returns the row of an object.
    pub(super) fn row(&self, object: &ObjectRef) -> Option<&'a Row> {
        self.graph.row(object)
    }

    /// Says that an object is there and ready.
    pub(super) fn ready(&self, object: &ObjectRef) -> StepVerdict {
        self.found(object)?;
        let Some(row) = self.row(object) else {
            return Err(WalkCheck::unknown(format!("nothing judges {}", object.told())));
        };
        match row.state {
            State::Ready => {
                let revision = row.flux.as_ref().map(|flux| crate::kinds::short_revision(&flux.revision));
                let at = revision.filter(|one| !one.is_empty()).map(|one| format!(" at {one}")).unwrap_or_default();
                Ok(format!("{} is ready{at}", object.told()))
            }
            state => Err(WalkCheck::not_yet(format!("{} is {}{}", object.told(), state.word(), said(row)))),
        }
    }

    /// Says that all objects of a kind are ready.
    pub(super) fn all_ready(&self, group: &str, kind: &str, plural: &str) -> StepVerdict {
        let all = self.all(group, kind)?;
        let open: Vec<&LiveObject<'_>> =
            all.iter().filter(|live| self.graph.state(live.object) != State::Ready).collect();
        if all.is_empty() {
            return Err(WalkCheck::not_yet(format!("there are no {plural}")));
        }
        if open.is_empty() {
            return Ok(format!("all {plural} are ready: {}", all.len()));
        }
        let told = open.iter().map(|live| {
            let said = self.row(live.object).map(said).unwrap_or_default();
            format!("{} is {}{said}", live.object.told(), self.graph.state(live.object).word())
        });
        Err(WalkCheck::not_yet(some_of(told, "; ")))
    }

    /// Finds the object that a walk is about: the one that was asked about, else the first that a root cause holds or
    /// is, else the first that is not ready, else the first.
    pub(super) fn subject(&self, group: &str, kind: &str) -> Option<LiveObject<'a>> {
        let all = self.some(group, kind);
        if let Some(asked) = self.asked.filter(|asked| asked.kind == kind) {
            return all.into_iter().find(|live| asked.means(live.object));
        }
        let is_own = |live: &&LiveObject<'a>| self.roots.iter().any(|root| root.object == *live.object);
        let is_held = |live: &&LiveObject<'a>| self.graph.state(live.object) == State::Failed;
        let is_open = |live: &&LiveObject<'a>| !matches!(self.graph.state(live.object), State::Ready | State::Unknown);
        let found = all.iter().find(is_own).or_else(|| all.iter().find(is_held)).or_else(|| all.iter().find(is_open));
        found.or_else(|| all.first()).copied()
    }

    /// Says which object a walk is about: its state where it is not ready, else whether it was asked about or stands for
    /// all, none of which is at fault.
    pub(super) fn about(&self, object: &ObjectRef, is_well: bool, none: &str) -> String {
        match (is_well, self.asked) {
            (false, _) => format!("it is {}", object.told()),
            (true, Some(_)) => format!("{} was asked about, and is well", object.told()),
            (true, None) => format!("{none}; {} stands for them", object.told()),
        }
    }

    /// Finds the root cause of an object's fault: its own, or one that holds it back.
    pub(super) fn root_of(&self, object: &ObjectRef) -> Option<&'a Diagnosis> {
        let own = self.roots.iter().find(|root| root.object == *object);
        own.or_else(|| self.roots.iter().find(|root| root.blocks.contains(object)))
    }

    /// Writes how long ago something was.
    pub(super) fn ago(&self, live: &LiveObject<'_>, pointer: &str) -> Option<String> {
        live.time(pointer).map(|at| age(self.graph.now, at))
    }
}

/// Writes what a controller says, after a colon.
pub(super) fn said(row: &Row) -> String {
    match row.message.lines().next().unwrap_or_default() {
        "" => String::new(),
        message => format!(": {message}"),
    }
}

/// Returns a condition's status and what it says.
pub(super) fn condition<'a>(live: &LiveObject<'a>, kind: &str) -> Option<(&'a str, &'a str)> {
    let found = live.items("/status/conditions").iter().find(|one| word(one, "type") == kind)?;
    let message = word(found, "message");
    Some((word(found, "status"), if message.is_empty() { word(found, "reason") } else { message }))
}

/// Returns a text of a value.
pub(super) fn word<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}
