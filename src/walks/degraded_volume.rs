//! A volume that is degraded: Longhorn lacks replicas of it.

use super::Walk;
use super::ground::{WalkGround, condition, some_of, word};
use super::step::{StepVerdict, WalkCheck, WalkStep};
use crate::doctor::LiveObject;
use serde_json::Value;

pub(super) const WALK: Walk = Walk {
    id: "degraded-volume",
    title: "A volume that is degraded",
    about: "Longhorn says that a volume has fewer replicas than it should.",
    kind: Some((GROUP, "Volume")),
    steps,
};

const GROUP: &str = "longhorn.io";

fn steps(ground: &WalkGround<'_>) -> Vec<WalkStep> {
    let graph = ground.graph;
    let find = |told: StepVerdict| {
        WalkStep::new("Find the volume", "A degraded volume still serves; it does not survive the next fault.", told)
            .line(graph.shell("kubectl get volumes.longhorn.io -A", &[]))
            .look_for("ROBUSTNESS degraded or faulted.")
            .asks("Which volume is not healthy, and which claim is it for?")
    };
    let live = match subject(ground) {
        Ok(live) => live,
        Err(check) => return vec![find(Err(check))],
    };
    let claim = live.text("/status/kubernetesStatus/pvcName");
    let namespace = live.text("/status/kubernetesStatus/namespace");
    let of = if claim.is_empty() { String::new() } else { format!(", of the claim {namespace}/{claim}") };
    let told = match live.text("/status/robustness") {
        "healthy" => format!("no volume is degraded; {} stands for them", live.object.told()),
        robustness => format!("{} is {robustness}{of}", live.object.told()),
    };
    vec![
        find(Ok(told)),
        backup(ground, &live),
        super::shared::nodes(ground),
        disks(ground, &live),
        replicas(ground, &live),
        healthy(ground, &live),
    ]
}

fn subject<'a>(ground: &WalkGround<'a>) -> Result<LiveObject<'a>, WalkCheck> {
    let all = ground.all(GROUP, "Volume")?;
    if let Some(asked) = ground.asked {
        let none = || WalkCheck::not_yet(format!("{} is not there", asked.told()));
        return all.iter().find(|live| asked.means(live.object)).copied().ok_or_else(none);
    }
    let bad = ["faulted", "degraded"]
        .iter()
        .find_map(|state| all.iter().find(|one| one.text("/status/robustness") == *state));
    let none = || WalkCheck::not_yet("the cluster has no volume of Longhorn");
    bad.or_else(|| all.first()).copied().ok_or_else(none)
}

fn backup(ground: &WalkGround<'_>, live: &LiveObject<'_>) -> WalkStep {
    let verdict = match ground.ago(live, "/status/lastBackupAt") {
        Some(ago) => Ok(format!("its last backup is {ago} old")),
        None => Err(WalkCheck::not_yet("it has no backup: make one before you touch anything")),
    };
    WalkStep::new(
        "Know that there is a backup",
        "While a replica is missing, the one that is left is all that there is.",
        verdict,
    )
    .line(ground.graph.shell("kubectl get backups.longhorn.io -n {}", &[&live.object.namespace]))
    .look_for("a backup that is Completed, and younger than what you can lose.")
    .asks("Should the last replica go now: from which backup would you restore, and how old is it?")
}

fn disks(ground: &WalkGround<'_>, live: &LiveObject<'_>) -> WalkStep {
    let verdict = ground.all(GROUP, "Node").and_then(|nodes| {
        let closed: Vec<String> = nodes.iter().flat_map(closed).collect();
        let wanted = live.number("/spec/numberOfReplicas").unwrap_or_default();
        let open = i64::try_from(nodes.iter().filter(|node| self::closed(node).is_empty()).count()).unwrap_or(i64::MAX);
        if !closed.is_empty() {
            return Err(WalkCheck::not_yet(some_of(closed, "; ")));
        }
        if open < wanted {
            return Err(WalkCheck::not_yet(format!("{wanted} replicas are wanted, and {open} nodes may hold one")));
        }
        Ok(format!("{open} nodes may hold a replica"))
    });
    WalkStep::new(
        "Give the replica a place",
        "Longhorn puts each replica on a node of its own that is ready, schedulable and has room.",
        verdict,
    )
    .line(ground.graph.shell("kubectl get nodes.longhorn.io -n {} -o wide", &[&live.object.namespace]))
    .look_for("READY True, ALLOWSCHEDULING true and SCHEDULABLE True in every line.")
    .asks("Does every node of Longhorn say that it may be scheduled, and has its disk room?")
}

/// Says why a node of Longhorn takes no replica; nothing if it does.
fn closed(node: &LiveObject<'_>) -> Vec<String> {
    let name = &node.object.name;
    if node.value.pointer("/spec/allowScheduling").and_then(Value::as_bool) == Some(false) {
        return vec![format!("scheduling is off on node {name}")];
    }
    let unready = ["Ready", "Schedulable"].into_iter().find_map(|kind| match condition(node, kind) {
        Some(("False", told)) => Some(format!("node {name} is not {}: {told}", kind.to_lowercase())),
        _ => None,
    });
    if let Some(unready) = unready {
        return vec![unready];
    }
    let disks = node.value.pointer("/status/diskStatus").and_then(Value::as_object).into_iter().flatten();
    let full = disks.filter_map(|(disk, status)| {
        let all = status.get("conditions").and_then(Value::as_array)?;
        let found = all.iter().find(|one| word(one, "type") == "Schedulable" && word(one, "status") == "False")?;
        Some(format!("disk {disk} of node {name}: {}", word(found, "message")))
    });
    full.collect()
}

fn replicas(ground: &WalkGround<'_>, live: &LiveObject<'_>) -> WalkStep {
    let verdict = ground.all(GROUP, "Replica").and_then(|all| {
        let own: Vec<&LiveObject<'_>> =
            all.iter().filter(|one| one.text("/spec/volumeName") == live.object.name).collect();
        let wanted = live.number("/spec/numberOfReplicas").unwrap_or_default();
        let runs = |one: &&&LiveObject<'_>| {
            one.text("/status/currentState") == "running" && one.text("/spec/failedAt").is_empty()
        };
        let running = i64::try_from(own.iter().filter(runs).count()).unwrap_or(i64::MAX);
        let failed = own.iter().filter(|one| !one.text("/spec/failedAt").is_empty());
        let failed = failed.map(|one| format!("{} failed on node {}", one.object.name, one.text("/spec/nodeID")));
        if running >= wanted {
            return Ok(format!("{running} of {wanted} replicas run"));
        }
        let failed = some_of(failed, "; ");
        let after = if failed.is_empty() { String::new() } else { format!(": {failed}") };
        Err(WalkCheck::not_yet(format!("{running} of {wanted} replicas run{after}")))
    });
    WalkStep::new(
        "See the replica rebuilt",
        "Longhorn copies it by itself once it has a place; of a large volume that takes an hour and more.",
        verdict,
    )
    .line(ground.graph.shell(
        "kubectl get replicas.longhorn.io -n {} -l {}",
        &[&live.object.namespace, &format!("longhornvolume={}", live.object.name)],
    ))
    .look_for("STATE running for as many as spec.numberOfReplicas says.")
    .asks("How many replicas run, and on which nodes?")
}

fn healthy(ground: &WalkGround<'_>, live: &LiveObject<'_>) -> WalkStep {
    let verdict = match live.text("/status/robustness") {
        "healthy" => Ok("its robustness is healthy".to_owned()),
        "" => Err(WalkCheck::unknown("its status says nothing")),
        other => Err(WalkCheck::not_yet(format!("its robustness is {other}"))),
    };
    WalkStep::new("See it healthy", "Only then another node may be drained or restarted.", verdict)
        .line(ground.graph.describe(live.object))
        .look_for("robustness healthy.")
        .asks("Does the volume say healthy?")
        .by_for("describe", live.object)
}
