//! The controllers of pods: a `Deployment` creates a `ReplicaSet` and that its pods, a `DaemonSet` creates a pod on
//! every node; and the pods' logs.

mod crash;
mod health;
mod kubelet;
mod node;
mod pull;
mod status;
mod volume;

use std::time::Duration;

use serde_json::{Value, json};

use super::agenda::Job;
use super::fields::Writer;
use super::flux::report::event_from;
use super::json::{self, list, number, part, set, sha256, suffix, text};
use super::kinds;
use super::store::StoreEvent;
use super::world::SimulatedCluster;
use crate::model::ObjectRef;
pub(crate) use health::{health, initial_status};
pub(crate) use kubelet::{speak, start};
pub(crate) use node::lose;
use status::{count, count_owners};

/// The time from a pod's creation until it is ready.
const STARTS: Duration = Duration::from_millis(2300);
/// The writer of workloads' statuses.
const MANAGER: Writer<'static> =
    Writer { manager: "kube-controller-manager", operation: "Update", subresource: "status" };

/// Creates the pods of a workload that is new or whose template changed.
pub(crate) fn observe(world: &mut SimulatedCluster, change: &StoreEvent) {
    let template = |object: &Value| object.pointer("/spec/template").map(Value::to_string);
    let same = change.before.as_ref().is_some_and(|before| {
        template(before) == template(&change.object)
            && before.pointer("/spec/replicas") == change.object.pointer("/spec/replicas")
    });
    if !same {
        roll_out(world, &change.key);
    }
}

/// Brings the pods of a workload in line with it.
fn roll_out(world: &mut SimulatedCluster, key: &ObjectRef) {
    let Some(owner) = world.store.get(key).cloned() else { return };
    if key.kind == "DaemonSet" {
        let old = owned(world, "Pod", &owner);
        for place in 0..nodes(world, &owner).len() {
            create_pod(world, &owner, place);
        }
        for old in old {
            world.delete(&old);
        }
    } else {
        scale(world, &owner);
    }
    count(world, key);
}

/// Creates the pods of the newest template of a `Deployment`, and deletes surplus ones; `Recreate` deletes the old ones
/// first.
fn scale(world: &mut SimulatedCluster, owner: &Value) {
    let current = replica_set(world, owner);
    let old: Vec<ObjectRef> = owned(world, "ReplicaSet", owner).into_iter().filter(|one| *one != current).collect();
    if text(owner, "/spec/strategy/type") == "Recreate" {
        for old in &old {
            world.delete(old);
        }
    }
    let message = |from: usize, to: usize| {
        let way = if to > from { "up" } else { "down" };
        format!("Scaled {way} replica set {} from {from} to {to}", current.name)
    };
    if world.store.get(&current).is_none() {
        create_replica_set(world, owner, &current);
    } else {
        let replicas = part(owner, "/spec/replicas");
        world.update(&current, Writer::update("kube-controller-manager"), |set| {
            json::set(set, &["spec", "replicas"], replicas);
        });
    }
    let Some(parent) = world.store.get(&current).cloned() else { return };
    let wanted = usize::try_from(number(owner, "/spec/replicas")).unwrap_or(0);
    let existing = owned(world, "Pod", &parent);
    if existing.len() != wanted {
        let said = message(existing.len(), wanted);
        event_from(world, owner, "deployment-controller", "Normal", "ScalingReplicaSet", &said);
    }
    for place in existing.len()..wanted {
        create_pod(world, &parent, place);
    }
    for surplus in existing.iter().skip(wanted) {
        world.delete(surplus);
    }
}

/// Names the `ReplicaSet` of the newest template of a `Deployment`.
fn replica_set(world: &SimulatedCluster, owner: &Value) -> ObjectRef {
    let key = json::reference(owner);
    let hash = suffix(&format!("{} {key} {}", world.name, part(owner, "/spec/template")), 10);
    ObjectRef::new("ReplicaSet", "apps", &key.namespace, &format!("{}-{hash}", key.name))
}

/// Tells whether an object is being deleted.
fn is_leaving(object: &Value) -> bool {
    object.pointer("/metadata/deletionTimestamp").is_some()
}

fn create_replica_set(world: &mut SimulatedCluster, owner: &Value, key: &ObjectRef) {
    let hash = key.name.rsplit('-').next().unwrap_or_default();
    let mut labels = part(owner, "/spec/template/metadata/labels");
    set(&mut labels, &["pod-template-hash"], hash);
    let mut template = part(owner, "/spec/template");
    set(&mut template, &["metadata", "labels"], labels.clone());
    world.create(
        json!({
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": key.name,
                "namespace": key.namespace,
                "labels": labels,
                "ownerReferences": [owned_by(owner)],
            },
            "spec": {"replicas": part(owner, "/spec/replicas"), "selector": {"matchLabels": labels}, "template": template},
        }),
        Writer::update("kube-controller-manager"),
    );
}

/// Creates a pod of a `ReplicaSet` or `DaemonSet`, pending until it starts.
fn create_pod(world: &mut SimulatedCluster, owner: &Value, place: usize) -> ObjectRef {
    let own = json::reference(owner);
    let seed = format!("{} {own} {place} {}", world.name, world.store.version());
    let name = format!("{}-{}", own.name, suffix(&seed, 5));
    let nodes = nodes(world, owner);
    // Spread over the nodes, the same way in each run.
    let first = usize::from(sha256(&own.name).bytes().next().unwrap_or_default());
    let node = nodes.get((first + place) % nodes.len().max(1)).cloned().unwrap_or_default();
    let mut spec = part(owner, "/spec/template/spec");
    set(&mut spec, &["nodeName"], node.as_str());
    let mut labels = part(owner, "/spec/template/metadata/labels");
    if own.kind == "DaemonSet" {
        set(&mut labels, &["controller-revision-hash"], suffix(&spec.to_string(), 10));
    }
    let mut pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "generateName": format!("{}-", own.name),
            "namespace": own.namespace,
            "labels": labels,
            "ownerReferences": [owned_by(owner)],
        },
        "spec": spec,
    });
    if let Some(annotations) = owner.pointer("/spec/template/metadata/annotations") {
        set(&mut pod, &["metadata", "annotations"], annotations.clone());
    }
    let key = json::reference(&pod);
    let stored = world.create(pod, Writer::update("kube-controller-manager"));
    let message = format!("Successfully assigned {}/{name} to {node}", own.namespace);
    event_from(world, &stored, "default-scheduler", "Normal", "Scheduled", &message);
    world.update(&key, MANAGER, |pod| set(pod, &["status"], json!({"phase": "Pending", "qosClass": "Burstable"})));
    if world.as_of.is_some() {
        start(world, &key);
    } else {
        world.agenda.after(STARTS, Job::Start(key.clone()));
    }
    key
}

/// Deletes a pod and creates another in its place, as its owner does; returns the new pod's name.
pub(crate) fn replace(world: &mut SimulatedCluster, key: &ObjectRef) -> Option<String> {
    let pod = world.store.get(key).cloned()?;
    let owner = list(&pod, "/metadata/ownerReferences").first()?;
    let parent = ObjectRef::new(text(owner, "/kind"), "apps", &key.namespace, text(owner, "/name"));
    let parent = world.store.get(&parent).cloned()?;
    world.delete(key);
    let new = create_pod(world, &parent, 0);
    count_owners(world, &pod);
    Some(new.name)
}

/// Ends a pod that is being deleted; its owner creates another in its place.
pub(crate) fn end(world: &mut SimulatedCluster, key: &ObjectRef) {
    if replace(world, key).is_none() {
        world.delete(key);
    }
}

fn owned(world: &SimulatedCluster, kind: &str, owner: &Value) -> Vec<ObjectRef> {
    let Some(served) = kinds::by_kind(if kind == "Pod" { "" } else { "apps" }, kind) else { return Vec::new() };
    let uid = text(owner, "/metadata/uid");
    world
        .store
        .list(served, text(owner, "/metadata/namespace"))
        .filter(|(_, object)| list(object, "/metadata/ownerReferences").iter().any(|one| text(one, "/uid") == uid))
        .map(|(key, _)| key.clone())
        .collect()
}

fn owned_by(owner: &Value) -> Value {
    json!({
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": part(owner, "/metadata/name"),
        "uid": part(owner, "/metadata/uid"),
        "controller": true,
        "blockOwnerDeletion": true,
    })
}

/// Lists the nodes for the pods of a workload; those of daemon sets tolerate everything.
fn nodes(world: &SimulatedCluster, owner: &Value) -> Vec<String> {
    let tolerates = text(owner, "/kind") == "DaemonSet";
    kinds::by_kind("", "Node")
        .map(|served| {
            let all = world.store.list(served, "");
            all.filter(|(_, one)| tolerates || node::takes_pods(one)).map(|(key, _)| key.name.clone()).collect()
        })
        .unwrap_or_default()
}
