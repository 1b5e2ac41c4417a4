//! A container ends with an error again and again.

use super::containers;
use super::pods::{self, Ill, PodFault};
use crate::doctor::message::short;
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};
use crate::model::clock::age;

pub(super) const CAUSE: Cause = Cause { id: "crash-loop", title: "A container crashes again and again", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    pods::with(graph, PodFault::Crash).iter().map(|ill| diagnosis(graph, ill, CAUSE.id)).collect()
}

/// Tells a container that ends with an error.
pub(super) fn diagnosis(graph: &LiveGraph, ill: &Ill<'_>, cause: &'static str) -> Diagnosis {
    let end = ill.container.last_end();
    let how = end.map_or_else(|| "an error".to_owned(), |end| end.told());
    let log = containers::log_evidence(graph, ill.pod.object, &ill.container);
    let last = log.last().map(|line| format!(": {}", short(&line.text))).unwrap_or_default();
    let count = match ill.container.restarts() {
        0 => String::new(),
        1 => ", restarted once".to_owned(),
        count => format!(", restarted {count} times"),
    };
    let since = ill.at.map(|at| format!(", last {} ago", age(graph.now, at))).unwrap_or_default();
    let mut what = ill.of();
    if let Some(first) = what.get(..1).map(str::to_uppercase) {
        what = format!("{first}{}", what.get(1..).unwrap_or_default());
    }
    let message = format!("{what} ends with {how}{count}{since}{last}");
    let (name, namespace) = (&ill.pod.object.name, &ill.pod.object.namespace);
    let mut found = ill.diagnosis(cause, message).seen_all(log);
    let restarts = format!("restartCount: {}", ill.container.restarts());
    found = found.seen(restarts, None, format!("{} container {}", ill.pod.object.told(), ill.container.name()));
    found
        .look_at(graph.shell("kubectl logs {} -n {} -c {} --previous", &[name, namespace, ill.container.name()]))
        .look_at(graph.describe(ill.pod.object))
        .mended_by(Remedy::change(
            "The last lines of its log say why it ended: mend its configuration, its arguments or the image, and push. If it came with the last commit, revert that.",
            "the pod is Ready, and its RESTARTS stay as they are",
        ))
        .documented("https://kubernetes.io/docs/tasks/debug/debug-application/debug-pods/")
}
