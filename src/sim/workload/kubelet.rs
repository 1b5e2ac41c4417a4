//! The kubelets: they start the containers of pods, and the containers write into their logs.

use serde_json::{Value, json};

use super::status::count_owners;
use super::{MANAGER, crash, pull, volume};
use crate::model::ObjectRef;
use crate::sim::agenda::Job;
use crate::sim::fields::Writer;
use crate::sim::flux::report::event_from;
use crate::sim::json::{self, list, set, sha256, stamp, text};
use crate::sim::world::SimulatedCluster;

/// The writer of pods' statuses: K3s has the kubelet in its own process.
pub(super) const NAME: &str = "k3s";

/// Starts the containers of a pod: it runs and is ready.
pub(crate) fn start(world: &mut SimulatedCluster, key: &ObjectRef) {
    let Some(pod) = world.store.get(key).cloned() else { return };
    if volume::hold(world, key, &pod) || pull::fail(world, key, &pod) || crash::fail(world, key, &pod) {
        return;
    }
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
    let status = json!({
        "phase": "Running",
        "conditions": conditions_of(None, &now),
        "podIP": format!("10.42.0.{address}"),
        "startTime": now,
        "containerStatuses": containers,
        "qosClass": "Burstable",
    });
    let writer = Writer { manager: NAME, ..MANAGER };
    world.update(key, writer, |pod| set(pod, &["status"], status));
    for container in list(&pod, "/spec/containers") {
        let message = format!("Started container {}", text(container, "/name"));
        event_from(world, &pod, "kubelet", "Normal", "Started", &message);
    }
    count_owners(world, &pod);
    greet(world, key);
}

/// Builds the conditions of a pod; `unready` keeps it from being ready.
pub(super) fn conditions_of(unready: Option<&str>, now: &str) -> Vec<Value> {
    ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"]
        .iter()
        .map(|kind| match unready.filter(|_| ["Ready", "ContainersReady"].contains(kind)) {
            Some(message) => json!({
                "type": kind,
                "status": "False",
                "reason": "ContainersNotReady",
                "message": message,
                "lastProbeTime": null,
                "lastTransitionTime": now,
            }),
            None => json!({"type": kind, "status": "True", "lastProbeTime": null, "lastTransitionTime": now}),
        })
        .collect()
}

/// Writes a pod's first lines, and schedules the later ones.
fn greet(world: &mut SimulatedCluster, key: &ObjectRef) {
    let chatter = world.script.chatter(app(world, key).as_str());
    let now = world.now();
    for line in &chatter.start {
        say(world, key, now, line);
    }
    if !chatter.then.is_empty() {
        world.agenda.after(chatter.every, Job::Speak(key.clone()));
    }
}

/// Writes a pod's next line and schedules the one after.
pub(crate) fn speak(world: &mut SimulatedCluster, key: &ObjectRef) {
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

fn say(world: &mut SimulatedCluster, key: &ObjectRef, at: jiff::Timestamp, line: &str) {
    let line = line.replace("${TIME}", &json::log_stamp(at));
    let Some(pod) = world.store.get(key).cloned() else { return };
    if let Some(container) = list(&pod, "/spec/containers").first() {
        let log = (key.namespace.clone(), key.name.clone(), text(container, "/name").to_owned());
        world.logs.write(&log, at, line);
    }
}

fn app(world: &SimulatedCluster, key: &ObjectRef) -> String {
    world.store.get(key).map(|pod| text(pod, "/metadata/labels/app").to_owned()).unwrap_or_default()
}
