//! The events before the simulation starts: clusters that are weeks old, by their scenario.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::fields::Writer;
use super::flux::report::event_from;
use super::flux::{helm_release, kustomization, source};
use super::json::{self, list, set, sha256, stamp, text};
use super::script::documents;
use super::world::SimulatedCluster;
use super::{apply, kinds, workload};
use crate::model::ObjectRef;
use crate::model::clock::go_duration;

/// The age of the clusters.
const AGE: Duration = Duration::from_hours(41 * 24);
/// The time since the newest commit was applied.
const COMMITTED: Duration = Duration::from_mins(14);
/// The number of earlier lines in each pod's log.
const LINES: u32 = 24;

/// Plays the past of a cluster up to now.
pub(crate) fn play(world: &mut SimulatedCluster) {
    let now = world.now();
    travel(world, now, AGE);
    for manifest in world.script.manifests("platform") {
        let key = json::reference(&manifest);
        let status = manifest.get("status").cloned();
        world.create(manifest, Writer::apply("bootstrap"));
        if let Some(status) = status {
            world.update(&key, Writer::status("k3s"), |object| set(object, &["status"], status));
        }
        world.settle();
    }
    for absent in world.script.troubles.absent.clone() {
        if let Ok(key) = absent.parse::<ObjectRef>() {
            world.delete(&key);
        }
    }
    let flux = world.script.manifests("flux-system");
    for manifest in &flux {
        world.create(manifest.clone(), Writer::apply("flux"));
    }
    let kustomizations = in_order(&flux);
    for (key, days) in kustomizations.iter().zip((2_u32..).map(|place| 41 - 3 * place.min(10))) {
        travel(world, now, Duration::from_hours(24) * days);
        if let Some(owner) = world.store.get(key).cloned() {
            apply::apply(world, &owner);
        }
        world.settle();
    }
    advance(world, now);
    for (kind, since) in [("GitRepository", Duration::from_secs(22)), ("HelmRepository", Duration::from_hours(2))] {
        for key in keys(world, kinds::SOURCE, kind) {
            travel(world, now, since);
            source::settled(world, &key, since);
        }
    }
    for key in keys(world, kinds::HELM, "HelmRelease") {
        let since = Duration::from_secs(spread(&key.name, 1500));
        let script =
            world.script.releases.iter().find(|one| one.object.parse::<ObjectRef>().is_ok_and(|one| same(&one, &key)));
        let revisions: Vec<(String, Duration)> = script
            .map(|one| one.revisions.clone())
            .unwrap_or_default()
            .into_iter()
            .filter_map(|one| Some((one.chart, go_duration(&one.since)?.saturating_sub(since))))
            .collect();
        travel(world, now, since);
        helm_release::settled(world, &key, &revisions, since);
    }
    suspend(world, now);
    suffer(world, now);
    let mut troubled = Vec::new();
    for key in &kustomizations {
        let since = if is_troubled(world, key, &troubled) {
            troubled.push(key.name.clone());
            Duration::from_secs(17)
        } else {
            Duration::from_secs(spread(&key.name, 540))
        };
        travel(world, now, since);
        kustomization::settled(world, key, since);
    }
    meddle(world, now);
    for key in keys(world, kinds::HELM, "HelmRelease") {
        travel(world, now, Duration::from_secs(spread(&key.name, 1500)));
        helm_release::look_again(world, &key);
    }
    schedule(world, now);
    chat(world, now);
    world.logs.sort();
    world.as_of = None;
    world.settle();
    world.store.compact();
}

/// Applies the changes of the newest commit, if they can be applied.
fn advance(world: &mut SimulatedCluster, now: Timestamp) {
    travel(world, now, COMMITTED);
    for name in world.script.advance() {
        let key = ObjectRef::new("Kustomization", kinds::KUSTOMIZE, "flux-system", &name);
        if let Some(owner) = world.store.get(&key).cloned() {
            apply::apply(world, &owner);
            world.settle();
        }
    }
}

/// Notes a run of each CronJob that is not suspended: nothing in the simulation stands for their controller.
fn schedule(world: &mut SimulatedCluster, now: Timestamp) {
    travel(world, now, Duration::from_mins(7));
    for key in keys(world, "batch", "CronJob") {
        let ran = stamp(world.now());
        world.update(&key, Writer::status("kube-controller-manager"), |object| {
            if !json::is_true(object, "/spec/suspend") {
                set(object, &["status", "lastScheduleTime"], ran.clone());
                set(object, &["status", "lastSuccessfulTime"], ran);
            }
        });
    }
}

/// Plays the scenario's events of nodes, and of objects whose controllers are not simulated.
fn suffer(world: &mut SimulatedCluster, now: Timestamp) {
    let troubles = world.script.troubles.clone();
    for lost in &troubles.nodes {
        let ago = go_duration(&lost.since).unwrap_or_default();
        travel(world, now, ago);
        workload::lose(world, &lost.name, ago);
    }
    for manifest in documents(&troubles.objects) {
        travel(world, now, COMMITTED);
        let (key, status) = (json::reference(&manifest), json::part(&manifest, "/status"));
        world.create(manifest, Writer::update("controller"));
        world.update(&key, Writer::status("controller"), |object| set(object, &["status"], status));
    }
    for told in &troubles.events {
        travel(world, now, go_duration(&told.since).unwrap_or_default());
        let about = told.object.parse::<ObjectRef>().ok().and_then(|key| world.store.get(&key).cloned());
        if let Some(about) = about {
            event_from(world, &about, &told.from, &told.kind, &told.reason, &told.message);
        }
    }
}

/// Makes the scenario's manual changes in the cluster, outside of Git.
fn meddle(world: &mut SimulatedCluster, now: Timestamp) {
    for edit in world.script.troubles.by_hand.clone() {
        travel(world, now, go_duration(&edit.since).unwrap_or_default());
        if let Ok(key) = edit.object.parse::<ObjectRef>() {
            world.update(&key, Writer::update(&edit.manager), |object| edit.make(object));
            world.settle();
        }
    }
}

/// Lists the Kustomizations, each after the one that applies it and after its dependencies.
fn in_order(flux: &[Value]) -> Vec<ObjectRef> {
    let mut waiting: Vec<&Value> = flux.iter().filter(|one| text(one, "/kind") == "Kustomization").collect();
    // The one that applies the others has no dependency, and its name is that of its namespace.
    waiting.sort_by_key(|one| text(one, "/metadata/name") != text(one, "/metadata/namespace"));
    let mut ordered: Vec<ObjectRef> = Vec::new();
    while !waiting.is_empty() {
        let free = |one: &&Value| {
            let mut depends = list(one, "/spec/dependsOn").iter().map(|other| text(other, "/name"));
            depends.all(|name| ordered.iter().any(|known| known.name == name))
        };
        // A circle, or a missing dependency, keeps its order: its controller reports the fault.
        let next = waiting.iter().position(free).unwrap_or(0);
        ordered.push(json::reference(waiting.remove(next)));
    }
    ordered
}

/// Sets the cluster's time to an age before now.
fn travel(world: &mut SimulatedCluster, now: Timestamp, ago: Duration) {
    world.as_of = SignedDuration::try_from(ago).ok().and_then(|ago| now.checked_sub(ago).ok());
}

/// Suspends the scenario's objects, with the reason in fluxdeck's annotation.
fn suspend(world: &mut SimulatedCluster, now: Timestamp) {
    for script in world.script.suspended.clone() {
        let Ok(key) = script.object.parse::<ObjectRef>() else { continue };
        travel(world, now, go_duration(&script.since).unwrap_or_default());
        let until =
            script.until_in.as_deref().and_then(go_duration).and_then(|wait| SignedDuration::try_from(wait).ok());
        world.update(&key, Writer::update("flux-client-side-apply"), |object| {
            set(object, &["spec", "suspend"], true);
            set(object, &["metadata", "annotations", "fluxdeck.dev/suspend-reason"], script.reason);
            set(object, &["metadata", "annotations", "fluxdeck.dev/suspend-by"], script.by);
            if let Some(until) = until.and_then(|wait| now.checked_add(wait).ok()) {
                set(object, &["metadata", "annotations", "fluxdeck.dev/suspend-until"], stamp(until));
            }
        });
    }
}

/// Tells whether a Kustomization cannot be ready: one of its objects is not, or one of its dependencies.
fn is_troubled(world: &SimulatedCluster, key: &ObjectRef, troubled: &[String]) -> bool {
    let Some(object) = world.store.get(key) else { return false };
    let waits =
        list(object, "/spec/dependsOn").iter().any(|one| troubled.iter().any(|name| name == text(one, "/name")));
    waits
        || world.script.manifests(&key.name).iter().map(json::reference).any(|key| {
            key.group != kinds::KUSTOMIZE
                && world.store.get(&key).is_some_and(|object| workload::health(object) != "Current")
        })
        || kustomization::cannot_be_built(world, object)
}

/// Fills the logs of the pods with recent lines.
fn chat(world: &mut SimulatedCluster, now: Timestamp) {
    for key in keys(world, "", "Pod") {
        let Some(pod) = world.store.get(&key).cloned() else { continue };
        let chatter = world.script.chatter(text(&pod, "/metadata/labels/app"));
        let Some(container) = list(&pod, "/spec/containers").first() else { continue };
        let log = (key.namespace.clone(), key.name.clone(), text(container, "/name").to_owned());
        for (turn, line) in (0..LINES).zip(chatter.then.iter().cycle()) {
            travel(world, now, chatter.every * (LINES - turn));
            let at = world.now();
            world.logs.write(&log, at, line.replace("${TIME}", &json::log_stamp(at)));
        }
    }
}

fn keys(world: &SimulatedCluster, group: &str, kind: &str) -> Vec<ObjectRef> {
    kinds::by_kind(group, kind)
        .map(|served| world.store.list(served, "").map(|(key, _)| key.clone()).collect())
        .unwrap_or_default()
}

/// Tells whether a written name, perhaps without the group, means an object.
fn same(written: &ObjectRef, key: &ObjectRef) -> bool {
    written.kind == key.kind && written.namespace == key.namespace && written.name == key.name
}

/// Spreads objects over a span of seconds, each at its own time, the same in every run.
fn spread(name: &str, span: u64) -> u64 {
    u64::from_str_radix(json::head(&sha256(name), 8), 16).unwrap_or_default() % span
}
