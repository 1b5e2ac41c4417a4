//! A dependency is Ready, but the readyExpr of the one that waits says no.

use super::failure::{kustomizations, then_push};
use crate::doctor::Cause;
use crate::doctor::live::text;
use crate::doctor::message::{between, short};
use crate::doctor::{Diagnosis, LiveGraph};
use crate::model::State;

pub(super) const CAUSE: Cause = Cause { id: "ready-expression", title: "A readyExpr keeps saying no", find };

/// A rollout of the dependency takes its time; after that the expression itself is in doubt.
const PATIENCE_MINUTES: i64 = 5;

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let found = kustomizations(graph).filter_map(|failure| {
        let object = failure.object();
        let is_invalid = failure.said.reason == "InvalidCELExpression";
        if !is_invalid && !failure.says("is not ready according to readyExpr eval") {
            return None;
        }
        let named = between(failure.message(), "dependency '", "'").unwrap_or_default();
        let on = graph
            .row(object)?
            .flux
            .as_ref()?
            .depends_on
            .iter()
            .find(|one| format!("{}/{}", one.namespace, one.name) == named);
        // One that is not Ready itself has a cause of its own.
        let is_ready = on.and_then(|on| graph.row(on)).is_some_and(|row| row.state == State::Ready);
        let waits = failure.said.last_transition_time.map_or(0, |since| graph.now.duration_since(since).as_mins());
        if !is_invalid && (!is_ready || waits < PATIENCE_MINUTES) {
            return None;
        }
        let expressions = failure.live.items("/spec/dependsOn").iter().map(|one| text(one, "/readyExpr"));
        let expression = expressions.filter(|one| !one.is_empty()).map(short).next().unwrap_or_default();
        let message = if is_invalid {
            format!("{} has an expression that is no valid CEL: {}", object.told(), short(failure.message()))
        } else {
            format!("{} waits for {named}, which is Ready, because its readyExpr says no: {expression}", object.told())
        };
        let mut found = failure.found(CAUSE.id, message);
        if !expression.is_empty() {
            found = found.seen_all([failure.live.field_evidence("spec.dependsOn[].readyExpr", &expression)]);
        }
        let found = found
            .look_at(graph.yaml(object))
            .documented("https://fluxcd.io/flux/components/kustomize/kustomizations/#dependency-ready-expression");
        let what =
            "Correct the expression (self is the Kustomization that waits, dep the one that it waits for), and push.";
        Some(then_push(graph, found, object, what))
    });
    found.collect()
}
