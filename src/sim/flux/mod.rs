//! A small model of Flux' controllers: their queue here, one file for each of them, and their common parts.
//!
//! Every message, reason and order of steps comes from the sources of source-controller 1.7.3, kustomize-controller
//! 1.7.3 and helm-controller 1.4.3, and is compared with recordings of the real ones (tests/recordings).

pub(crate) mod conditions;
pub(crate) mod helm_release;
pub(crate) mod kustomization;
pub(crate) mod leave;
pub(crate) mod report;
pub(crate) mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;

use super::agenda::{Due, Job};
use super::json::{list, number, set, text};
use super::kinds::{self, HELM, KUSTOMIZE, SOURCE};
use super::store::{Happened, StoreEvent};
use super::world::SimulatedCluster;
use crate::model::ObjectRef;

/// The annotation that requests a reconciliation now.
pub(crate) const REQUESTED_AT: &str = "/metadata/annotations/reconcile.fluxcd.io~1requestedAt";
/// The finalizer of Flux' controllers, until they have cleaned up.
pub(crate) const FINALIZER: &str = "finalizers.fluxcd.io";
/// The time of an object in a queue before a worker takes it.
const PICK_UP: Duration = Duration::from_millis(5);
/// The delay before a dependency that is not ready is checked again: the controllers' `--requeue-dependency`.
pub(crate) const DEPENDENCY_RETRY: Duration = Duration::from_secs(30);

/// Holds the controllers' waiting, running and scheduled work.
#[derive(Default)]
pub(crate) struct Queue {
    /// Reconciliations in progress.
    runs: BTreeMap<ObjectRef, Run>,
    /// Objects that wait for a worker.
    waiting: BTreeSet<ObjectRef>,
    /// Objects that changed during their reconciliation: they are queued again right after.
    dirty: BTreeSet<ObjectRef>,
    /// The number of failed fetches of a source in a row.
    failures: BTreeMap<ObjectRef, u32>,
    /// The times of the next reconciliations.
    again: BTreeMap<ObjectRef, Due>,
}

/// One reconciliation in progress.
enum Run {
    Source(Box<source::SourceRun>),
    Kustomization(Box<kustomization::KustomizationRun>),
    HelmRelease(Box<helm_release::HelmReleaseRun>),
}

/// Tells how a reconciliation continues.
pub(crate) enum NextRun {
    /// It makes its next step after a delay.
    Step(Duration),
    /// It is over; the object is reconciled again after a delay, if there is one.
    Over(Option<Duration>),
}

/// Tells whether one of the simulated controllers reconciles an object.
pub(crate) fn is_reconciled(key: &ObjectRef) -> bool {
    matches!(
        (key.group.as_str(), key.kind.as_str()),
        (SOURCE, "GitRepository" | "HelmRepository" | "HelmChart") | (KUSTOMIZE | HELM, _)
    )
}

/// Passes a change to the controllers: they act on new objects, new generations, new requests and new artifacts.
pub(crate) fn observe(world: &mut SimulatedCluster, change: &StoreEvent) {
    // While the past is played, there is nothing to do about it.
    if !is_reconciled(&change.key) || world.as_of.is_some() {
        return;
    }
    if change.happened == Happened::Deleted {
        world.queue.waiting.remove(&change.key);
        if let Some(due) = world.queue.again.remove(&change.key) {
            world.agenda.cancel(due);
        }
        return;
    }
    let old = change.before.as_deref();
    let differs = |pointer: &str| old.is_none_or(|old| old.pointer(pointer) != change.object.pointer(pointer));
    let is_leaving =
        differs("/metadata/deletionTimestamp") && change.object.pointer("/metadata/deletionTimestamp").is_some();
    if is_leaving
        || differs("/metadata/generation")
        || (change.object.pointer(REQUESTED_AT).is_some() && differs(REQUESTED_AT))
    {
        enqueue(world, change.key.clone(), PICK_UP);
    }
    if change.key.group == SOURCE
        && change.object.pointer("/status/artifact/revision").is_some()
        && differs("/status/artifact/revision")
    {
        for dependant in dependants(world, &change.key, text(&change.object, "/status/artifact/revision")) {
            enqueue(world, dependant, PICK_UP);
        }
    }
}

/// Puts an object into its controller's queue.
pub(crate) fn enqueue(world: &mut SimulatedCluster, key: ObjectRef, wait: Duration) {
    if world.queue.runs.contains_key(&key) {
        world.queue.dirty.insert(key);
    } else if world.queue.waiting.insert(key.clone()) {
        if let Some(due) = world.queue.again.remove(&key) {
            world.agenda.cancel(due);
        }
        world.agenda.after(wait, Job::Reconcile(key));
    }
}

/// Schedules the next reconciliation of an object after a delay, instead of any earlier schedule.
pub(crate) fn again(world: &mut SimulatedCluster, key: &ObjectRef, wait: Duration) {
    let due = world.agenda.after(wait, Job::Reconcile(key.clone()));
    if let Some(earlier) = world.queue.again.insert(key.clone(), due) {
        world.agenda.cancel(earlier);
    }
}

/// Counts a failure that is retried sooner than the interval, and returns the delay: doubled each time, from 750 ms to
/// 15 minutes.
pub(crate) fn back_off(world: &mut SimulatedCluster, key: &ObjectRef) -> Duration {
    let count = world.queue.failures.entry(key.clone()).or_default();
    *count += 1;
    Duration::from_millis(750).saturating_mul(2_u32.saturating_pow(*count - 1)).min(Duration::from_mins(15))
}

/// Forgets the failures of an object.
pub(crate) fn forgive(world: &mut SimulatedCluster, key: &ObjectRef) {
    world.queue.failures.remove(key);
}

/// Begins to reconcile an object.
pub(crate) fn begin(world: &mut SimulatedCluster, key: &ObjectRef) {
    world.queue.waiting.remove(key);
    if let Some(due) = world.queue.again.remove(key) {
        world.agenda.cancel(due);
    }
    if world.queue.runs.contains_key(key) {
        world.queue.dirty.insert(key.clone());
        return;
    }
    let Some(object) = world.store.get(key).map(|object| Value::clone(object)) else { return };
    if object.pointer("/metadata/deletionTimestamp").is_some() {
        leave::leave(world, key, &object);
        return;
    }
    let run = match key.group.as_str() {
        SOURCE => Run::Source(Box::new(source::SourceRun::new(object))),
        KUSTOMIZE => Run::Kustomization(Box::new(kustomization::KustomizationRun::new(object))),
        _ => Run::HelmRelease(Box::new(helm_release::HelmReleaseRun::new(object))),
    };
    world.queue.runs.insert(key.clone(), run);
    go_on(world, key);
}

/// Makes the next step of a reconciliation in progress.
pub(crate) fn go_on(world: &mut SimulatedCluster, key: &ObjectRef) {
    let Some(mut run) = world.queue.runs.remove(key) else { return };
    if world.store.get(key).is_none() {
        world.queue.dirty.remove(key);
        return;
    }
    let next = match &mut run {
        Run::Source(run) => run.step(world),
        Run::Kustomization(run) => run.step(world),
        Run::HelmRelease(run) => run.step(world),
    };
    match next {
        NextRun::Step(wait) => {
            world.queue.runs.insert(key.clone(), run);
            world.agenda.after(wait, Job::Continue(key.clone()));
        }
        NextRun::Over(wait) => {
            if world.queue.dirty.remove(key) {
                enqueue(world, key.clone(), PICK_UP);
            } else if let Some(wait) = wait {
                again(world, key, wait);
            }
        }
    }
}

/// Returns the objects that depend on a new artifact of a source.
fn dependants(world: &SimulatedCluster, source: &ObjectRef, revision: &str) -> Vec<ObjectRef> {
    let kinds: &[(&str, &str)] = match source.kind.as_str() {
        "HelmRepository" => &[(SOURCE, "HelmChart")],
        "HelmChart" => &[(HELM, "HelmRelease")],
        _ => &[(KUSTOMIZE, "Kustomization"), (SOURCE, "HelmChart")],
    };
    let mut found = Vec::new();
    for served in kinds.iter().filter_map(|(group, kind)| kinds::by_kind(group, kind)) {
        for (key, object) in world.store.list(served, "") {
            let follows = match served.kind {
                "HelmRelease" => text(object, "/status/helmChart") == format!("{}/{}", source.namespace, source.name),
                _ => source_of(object) == *source,
            };
            let up_to_date = served.kind == "Kustomization"
                && conditions::is(object, "Ready", "True")
                && text(object, "/status/lastAttemptedRevision") == revision;
            if follows && !up_to_date {
                found.push(key.clone());
            }
        }
    }
    found
}

/// Names the source of an object's `spec.sourceRef`.
pub(crate) fn source_of(object: &Value) -> ObjectRef {
    let namespace = match text(object, "/spec/sourceRef/namespace") {
        "" => text(object, "/metadata/namespace"),
        named => named,
    };
    ObjectRef::new(text(object, "/spec/sourceRef/kind"), SOURCE, namespace, text(object, "/spec/sourceRef/name"))
}

/// Reads a duration of a spec, in Go's form.
pub(crate) fn duration(object: &Value, pointer: &str) -> Option<Duration> {
    crate::model::clock::go_duration(text(object, pointer)).filter(|duration| !duration.is_zero())
}

/// Returns an object's interval.
pub(crate) fn interval(object: &Value) -> Duration {
    duration(object, "/spec/interval").unwrap_or(Duration::from_mins(10))
}

/// Records in the status the request of the object at the begin of the reconciliation.
pub(crate) fn handle_request(object: &mut Value) {
    if let Some(token) = object.pointer(REQUESTED_AT).cloned() {
        set(object, &["status", "lastHandledReconcileAt"], token);
    }
}

/// Records that the status is now about the newest generation.
pub(crate) fn observe_generation(object: &mut Value) {
    let generation = number(object, "/metadata/generation");
    set(object, &["status", "observedGeneration"], generation);
}

/// Iterates over `spec.dependsOn`, namespaces filled in.
pub(crate) fn depends_on(object: &Value) -> Vec<ObjectRef> {
    let own = super::json::reference(object);
    list(object, "/spec/dependsOn")
        .iter()
        .map(|dependency| {
            let namespace = match text(dependency, "/namespace") {
                "" => own.namespace.as_str(),
                named => named,
            };
            ObjectRef::new(&own.kind, &own.group, namespace, text(dependency, "/name"))
        })
        .collect()
}
