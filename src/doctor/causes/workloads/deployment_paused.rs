//! A Deployment is paused, so that its present template is not rolled out.

use crate::doctor::{Cause, Diagnosis, LiveGraph, LiveObject, Remedy};

pub(super) const CAUSE: Cause = Cause { id: "deployment-paused", title: "A paused Deployment rolls nothing out", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let paused = graph.all("apps", "Deployment").filter(|live| live.is_true("/spec/paused") && !live.is_deleting());
    paused.filter_map(|live| diagnosis(graph, &live)).collect()
}

/// The controller counts pods of a paused Deployment, and makes no `ReplicaSet` of a new template (Kubernetes 1.34,
/// `deployment.Sync`).
fn diagnosis(graph: &LiveGraph, live: &LiveObject<'_>) -> Option<Diagnosis> {
    let object = live.object;
    let count = |field: &str| live.number(&format!("/status/{field}")).unwrap_or(0);
    let (wanted, updated) = (live.number("/spec/replicas").unwrap_or(1), count("updatedReplicas"));
    let is_rolled_out = updated >= wanted && count("replicas") <= updated;
    if wanted == 0
        || (is_rolled_out && live.number("/status/observedGeneration") == live.number("/metadata/generation"))
    {
        return None;
    }
    let ready = count("readyReplicas");
    let others = if ready > 0 { ", and those before it still run" } else { "" };
    let message = format!(
        "{} is paused (spec.paused): {updated} of {wanted} pods have its present template{others}",
        object.told()
    );
    let found = Diagnosis::new(CAUSE.id, object, message)
        .seen_all([live.field_evidence("spec.paused", "true")])
        .seen_all(live.condition("Progressing").map(|condition| live.condition_evidence(&condition)))
        .look_at(graph.shell("kubectl rollout history deployment {} -n {}", &[&object.name, &object.namespace]))
        .mended_by(Remedy::new(
            graph.shell("kubectl rollout resume deployment {} -n {}", &[&object.name, &object.namespace]),
            "Its controller rolls the present template out; look first why it was paused.",
            "the pods are updated and ready",
        ))
        .mended_by(Remedy::change("Where Git says spec.paused: true, remove it there and push.", "it stays resumed"))
        .documented(
            "https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#pausing-and-resuming-a-deployment",
        );
    Some(if ready > 0 { found.warning() } else { found })
}
