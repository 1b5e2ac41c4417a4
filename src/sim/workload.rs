//! What keeps pods running: a `Deployment` makes a `ReplicaSet` and that its pods, a `DaemonSet` makes a pod on every node; and what pods write into their logs.

use std::time::Duration;

use serde_json::{Value, json};

use super::agenda::Job;
use super::fields::Writer;
use super::flux::conditions;
use super::flux::report::event_from;
use super::json::{self, is_true, list, number, part, set, sha256, stamp, suffix, text};
use super::kinds;
use super::store::Change;
use super::world::World;
use crate::model::ObjectRef;

/// How long a pod takes from its creation until it is ready.
const STARTS: Duration = Duration::from_millis(2300);
/// Who writes the statuses of workloads.
const MANAGER: Writer<'static> =
    Writer { manager: "kube-controller-manager", operation: "Update", subresource: "status" };

/// Makes the pods of a workload that is new or whose template changed.
pub(crate) fn observe(world: &mut World, change: &Change) {
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
fn roll_out(world: &mut World, key: &ObjectRef) {
    let Some(owner) = world.store.get(key).cloned() else { return };
    let (parent, old) = if key.kind == "Deployment" {
        let hash = suffix(&format!("{} {key} {}", world.name, part(&owner, "/spec/template")), 10);
        let set_key = ObjectRef::new("ReplicaSet", "apps", &key.namespace, &format!("{}-{hash}", key.name));
        let old = owned(world, "ReplicaSet", &owner);
        if !old.contains(&set_key) {
            create_replica_set(world, &owner, &set_key, &hash);
        }
        (set_key.clone(), old.into_iter().filter(|key| *key != set_key).collect::<Vec<_>>())
    } else {
        (key.clone(), owned(world, "Pod", &owner))
    };
    let Some(parent) = world.store.get(&parent).cloned() else { return };
    let wanted = if key.kind == "Deployment" {
        number(&owner, "/spec/replicas")
    } else {
        nodes(world).len().try_into().unwrap_or(1)
    };
    let existing = if key.kind == "Deployment" { owned(world, "Pod", &parent).len() } else { 0 };
    for place in existing..usize::try_from(wanted).unwrap_or(0) {
        create_pod(world, &parent, place);
    }
    for old in old {
        world.delete(&old);
    }
    count(world, key);
}

fn create_replica_set(world: &mut World, owner: &Value, key: &ObjectRef, hash: &str) {
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

/// Makes a pod of a `ReplicaSet` or `DaemonSet`, pending until it starts.
fn create_pod(world: &mut World, owner: &Value, place: usize) -> ObjectRef {
    let own = json::reference(owner);
    let seed = format!("{} {own} {place} {}", world.name, world.store.version());
    let name = format!("{}-{}", own.name, suffix(&seed, 5));
    let nodes = nodes(world);
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

/// Starts the containers of a pod: it runs and is ready.
pub(crate) fn start(world: &mut World, key: &ObjectRef) {
    let Some(pod) = world.store.get(key).cloned() else { return };
    let now = stamp(world.now());
    let address = sha256(&key.name).bytes().fold(0_u8, u8::wrapping_add);
    let containers: Vec<Value> = list(&pod, "/spec/containers")
        .iter()
        .map(|container| {
            json!({
                "name": container["name"],
                "image": container["image"],
                "imageID": format!("{}@sha256:{}", text(container, "/image"), sha256(text(container, "/image"))),
                "containerID": format!("containerd://{}", sha256(&key.name)),
                "ready": true,
                "started": true,
                "restartCount": 0,
                "state": {"running": {"startedAt": now}},
                "lastState": {},
            })
        })
        .collect();
    let conditions: Vec<Value> =
        ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"]
            .iter()
            .map(|kind| json!({"type": kind, "status": "True", "lastProbeTime": null, "lastTransitionTime": now}))
            .collect();
    let status = json!({
        "phase": "Running",
        "conditions": conditions,
        "podIP": format!("10.42.0.{address}"),
        "startTime": now,
        "containerStatuses": containers,
        "qosClass": "Burstable",
    });
    let writer = Writer { manager: "k3s", ..MANAGER };
    world.update(key, writer, |pod| set(pod, &["status"], status));
    for container in list(&pod, "/spec/containers") {
        let message = format!("Started container {}", text(container, "/name"));
        event_from(world, &pod, "kubelet", "Normal", "Started", &message);
    }
    count_owners(world, &pod);
    greet(world, key);
}

/// Counts the pods of the workload that a pod belongs to.
fn count_owners(world: &mut World, pod: &Value) {
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

/// Writes the status of a `Deployment` or `DaemonSet` from its pods.
fn count(world: &mut World, key: &ObjectRef) {
    let Some(owner) = world.store.get(key).cloned() else { return };
    let parents = if key.kind == "Deployment" { owned(world, "ReplicaSet", &owner) } else { vec![key.clone()] };
    let mut ready = 0;
    let mut total = 0;
    for parent in parents {
        let Some(parent) = world.store.get(&parent).cloned() else { continue };
        for pod in owned(world, "Pod", &parent) {
            total += 1;
            ready += i64::from(world.store.get(&pod).is_some_and(|pod| text(pod, "/status/phase") == "Running"));
        }
    }
    let generation = number(&owner, "/metadata/generation");
    let now = world.now();
    world.update(key, MANAGER, |object| {
        if key.kind == "DaemonSet" {
            let status = json!({
                "observedGeneration": generation,
                "currentNumberScheduled": total,
                "desiredNumberScheduled": total,
                "numberAvailable": ready,
                "numberMisscheduled": 0,
                "numberReady": ready,
                "updatedNumberScheduled": total,
            });
            set(object, &["status"], status);
            return;
        }
        for (field, value) in [
            ("observedGeneration", generation),
            ("replicas", total),
            ("updatedReplicas", total),
            ("readyReplicas", ready),
            ("availableReplicas", ready),
        ] {
            set(object, &["status", field], value);
        }
        let available = if ready >= number(&owner, "/spec/replicas") { "True" } else { "False" };
        let (reason, message) = if available == "True" {
            ("MinimumReplicasAvailable", "Deployment has minimum availability.")
        } else {
            ("MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
        };
        conditions::mark(object, "Available", available, reason, message, now);
    });
}

/// Deletes a pod and makes another in its place, as its owner does; returns the new pod's name.
pub(crate) fn replace(world: &mut World, key: &ObjectRef) -> Option<String> {
    let pod = world.store.get(key).cloned()?;
    let owner = list(&pod, "/metadata/ownerReferences").first()?;
    let parent = ObjectRef::new(text(owner, "/kind"), "apps", &key.namespace, text(owner, "/name"));
    let parent = world.store.get(&parent).cloned()?;
    world.delete(key);
    let new = create_pod(world, &parent, 0);
    count_owners(world, &pod);
    Some(new.name)
}

/// Ends a pod that was told to; its owner makes another in its place.
pub(crate) fn end(world: &mut World, key: &ObjectRef) {
    if replace(world, key).is_none() {
        world.delete(key);
    }
}

/// Lets a pod write what it writes when it starts, and arranges what it writes later.
fn greet(world: &mut World, key: &ObjectRef) {
    let chatter = world.script.chatter(app(world, key).as_str());
    let now = world.now();
    for line in &chatter.start {
        say(world, key, now, line);
    }
    if !chatter.then.is_empty() {
        world.agenda.after(chatter.every, Job::Speak(key.clone()));
    }
}

/// Writes a pod's next line and arranges the one after.
pub(crate) fn speak(world: &mut World, key: &ObjectRef) {
    if world.store.get(key).is_none() {
        return;
    }
    let chatter = world.script.chatter(app(world, key).as_str());
    let now = world.now();
    let turn = usize::try_from(world.logs.beat).unwrap_or_default();
    if let Some(line) = chatter.then.get(turn % chatter.then.len().max(1)) {
        say(world, key, now, line);
    }
    world.agenda.after(chatter.every, Job::Speak(key.clone()));
}

fn say(world: &mut World, key: &ObjectRef, at: jiff::Timestamp, line: &str) {
    let line = line.replace("${TIME}", &json::log_stamp(at));
    let Some(pod) = world.store.get(key).cloned() else { return };
    if let Some(container) = list(&pod, "/spec/containers").first() {
        let log = (key.namespace.clone(), key.name.clone(), text(container, "/name").to_owned());
        world.logs.write(&log, at, line);
    }
}

fn app(world: &World, key: &ObjectRef) -> String {
    world.store.get(key).map(|pod| text(pod, "/metadata/labels/app").to_owned()).unwrap_or_default()
}

fn owned(world: &World, kind: &str, owner: &Value) -> Vec<ObjectRef> {
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

fn nodes(world: &World) -> Vec<String> {
    kinds::by_kind("", "Node")
        .map(|served| world.store.list(served, "").map(|(key, _)| key.name.clone()).collect())
        .unwrap_or_default()
}

/// Returns the status that a new object of a kind gets from whoever looks after it, where the simulation has no model of them.
pub(crate) fn initial_status(world: &World, key: &ObjectRef, object: &Value) -> Option<Value> {
    // A claim that names no class waits for somebody to make a volume for it.
    if key.kind == "PersistentVolumeClaim" && text(object, "/spec/storageClassName").is_empty() {
        return None;
    }
    if let Some(status) = world.script.status(key) {
        return Some(status);
    }
    let ready = |reason: &str, message: &str| {
        json!({"conditions": [{
            "type": "Ready", "status": "True", "reason": reason, "message": message,
            "lastTransitionTime": stamp(world.now()), "observedGeneration": 1,
        }]})
    };
    match key.kind.as_str() {
        "Namespace" => Some(json!({"phase": "Active"})),
        "Certificate" => Some(ready("Ready", "Certificate is up to date and has not expired")),
        "ClusterIssuer" => Some(ready("ACMEAccountRegistered", "The ACME account was registered with the ACME server")),
        _ => None,
    }
}

/// Says how an object fares in kstatus' words, as kustomize-controller's health checks see it.
pub(crate) fn health(object: &Value) -> &'static str {
    let generation = number(object, "/metadata/generation");
    if object.pointer("/status/observedGeneration").is_some_and(|observed| observed.as_i64() != Some(generation)) {
        return "InProgress";
    }
    match text(object, "/kind") {
        "Deployment" => {
            let wanted = number(object, "/spec/replicas");
            let fields = ["updatedReplicas", "availableReplicas", "readyReplicas"];
            let all = fields.iter().all(|field| number(object, &format!("/status/{field}")) >= wanted);
            if all && conditions::is(object, "Available", "True") { "Current" } else { "InProgress" }
        }
        "DaemonSet" => {
            let wanted = number(object, "/status/desiredNumberScheduled");
            if number(object, "/status/numberReady") >= wanted && wanted > 0 { "Current" } else { "InProgress" }
        }
        "PersistentVolumeClaim" if text(object, "/status/phase") != "Bound" => "InProgress",
        // Flux' kinds alone: a CronJob that is suspended is as it should be.
        _ if text(object, "/apiVersion").contains(".fluxcd.io/")
            && is_true(object, "/spec/suspend")
            && !conditions::is(object, "Ready", "True") =>
        {
            "InProgress"
        }
        _ if conditions::is(object, "Reconciling", "True") => "InProgress",
        _ if conditions::is(object, "Stalled", "True") => "Failed",
        _ if conditions::get(object, "Ready").is_some() && !conditions::is(object, "Ready", "True") => "InProgress",
        _ => "Current",
    }
}
