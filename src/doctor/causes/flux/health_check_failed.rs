//! A Kustomization waits for the health of what it applied, and it does not come.

use super::dependency_suspended::holding;
use super::failure::{failed_for, then_reconcile};
use crate::doctor::Cause;
use crate::doctor::message::objects;
use crate::doctor::{Diagnosis, LiveGraph};
use crate::model::text::some_of;
use crate::model::{ObjectRef, State};

pub(super) const CAUSE: Cause = Cause { id: "health-check-failed", title: "A health check failed", find };

/// kustomize-controller 1.7 says `health check failed after 5m0s: timeout waiting for: [Kind/ns/n status: 'InProgress', …]`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let found = failed_for(graph, "HealthCheckFailed").filter_map(|failure| {
        let named = objects(failure.message());
        let is_ready = |object: &ObjectRef| graph.row(object).is_some_and(|row| row.state == State::Ready);
        let is_mended = !named.is_empty() && named.iter().all(is_ready);
        if is_mended || !holding(graph, &failure).is_empty() {
            return None;
        }
        let object = failure.object();
        let told: Vec<String> = named.iter().filter(|one| !is_ready(one)).map(ObjectRef::told).collect();
        let what = if told.is_empty() { "what it applied".to_owned() } else { some_of(&told, ", ") };
        let how = if failure.says("failed early") { "has failed" } else { "does not become ready" };
        let message = format!("{} waits for {what}, which {how}", object.told());
        let mut found = failure
            .found(CAUSE.id, message)
            .unless_deeper()
            .documented("https://fluxcd.io/flux/components/kustomize/kustomizations/#health-checks");
        for one in named.iter().filter(|one| !is_ready(one)).take(3) {
            if !one.is_open()
                && let Some(live) = graph.get(one).found()
            {
                found = found.seen_all(live.condition("Ready").map(|ready| live.condition_evidence(&ready)));
            }
            found = found.look_at(graph.describe(one));
        }
        Some(then_reconcile(graph, found.look_at(graph.describe(object)), object))
    });
    found.collect()
}
