//! The reports of controllers: core/v1 Events, and lines of JSON in their logs.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::super::fields::Writer;
use super::super::json::{self, list, log_stamp, number, set, stamp, text};
use super::super::kinds;
use super::super::world::SimulatedCluster;
use crate::model::ObjectRef;

/// The time that the API server keeps events.
const EVENTS_LAST: SignedDuration = SignedDuration::from_hours(1);

/// Names the controller that reconciles a kind, and the kind's name in its log.
pub(crate) fn controller(kind: &str) -> (&'static str, &'static str) {
    match kind {
        "Kustomization" => ("kustomize-controller", "kustomization"),
        "HelmRelease" => ("helm-controller", "helmrelease"),
        "GitRepository" => ("source-controller", "gitrepository"),
        "HelmChart" => ("source-controller", "helmchart"),
        _ => ("source-controller", "helmrepository"),
    }
}

/// Records an event on an object; the same again within the hour raises the count of the first.
pub(crate) fn event(world: &mut SimulatedCluster, object: &Value, kind: &str, reason: &str, message: &str) {
    let about = json::reference(object);
    event_from(world, object, controller(&about.kind).0, kind, reason, message);
}

/// Records a component's event on an object.
pub(crate) fn event_from(
    world: &mut SimulatedCluster,
    object: &Value,
    component: &str,
    kind: &str,
    reason: &str,
    message: &str,
) {
    let now = world.now();
    let about = json::reference(object);
    let namespace = if about.namespace.is_empty() { "default" } else { about.namespace.as_str() };
    expire(world);
    let Some(served) = kinds::by_kind("", "Event") else { return };
    let same = world.store.list(served, namespace).find(|(_, event)| {
        text(event, "/involvedObject/name") == about.name
            && text(event, "/involvedObject/kind") == about.kind
            && text(event, "/reason") == reason
            && text(event, "/message") == message
            && text(event, "/source/component") == component
    });
    let writer = Writer::update(component);
    if let Some(key) = same.map(|(key, _)| key.clone()) {
        world.update(&key, writer, |event| {
            let count = number(event, "/count") + 1;
            set(event, &["count"], count);
            set(event, &["lastTimestamp"], stamp(now));
        });
        return;
    }
    // client-go names events after their object and the time in hexadecimal nanoseconds.
    let nanoseconds = now.as_nanosecond().wrapping_add(i128::from(world.store.version()));
    world.create(
        json!({
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": format!("{}.{nanoseconds:x}", about.name), "namespace": namespace},
            "involvedObject": {
                "kind": about.kind,
                "namespace": about.namespace,
                "name": about.name,
                "uid": text(object, "/metadata/uid"),
                "apiVersion": text(object, "/apiVersion"),
                "resourceVersion": text(object, "/metadata/resourceVersion"),
            },
            "reason": reason,
            "message": message,
            "source": {"component": component},
            "firstTimestamp": stamp(now),
            "lastTimestamp": stamp(now),
            "count": 1,
            "type": kind,
            "eventTime": null,
            "reportingComponent": component,
            "reportingInstance": "",
        }),
        writer,
    );
}

fn expire(world: &mut SimulatedCluster) {
    let now = world.now();
    let Some(served) = kinds::by_kind("", "Event") else { return };
    let old: Vec<ObjectRef> = world
        .store
        .list(served, "")
        .filter(|(_, event)| {
            text(event, "/lastTimestamp")
                .parse::<jiff::Timestamp>()
                .is_ok_and(|last| now.duration_since(last) > EVENTS_LAST)
        })
        .map(|(key, _)| key.clone())
        .collect();
    for key in old {
        world.delete(&key);
    }
}

/// Sets the level of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReportLevel {
    /// A completed action.
    Info,
    /// A failure, with the error.
    Error,
}

/// Writes a line into the log of the controller that reconciles an object; `more` is appended to its fields.
pub(crate) fn log(
    world: &mut SimulatedCluster,
    object: &Value,
    run: &str,
    level: ReportLevel,
    message: &str,
    more: &Value,
) {
    let about = json::reference(object);
    let (deployment, name) = controller(&about.kind);
    let mut line = json!({
        "level": if level == ReportLevel::Error { "error" } else { "info" },
        "ts": log_stamp(world.now()),
        "msg": message,
        "controller": name,
        "controllerGroup": about.group,
        "controllerKind": about.kind,
    });
    set(&mut line, &[&about.kind], json!({"name": about.name, "namespace": about.namespace}));
    set(&mut line, &["namespace"], about.namespace.as_str());
    set(&mut line, &["name"], about.name.as_str());
    set(&mut line, &["reconcileID"], run);
    if let (Some(line), Some(more)) = (line.as_object_mut(), more.as_object()) {
        line.extend(more.clone());
    }
    let now = world.now();
    for key in containers(world, deployment) {
        world.logs.write(&key, now, line.to_string());
    }
}

/// Names the logs of the running pods of a controller.
fn containers(world: &SimulatedCluster, deployment: &str) -> Vec<(String, String, String)> {
    let Some(served) = kinds::by_kind("", "Pod") else { return Vec::new() };
    world
        .store
        .list(served, "flux-system")
        .filter(|(_, pod)| {
            text(pod, "/metadata/labels/app") == deployment && super::conditions::is(pod, "Ready", "True")
        })
        .flat_map(|(key, pod)| {
            list(pod, "/spec/containers")
                .iter()
                .map(|container| (key.namespace.clone(), key.name.clone(), text(container, "/name").to_owned()))
        })
        .collect()
}

/// Creates the identifier of one reconciliation.
pub(crate) fn run_id(world: &SimulatedCluster, key: &ObjectRef) -> String {
    json::uuid(&format!("{} {key} {} {}", world.name, world.store.version(), world.logs.beat))
}

/// Returns a duration as Go's `Duration.String` writes it: `1.25s`, `5m0s`, `340ms`.
pub(crate) fn go_string(duration: Duration) -> String {
    let nanoseconds = duration.as_nanos();
    let trim = |text: String| {
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
    };
    if nanoseconds == 0 {
        return "0s".to_owned();
    }
    if duration < Duration::from_secs(1) {
        return trim(format!("{}.{:06}", nanoseconds / 1_000_000, nanoseconds % 1_000_000)) + "ms";
    }
    let seconds = duration.as_secs();
    let rest = trim(format!("{}.{:09}", seconds % 60, duration.subsec_nanos())) + "s";
    match (seconds / 3600, seconds / 60 % 60) {
        (0, 0) => rest,
        (0, minutes) => format!("{minutes}m{rest}"),
        (hours, minutes) => format!("{hours}h{minutes}m{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::go_string;
    use std::time::Duration;

    #[test]
    fn durations_are_written_as_go_writes_them() {
        let written: Vec<String> =
            [0, 340, 1250, 60_000, 300_020, 5_400_000].map(|millis| go_string(Duration::from_millis(millis))).to_vec();
        assert_eq!(written, ["0s", "340ms", "1.25s", "1m0s", "5m0.02s", "1h30m0s"]);
    }
}
