//! A scheduling gate keeps pods from being scheduled.

use super::pods::{self, PodFault};
use crate::doctor::live::text;
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause = Cause { id: "pod-gated", title: "A scheduling gate holds pods", find };

/// The scheduler writes `PodScheduled=False`, `SchedulingGated`, `Scheduling is blocked due to non-empty scheduling gates`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = pods::with(graph, PodFault::Gated);
    let found = all.iter().map(|ill| {
        let gates = ill.pod.items("/spec/schedulingGates").iter().map(|gate| text(gate, "/name"));
        let gates = gates.collect::<Vec<_>>().join(", ");
        let message = format!(
            "The pods of {} are not scheduled: the scheduling gate {gates} was not taken away",
            ill.workload.told()
        );
        ill.diagnosis(CAUSE.id, message)
            .seen(format!("spec.schedulingGates: {gates}"), None, ill.pod.object.told())
            .look_at(graph.describe(ill.pod.object))
            .mended_by(Remedy::change(
                "See that the controller runs that takes the gate away (a queue, an operator of volumes or quotas), and what it waits for; where nothing does, remove schedulingGates from the pod template, and push.",
                "the pod has a node, and is Running",
            ))
            .documented("https://kubernetes.io/docs/concepts/scheduling-eviction/pod-scheduling-readiness/")
    });
    found.collect()
}
