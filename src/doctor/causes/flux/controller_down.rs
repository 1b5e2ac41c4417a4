//! A controller of Flux has no pod that is ready.

use super::controllers::{deployments, ready, unanswered};
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::kinds;

pub(super) const CAUSE: Cause = Cause { id: "controller-down", title: "A controller of Flux does not run", find };

/// A restart of a controller takes less.
const GRACE_SECONDS: i64 = 90;

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    deployments(graph).filter(|live| ready(live) == 0).filter_map(|live| diagnosis(graph, &live)).collect()
}

fn diagnosis(graph: &LiveGraph, live: &LiveObject<'_>) -> Option<Diagnosis> {
    let object = live.object;
    let is_off = live.number("/spec/replicas") == Some(0);
    let available = live.condition("Available");
    let since = available.as_ref().and_then(|condition| condition.last_transition_time).or_else(|| live.created());
    if !is_off && since.is_some_and(|since| graph.now.duration_since(since).as_secs() < GRACE_SECONDS) {
        return None;
    }
    let its: Vec<&str> = kinds::flux().filter(|kind| kind.controller == object.name).map(|kind| kind.kind).collect();
    let waiting = unanswered(graph, live);
    let how = if is_off {
        "is scaled to 0".to_owned()
    } else {
        format!("has 0 of {} pods ready", live.number("/spec/replicas").unwrap_or(1))
    };
    // Of several installations each has its own objects.
    let is_alone = !deployments(graph).any(|one| one.object.name == object.name && ready(&one) > 0);
    let whose = if is_alone { "any" } else { "its own" };
    let message = format!("{} {how}: nothing works on {whose} {}", object.told(), its.join(", "));
    let replicas = live.number("/spec/replicas").unwrap_or(1).to_string();
    let mut found = Diagnosis::new(CAUSE.id, object, message)
        .seen_all([
            live.field_evidence("spec.replicas", &replicas),
            live.field_evidence("status.readyReplicas", &ready(live).to_string()),
        ])
        .seen_all(available.map(|available| live.condition_evidence(&available)))
        .explaining(waiting)
        .look_at(graph.describe(object))
        .look_at(graph.shell("kubectl get pods -n {} -l app={}", &[&object.namespace, &object.name]))
        .documented("https://fluxcd.io/flux/installation/#verify-the-installation");
    if is_off {
        let typed = graph.shell("kubectl scale deployment {} -n {} --replicas=1", &[&object.name, &object.namespace]);
        found = found.mended_by(Remedy::new(
            typed,
            "It was scaled down by hand or by a patch in Git; there it must be taken back, too.",
            "1/1 ready, and what waits goes on by itself",
        ));
    } else {
        let typed = graph.shell("kubectl logs deployment/{} -n {} --tail=50", &[&object.name, &object.namespace]);
        found = found.unless_deeper().look_at(typed);
        let restart = graph.shell("kubectl rollout restart deployment {} -n {}", &[&object.name, &object.namespace]);
        found = found.mended_by(
            Remedy::new(restart, "With its cause mended, it starts anew and goes on where it stopped.", "1/1 ready")
                .by("restart", object),
        );
    }
    Some(found)
}
