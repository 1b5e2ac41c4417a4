//! The statuses that the controllers of workloads write.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{MANAGER, is_leaving, owned, replica_set};
use crate::model::ObjectRef;
use crate::sim::flux::conditions;
use crate::sim::json::{self, list, number, set, text};
use crate::sim::world::SimulatedCluster;

/// Counts the pods of the workload that a pod belongs to.
pub(super) fn count_owners(world: &mut SimulatedCluster, pod: &Value) {
    for owner in list(pod, "/metadata/ownerReferences") {
        let namespace = text(pod, "/metadata/namespace");
        let parent = ObjectRef::new(text(owner, "/kind"), "apps", namespace, text(owner, "/name"));
        match world.store.get(&parent).cloned() {
            Some(set) if parent.kind == "ReplicaSet" => count_owners(world, &set),
            Some(_) => count(world, &parent),
            None => {}
        }
    }
}

/// The numbers of a workload's pods, without those that are being deleted.
#[derive(Default)]
struct Pods {
    all: i64,
    updated: i64,
    ready: i64,
    /// The ready ones of the newest template.
    settled: i64,
}

/// Writes the status of a `Deployment` or `DaemonSet` from its pods. A rolling update deletes the old pods once the new
/// ones are ready.
pub(super) fn count(world: &mut SimulatedCluster, key: &ObjectRef) {
    let Some(owner) = world.store.get(key).cloned() else { return };
    if key.kind == "DaemonSet" {
        let pods = tally(world, std::slice::from_ref(key), key);
        world.update(key, MANAGER, |object| {
            let status = json!({
                "observedGeneration": number(object, "/metadata/generation"),
                "currentNumberScheduled": pods.all,
                "desiredNumberScheduled": pods.all,
                "numberAvailable": pods.ready,
                "numberMisscheduled": 0,
                "numberReady": pods.ready,
                "updatedNumberScheduled": pods.all,
            });
            set(object, &["status"], status);
        });
        return;
    }
    let current = replica_set(world, &owner);
    let mut sets = owned(world, "ReplicaSet", &owner);
    let wanted = number(&owner, "/spec/replicas");
    if tally(world, &sets, &current).settled >= wanted {
        for old in sets.iter().filter(|set| **set != current) {
            world.delete(old);
        }
        sets.retain(|set| *set == current);
    }
    let pods = tally(world, &sets, &current);
    let since = world.store.get(&current).map(|set| text(set, "/metadata/creationTimestamp").to_owned());
    let now = world.now();
    world.update(key, MANAGER, |object| {
        let generation = number(object, "/metadata/generation");
        set(object, &["status", "observedGeneration"], generation);
        for (field, value) in [
            ("replicas", pods.all),
            ("updatedReplicas", pods.updated),
            ("readyReplicas", pods.ready),
            ("availableReplicas", pods.ready),
            ("unavailableReplicas", (wanted.max(pods.all) - pods.ready).max(0)),
        ] {
            // The API server omits zero.
            if value == 0 {
                json::remove(object, &["status", field]);
            } else {
                set(object, &["status", field], value);
            }
        }
        let (status, reason, message) = if pods.ready >= wanted {
            ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
        } else {
            ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
        };
        mark(object, "Available", status, reason, message, now);
        let name = format!("ReplicaSet \"{}\"", current.name);
        let complete = pods.updated == wanted && pods.all == wanted && pods.ready >= wanted;
        let done = format!("{name} has successfully progressed.");
        let was_done = conditions::get(object, "Progressing").is_some_and(|one| text(one, "/message") == done);
        if complete || was_done {
            mark(object, "Progressing", "True", "NewReplicaSetAvailable", &done, now);
        } else if since.is_some_and(|since| is_late(object, &since, now)) {
            let message = format!("{name} has timed out progressing.");
            mark(object, "Progressing", "False", "ProgressDeadlineExceeded", &message, now);
        } else {
            mark(object, "Progressing", "True", "ReplicaSetUpdated", &format!("{name} is progressing."), now);
        }
    });
}

/// Tells whether a roll-out takes longer than its deadline.
fn is_late(deployment: &Value, since: &str, now: Timestamp) -> bool {
    let deadline = match number(deployment, "/spec/progressDeadlineSeconds") {
        0 => 600,
        seconds => seconds,
    };
    since.parse::<Timestamp>().is_ok_and(|since| now.duration_since(since) > SignedDuration::from_secs(deadline))
}

fn tally(world: &SimulatedCluster, parents: &[ObjectRef], current: &ObjectRef) -> Pods {
    let mut pods = Pods::default();
    for parent in parents {
        let Some(set) = world.store.get(parent) else { continue };
        for pod in owned(world, "Pod", set) {
            let Some(pod) = world.store.get(&pod).filter(|pod| !is_leaving(pod)) else { continue };
            let ready = i64::from(conditions::is(pod, "Ready", "True"));
            let updated = i64::from(parent == current);
            pods.all += 1;
            pods.ready += ready;
            pods.updated += updated;
            pods.settled += ready * updated;
        }
    }
    pods
}

/// Sets a condition as the deployment controller does: the transition is a change of the status alone, and an update
/// has a time of its own.
fn mark(object: &mut Value, kind: &str, status: &str, reason: &str, message: &str, now: Timestamp) {
    let mut all = list(object, "/status/conditions").to_vec();
    let old = all.iter().find(|one| text(one, "/type") == kind).cloned().unwrap_or_default();
    let now = json::stamp(now);
    let same = text(&old, "/status") == status;
    let unchanged = same && text(&old, "/reason") == reason && text(&old, "/message") == message;
    if unchanged {
        return;
    }
    let since = if same { text(&old, "/lastTransitionTime") } else { now.as_str() };
    all.retain(|one| text(one, "/type") != kind);
    all.push(json!({
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": since,
        "lastUpdateTime": now,
    }));
    set(object, &["status", "conditions"], all);
}
