//! The API server refuses pods for a reason in words that are not known.

use super::refusals::{self, Admission};
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause = Cause { id: "pod-refused", title: "The API server refuses pods", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = refusals::refused(graph, Admission::Other);
    let found = all.iter().map(|one| {
        let message =
            format!("The API server refuses the pods of {}{}", one.workload.told(), refusals::plain(&one.said));
        one.diagnosis(CAUSE.id, &one.workload, message)
            .look_at(graph.describe(&one.workload))
            .mended_by(Remedy::change(
                "Correct the pod template as the message says, and push.",
                "the controller makes the pods",
            ))
            .documented("https://kubernetes.io/docs/tasks/debug/debug-application/debug-pods/")
    });
    found.collect()
}
