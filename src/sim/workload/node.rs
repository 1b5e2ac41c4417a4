//! A node that does not respond: the reaction of kube-controller-manager to it and to its pods.

use std::time::Duration;

use serde_json::{Value, json};

use super::status::count_owners;
use super::{MANAGER, create_pod, is_leaving};
use crate::model::ObjectRef;
use crate::sim::fields::Writer;
use crate::sim::flux::conditions;
use crate::sim::flux::report::event_from;
use crate::sim::json::{list, set, stamp, text};
use crate::sim::kinds;
use crate::sim::world::SimulatedCluster;

/// The time that pods stay bound to an unreachable node, unless they set another.
const TOLERATED: Duration = Duration::from_mins(5);
/// The taint of the node.
const TAINT: &str = "node.kubernetes.io/unreachable";

/// Loses a node, at an age.
pub(crate) fn lose(world: &mut SimulatedCluster, name: &str, ago: Duration) {
    let key = ObjectRef::new("Node", "", "", name);
    let now = world.now();
    let at = stamp(now);
    world.update(&key, Writer::update("kube-controller-manager"), |node| {
        let taints: Vec<Value> = ["NoSchedule", "NoExecute"]
            .iter()
            .map(|effect| json!({"effect": effect, "key": TAINT, "timeAdded": at}))
            .collect();
        set(node, &["spec", "taints"], taints);
    });
    let node = world.update(&key, MANAGER, |node| {
        let known = list(node, "/status/conditions").to_vec();
        let kinds = ["MemoryPressure", "DiskPressure", "PIDPressure", "Ready"];
        let conditions: Vec<Value> = kinds
            .iter()
            .map(|kind| {
                let heartbeat = known
                    .iter()
                    .find(|one| text(one, "/type") == *kind)
                    .map(|one| text(one, "/lastHeartbeatTime"))
                    .filter(|time| !time.is_empty());
                json!({
                    "type": kind,
                    "status": "Unknown",
                    "reason": "NodeStatusUnknown",
                    "message": "Kubelet stopped posting node status.",
                    "lastHeartbeatTime": heartbeat.unwrap_or(at.as_str()),
                    "lastTransitionTime": at,
                })
            })
            .collect();
        set(node, &["status", "conditions"], conditions);
    });
    let Some(node) = node else { return };
    event_from(
        world,
        &node,
        "node-controller",
        "Normal",
        "NodeNotReady",
        &format!("Node {name} status is now: NodeNotReady"),
    );
    let pods = pods_on(world, name);
    for pod in &pods {
        let live = world.update(pod, MANAGER, |pod| ready(pod, "False", &at));
        if let Some(live) = live {
            event_from(world, &live, "node-controller", "Warning", "NodeNotReady", "Node is not ready");
            count_owners(world, &live);
        }
    }
    if ago > TOLERATED {
        world.as_of = jiff::SignedDuration::try_from(TOLERATED).ok().and_then(|wait| now.checked_add(wait).ok());
        for pod in &pods {
            evict(world, pod);
        }
        world.as_of = Some(now);
    }
}

/// Tells whether a node accepts pods.
pub(super) fn takes_pods(node: &Value) -> bool {
    !list(node, "/spec/taints").iter().any(|taint| text(taint, "/key") == TAINT)
}

/// Marks a pod for deletion, which its lost node cannot carry out. Its owner creates another. The pods of daemon sets
/// stay.
fn evict(world: &mut SimulatedCluster, key: &ObjectRef) {
    let Some(pod) = world.store.get(key).cloned() else { return };
    let owner = list(&pod, "/metadata/ownerReferences").first().cloned().unwrap_or_default();
    if text(&owner, "/kind") == "DaemonSet" || is_leaving(&pod) {
        return;
    }
    let at = stamp(world.now());
    let message = format!("Marking for deletion Pod {}/{}", key.namespace, key.name);
    event_from(world, &pod, "taint-eviction-controller", "Normal", "TaintManagerEviction", &message);
    world.update(key, MANAGER, |pod| {
        let mut all = list(pod, "/status/conditions").to_vec();
        all.push(json!({
            "type": "DisruptionTarget",
            "status": "True",
            "reason": "DeletionByTaintManager",
            "message": "Taint manager: deleting due to NoExecute taint",
            "observedGeneration": 1,
            "lastProbeTime": null,
            "lastTransitionTime": at,
        }));
        set(pod, &["status", "conditions"], all);
        set(pod, &["metadata", "deletionTimestamp"], at.as_str());
        set(pod, &["metadata", "deletionGracePeriodSeconds"], 30);
    });
    let parent = ObjectRef::new(text(&owner, "/kind"), "apps", &key.namespace, text(&owner, "/name"));
    if let Some(parent) = world.store.get(&parent).cloned() {
        create_pod(world, &parent, 0);
    }
    count_owners(world, &pod);
}

fn ready(pod: &mut Value, status: &str, at: &str) {
    let mut all = list(pod, "/status/conditions").to_vec();
    for one in all.iter_mut().filter(|one| text(one, "/type") == "Ready") {
        set(one, &["status"], status);
        set(one, &["lastTransitionTime"], at);
    }
    set(pod, &["status", "conditions"], all);
}

fn pods_on(world: &SimulatedCluster, node: &str) -> Vec<ObjectRef> {
    let Some(served) = kinds::by_kind("", "Pod") else { return Vec::new() };
    let all = world.store.list(served, "");
    all.filter(|(_, pod)| text(pod, "/spec/nodeName") == node && conditions::is(pod, "Ready", "True"))
        .map(|(key, _)| key.clone())
        .collect()
}
