//! An init container does not end.

use super::pods::{self, PodFault};
use crate::doctor::message::short;
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};
use crate::model::clock::age;

pub(super) const CAUSE: Cause = Cause { id: "init-container-waits", title: "An init container does not end", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = pods::with(graph, PodFault::InitWaits);
    let found = all.iter().map(|ill| {
        let (name, namespace) = (&ill.pod.object.name, &ill.pod.object.namespace);
        let lines = graph.log(ill.pod.object, ill.container.name(), false);
        let last = lines.iter().rev().map(|line| short(line)).find(|line| !line.is_empty());
        let says = last.as_ref().map(|line| format!("; it says: {line}")).unwrap_or_default();
        let long = ill.at.map(|at| age(graph.now, at)).unwrap_or_default();
        let message = format!("The {} has run for {long} and does not end, so the others do not start{says}", ill.of());
        let found = ill.diagnosis(CAUSE.id, message).unless_deeper();
        let found = match last {
            Some(line) => found.seen(line, None, format!("log of {} container {}", ill.pod.object.told(), ill.container.name())),
            None => found,
        };
        found
            .look_at(graph.shell("kubectl logs {} -n {} -c {}", &[name, namespace, ill.container.name()]))
            .mended_by(Remedy::change(
                "Its log says what it waits for, mostly a database or another service: mend that, or its address in the manifest.",
                "the init container is Completed, and the pod Running",
            ))
            .documented("https://kubernetes.io/docs/tasks/debug/debug-application/debug-init-containers/")
    });
    found.collect()
}
