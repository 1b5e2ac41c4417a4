//! A `LimitRange` refuses pods.

use super::refusals::{self, Admission};
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause = Cause { id: "limit-range", title: "A LimitRange refuses pods", find };

/// `pods "web-0" is forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = refusals::refused(graph, Admission::LimitRange);
    let found = all.iter().map(|one| {
        let namespace = &one.workload.namespace;
        let message = format!(
            "A LimitRange of namespace {namespace} refuses pods of {}{}",
            one.workload.told(),
            refusals::plain(&one.said)
        );
        one.diagnosis(CAUSE.id, &one.workload, message)
            .look_at(graph.shell("kubectl describe limitrange -n {}", &[namespace]))
            .mended_by(Remedy::change(
                "Set requests and limits of the containers within the range, or widen the LimitRange, and push.",
                "the controller makes the pods",
            ))
            .documented("https://kubernetes.io/docs/concepts/policy/limit-range/")
    });
    found.collect()
}
