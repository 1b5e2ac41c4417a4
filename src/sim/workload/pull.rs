//! Images that cannot be pulled: the kubelet tries, reports the reason, backs off, and tries again.

use std::time::Duration;

use serde_json::{Value, json};

use super::kubelet::conditions_of;
use super::status::count_owners;
use super::{MANAGER, kubelet};
use crate::model::ObjectRef;
use crate::sim::agenda::Job;
use crate::sim::fields::Writer;
use crate::sim::flux::report::event_from;
use crate::sim::json::{list, set, stamp, text};
use crate::sim::world::SimulatedCluster;

/// The time that a failed attempt is shown before the kubelet reports that it backs off.
const TELLS: Duration = Duration::from_secs(13);
/// The number of attempts in the played past.
const TRIED: u32 = 5;

/// Makes a pod wait whose image cannot be pulled; tells whether it does.
pub(super) fn fail(world: &mut SimulatedCluster, key: &ObjectRef, pod: &Value) -> bool {
    let mut images = list(pod, "/spec/containers").iter().map(|container| text(container, "/image").to_owned());
    let bad = images.find_map(|image| Some((world.script.troubles.bad_image(&image)?.to_owned(), image)));
    let Some((error, image)) = bad else {
        return false;
    };
    // Every other turn is an attempt; in between the kubelet reports that it backs off.
    let turn = world.pulls.get(key).copied().unwrap_or(0);
    world.pulls.insert(key.clone(), turn + 1);
    let played = world.as_of.is_some();
    for _ in 0..if played { TRIED } else { 1 } {
        if played || turn % 2 == 0 {
            tell(world, pod, "Normal", "Pulling", &format!("Pulling image \"{image}\""));
            tell(world, pod, "Warning", "Failed", &format!("Failed to pull image \"{image}\": {error}"));
            tell(world, pod, "Warning", "Failed", "Error: ErrImagePull");
        }
        if played || turn % 2 == 1 {
            tell(world, pod, "Normal", "BackOff", &format!("Back-off pulling image \"{image}\""));
            tell(world, pod, "Warning", "Failed", "Error: ImagePullBackOff");
        }
    }
    let (reason, message) = if played || turn % 2 == 1 {
        ("ImagePullBackOff", format!("Back-off pulling image \"{image}\": ErrImagePull: {error}"))
    } else {
        ("ErrImagePull", error)
    };
    wait(world, key, pod, reason, &message);
    let tries = turn / 2 + if played { TRIED } else { 0 };
    let again = if turn % 2 == 0 && !played {
        TELLS
    } else {
        Duration::from_secs(10).saturating_mul(2_u32.saturating_pow(tries)).min(Duration::from_mins(5))
    };
    world.agenda.after(again, Job::Start(key.clone()));
    true
}

/// Names the containers of a pod.
pub(super) fn names(pod: &Value) -> Vec<String> {
    list(pod, "/spec/containers").iter().map(|container| text(container, "/name").to_owned()).collect()
}

/// Writes the status of a pod whose containers wait.
pub(super) fn wait(world: &mut SimulatedCluster, key: &ObjectRef, pod: &Value, reason: &str, message: &str) {
    let now = stamp(world.now());
    let waiting =
        if message.is_empty() { json!({"reason": reason}) } else { json!({"reason": reason, "message": message}) };
    let containers: Vec<Value> = list(pod, "/spec/containers")
        .iter()
        .map(|container| {
            json!({
                "name": container["name"],
                "image": container["image"],
                "imageID": "",
                "ready": false,
                "started": false,
                "restartCount": 0,
                "state": {"waiting": waiting},
                "lastState": {},
            })
        })
        .collect();
    let unready = format!("containers with unready status: [{}]", names(pod).join(" "));
    let mut conditions = conditions_of(Some(&unready), &now);
    if reason == "ContainerCreating" {
        // Its sandbox waits, too.
        for one in conditions.iter_mut().filter(|one| text(one, "/type") == "PodReadyToStartContainers") {
            set(one, &["status"], "False");
        }
    }
    let status = json!({
        "phase": "Pending",
        "conditions": conditions,
        "startTime": now,
        "containerStatuses": containers,
        "qosClass": "Burstable",
    });
    world.update(key, Writer { manager: kubelet::NAME, ..MANAGER }, |pod| set(pod, &["status"], status));
    count_owners(world, pod);
}

fn tell(world: &mut SimulatedCluster, pod: &Value, kind: &str, reason: &str, message: &str) {
    event_from(world, pod, "kubelet", kind, reason, message);
}
