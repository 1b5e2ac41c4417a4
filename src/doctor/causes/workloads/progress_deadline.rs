//! A rollout made no progress in its time.

use crate::doctor::message::short;
use crate::doctor::{Cause, Diagnosis, LiveGraph};

pub(super) const CAUSE: Cause =
    Cause { id: "progress-deadline", title: "A rollout made no progress in its time", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let found = graph.all("apps", "Deployment").filter_map(|live| {
        let condition =
            live.condition("Progressing").filter(|condition| condition.reason == "ProgressDeadlineExceeded")?;
        if live.number("/status/observedGeneration") != live.number("/metadata/generation") {
            return None;
        }
        let object = live.object;
        let seconds = live.number("/spec/progressDeadlineSeconds").unwrap_or(600);
        let ready = live.number("/status/readyReplicas").unwrap_or_default();
        let wanted = live.number("/spec/replicas").unwrap_or(1);
        let message = format!(
            "The rollout of {} made no progress for {seconds} s: {ready} of {wanted} pods are ready; {}",
            object.told(),
            short(&condition.message)
        );
        Some(
            Diagnosis::new(CAUSE.id, object, message)
                .unless_deeper()
                .seen_all([live.condition_evidence(&condition)])
                .look_at(graph.describe(object))
                .look_at(graph.shell("kubectl rollout status deployment {} -n {}", &[&object.name, &object.namespace]))
                .documented("https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#failed-deployment"),
        )
    });
    found.collect()
}
