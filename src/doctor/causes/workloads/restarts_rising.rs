//! A container is ready at the moment, and was restarted often within the hour.

use std::collections::BTreeSet;

use super::containers;
use super::pods::workload_of;
use crate::doctor::{Cause, Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::model::clock::age;
use crate::model::{ObjectRef, State};

pub(super) const CAUSE: Cause =
    Cause { id: "restarts-rising", title: "A container is restarted again and again, and is ready in between", find };

/// The most pods that are looked at.
const MOST: usize = 20;

/// The kubelet reports `Back-off restarting failed container main in pod web-1_web(…)`; events are kept for an hour. So
/// no list of all pods is needed.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let mut pods: BTreeSet<ObjectRef> = BTreeSet::new();
    for event in graph.selected("", "Event", "type=Warning,reason=BackOff") {
        let at = event.time("/lastTimestamp").or_else(|| event.time("/eventTime")).or(event.created());
        let is_restart = event.text("/message").starts_with("Back-off restarting");
        if is_restart && event.text("/involvedObject/kind") == "Pod" && !graph.is_past(at, 3600) && pods.len() < MOST {
            let (namespace, name) = (event.text("/involvedObject/namespace"), event.text("/involvedObject/name"));
            pods.insert(ObjectRef::new("Pod", "", namespace, name));
        }
    }
    pods.iter().filter_map(|pod| graph.get(pod).found()).filter_map(|pod| diagnosis(graph, &pod)).collect()
}

fn diagnosis(graph: &LiveGraph, pod: &LiveObject<'_>) -> Option<Diagnosis> {
    let is_ready = graph.row(pod.object).is_some_and(|row| row.state == State::Ready);
    let workload = workload_of(graph, pod);
    // What is not ready has a cause of its own.
    if !is_ready || graph.row(&workload).is_some_and(|row| row.state != State::Ready) {
        return None;
    }
    let found = containers::of(pod);
    let (container, end) = found.iter().find_map(|container| {
        let end = container.last_end()?;
        let is_late = container.restarts() > 5 && !graph.is_past(end.at(), 3600) && end.at().is_some();
        is_late.then_some((container, end))
    })?;
    let how = if end.reason() == "OOMKilled" { "OOMKilled".to_owned() } else { end.told() };
    let long = end.at().map(|at| age(graph.now, at)).unwrap_or_default();
    let message = format!(
        "Container {} of {} is ready at the moment, but was restarted {} times, last {long} ago: {how}",
        container.name(),
        workload.told(),
        container.restarts()
    );
    let (name, namespace) = (&pod.object.name, &pod.object.namespace);
    let place = format!("{} container {}", pod.object.told(), container.name());
    Some(
        Diagnosis::new(CAUSE.id, &workload, message)
            .warning()
            .explaining([pod.object.clone()])
            .seen(format!("restartCount: {}", container.restarts()), None, place.clone())
            .seen(how, end.at(), format!("{place} last state"))
            .seen_all(containers::log_evidence(graph, pod.object, container))
            .look_at(graph.shell("kubectl logs {} -n {} -c {} --previous", &[name, namespace, container.name()]))
            .mended_by(Remedy::change(
                "The last lines of its log say why it ended; after OOMKilled raise its memory limit. Mend it before it fails for good, and push.",
                "RESTARTS stays as it is",
            ))
            .documented("https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy"),
    )
}
