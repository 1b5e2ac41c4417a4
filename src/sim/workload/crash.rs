//! Containers that end repeatedly: the kubelet starts them, they end, and it waits longer each time.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::kubelet::{self, conditions_of};
use super::status::count_owners;
use super::{MANAGER, pull};
use crate::model::ObjectRef;
use crate::sim::agenda::Job;
use crate::sim::fields::Writer;
use crate::sim::flux::report::event_from;
use crate::sim::json::{list, set, stamp, text};
use crate::sim::world::SimulatedCluster;

/// The longest wait of the kubelet before it starts a container again (`MaxContainerBackOff`).
const LONGEST: Duration = Duration::from_mins(5);
/// The number of starts in the played past.
const STARTED: u32 = 7;
/// The time since its last end then, and the duration of its run.
const ENDED: SignedDuration = SignedDuration::from_mins(3);
const RAN: SignedDuration = SignedDuration::from_secs(41);

/// Ends the containers of a pod with a crashing image; tells whether it has one.
pub(super) fn fail(world: &mut SimulatedCluster, key: &ObjectRef, pod: &Value) -> bool {
    let containers = list(pod, "/spec/containers");
    let Some(crash) = containers.iter().find_map(|container| world.script.troubles.crash(container).cloned()) else {
        world.pulls.remove(key);
        return false;
    };
    let turn = world.pulls.get(key).copied().unwrap_or(if world.as_of.is_some() { STARTED } else { 0 });
    world.pulls.insert(key.clone(), turn + 1);
    let ended = if world.as_of.is_some() { world.present().saturating_sub(ENDED) } else { Ok(world.now()) };
    let ended = ended.unwrap_or_else(|_| world.now());
    let began = ended.saturating_sub(RAN).unwrap_or(ended);
    let wait = Duration::from_secs(10).saturating_mul(2_u32.saturating_pow(turn)).min(LONGEST);
    let containers: Vec<Value> = list(pod, "/spec/containers")
        .iter()
        .map(|container| {
            let name = text(container, "/name");
            let message =
                format!("back-off {} restarting failed container={name} pod={}_{}", go(wait), key.name, key.namespace);
            json!({
                "name": name,
                "image": container["image"],
                "imageID": "",
                "ready": false,
                "started": false,
                "restartCount": turn,
                "state": {"waiting": {"reason": "CrashLoopBackOff", "message": message}},
                "lastState": {"terminated": {
                    "exitCode": crash.exit_code,
                    "reason": crash.reason,
                    "startedAt": stamp(began),
                    "finishedAt": stamp(ended),
                }},
            })
        })
        .collect();
    let unready = format!("containers with unready status: [{}]", pull::names(pod).join(" "));
    let status = json!({
        "phase": "Running",
        "conditions": conditions_of(Some(&unready), &stamp(ended)),
        "startTime": stamp(world.now()),
        "containerStatuses": containers,
        "qosClass": "Burstable",
    });
    world.update(key, Writer { manager: kubelet::NAME, ..MANAGER }, |pod| set(pod, &["status"], status));
    for name in pull::names(pod) {
        let message = format!("Back-off restarting failed container {name} in pod {}_{}", key.name, key.namespace);
        event_from(world, pod, "kubelet", "Warning", "BackOff", &message);
    }
    count_owners(world, pod);
    world.agenda.after(wait, Job::Start(key.clone()));
    true
}

/// Returns a wait in Go's form.
fn go(wait: Duration) -> String {
    let (minutes, seconds) = (wait.as_secs() / 60, wait.as_secs() % 60);
    if minutes > 0 { format!("{minutes}m{seconds}s") } else { format!("{seconds}s") }
}
