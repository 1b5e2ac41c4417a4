//! Guided walks: work of several steps on a real environment, each step explained, checked, and done by the operator.
//!
//! A walk is a pure function from what was read of an environment and its repository to [`WalkStep`]s. Nothing runs from
//! here: a step has lines to type, and may name the command of the cockpit that does the same.

mod ground;
mod shared;
mod step;

use std::sync::Arc;

use serde::Serialize;

pub use ground::WalkGround;
pub use step::{WalkCheck, WalkStep};

use crate::cluster::Cluster;
use crate::doctor::{LiveGraph, gather, roots};
use crate::model::{Clock, Fault, FaultKind, ObjectRef};
use crate::repo::Snapshot;

/// Declares the walks, one file each: their modules, and the list. `.ci/format` formats it.
macro_rules! walks {
    ($($name:ident),* $(,)?) => {
        $(mod $name;)*

        /// The walks, in the order of the list.
        static WALKS: &[Walk] = &[$($name::WALK),*];
    };
}

walks! {
    bootstrap,
    decryption_key,
    failed_reconcile,
    stuck_release,
    certificate,
    degraded_volume,
    restore_postgres,
    rebuild,
}

/// Describes a walk.
#[derive(Debug)]
pub struct Walk {
    /// The name, as in `fluxdeck walk NAME`: `decryption-key`.
    pub id: &'static str,
    /// The work, in a few words.
    pub title: &'static str,
    /// When it is needed, in one sentence.
    pub about: &'static str,
    /// The kind that it is about, as its group and its name; `None` if it is about the environment.
    pub kind: Option<(&'static str, &'static str)>,
    /// Makes its steps from what was read.
    steps: fn(&WalkGround<'_>) -> Vec<WalkStep>,
}

impl Walk {
    /// Tells whether the walk can be about an object.
    pub fn takes(&self, object: &ObjectRef) -> bool {
        self.kind.is_some_and(|(group, kind)| object.kind == kind && (object.group == group || object.is_open()))
    }
}

/// Iterates over the walks.
pub fn all() -> impl Iterator<Item = &'static Walk> {
    WALKS.iter()
}

/// Finds a walk by its name.
///
/// # Errors
/// Fails if there is none of that name.
pub fn named(id: &str) -> Result<&'static Walk, Fault> {
    all().find(|walk| walk.id == id).ok_or_else(|| {
        let known: Vec<&str> = all().map(|walk| walk.id).collect();
        let todo = format!("choose one of {}", known.join(", "));
        Fault::new(FaultKind::Usage, format!("there is no walk {id}"), "none has that name", todo)
    })
}

/// Holds a walk as far as it has come in an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WalkProgress {
    /// The name of the walk.
    pub walk: &'static str,
    /// The environment.
    pub env: String,
    /// Its steps, in their order.
    pub steps: Vec<WalkStep>,
    /// What could not be read, each with the reason.
    pub unread: Vec<String>,
}

impl WalkProgress {
    /// Finds the first step that is not done.
    pub fn next(&self) -> Option<usize> {
        self.steps.iter().position(|step| !step.check.is_done())
    }
}

/// Holds what a walk is about.
#[derive(Debug, Clone, Default)]
pub struct WalkSubject {
    /// The repository, where there is one.
    pub repository: Option<Arc<Snapshot>>,
    /// The object that was asked about.
    pub object: Option<ObjectRef>,
}

/// Verifies the steps of a walk in an environment. It only reads. A cluster that does not answer is a state of its
/// steps: some walks begin there.
///
/// # Errors
/// Fails when the cluster's answers break off for a reason other than that it does not answer.
pub async fn follow(
    walk: &Walk,
    cluster: &Cluster,
    context: &str,
    clock: &Clock,
    subject: &WalkSubject,
) -> Result<WalkProgress, Fault> {
    let repository = subject.repository.as_deref();
    let steps = |graph: &LiveGraph, fault: Option<&Fault>| {
        let roots = roots(graph);
        let asked = subject.object.as_ref();
        (walk.steps)(&WalkGround { graph, repository, roots: &roots, asked, fault })
    };
    let progress = |steps, unread| WalkProgress { walk: walk.id, env: cluster.name.clone(), steps, unread };
    match gather(cluster, context, clock, |graph| steps(graph, None)).await {
        Ok(gathered) => Ok(progress(gathered.found, gathered.unread)),
        Err(fault) if fault.kind == FaultKind::Unreachable => {
            let graph = LiveGraph::new(&cluster.name, context, cluster.server_now(clock));
            let steps = steps(&graph, Some(&fault));
            Ok(progress(steps, vec![format!("{}: {}; {}", fault.what, fault.why, fault.todo)]))
        }
        Err(fault) => Err(fault),
    }
}
