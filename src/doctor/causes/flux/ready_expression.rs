//! A dependency is Ready, but the readyExpr of the one that waits says no.

use super::failure::{Failure, after, kustomizations, then_push};
use crate::doctor::Cause;
use crate::doctor::live::text;
use crate::doctor::message::{between, short};
use crate::doctor::{Diagnosis, LiveGraph};
use crate::model::State;

pub(super) const CAUSE: Cause = Cause { id: "ready-expression", title: "A readyExpr keeps saying no", find };

/// A rollout of the dependency takes its time; after that the expression itself is in doubt.
const PATIENCE_MINUTES: i64 = 5;

/// fluxcd/pkg/runtime 0.88: `failed to evaluate the CEL expression 'E': no such key: K`.
const FAILED_TO_EVALUATE: &str = "failed to evaluate the CEL expression '";

/// Names the dependency that has an expression.
fn of_expression(failure: &Failure<'_>, expression: &str) -> Option<String> {
    let on = failure.live.items("/spec/dependsOn").iter().find(|one| text(one, "/readyExpr") == expression)?;
    let namespace = match text(on, "/namespace") {
        "" => &failure.object().namespace,
        namespace => namespace,
    };
    Some(format!("{namespace}/{}", text(on, "/name")))
}

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let found = kustomizations(graph).filter_map(|failure| {
        let object = failure.object();
        let is_invalid = failure.said.reason == "InvalidCELExpression";
        let unevaluated = between(failure.message(), FAILED_TO_EVALUATE, "': ");
        if !is_invalid && unevaluated.is_none() && !failure.says("is not ready according to readyExpr eval") {
            return None;
        }
        let of_expression = unevaluated.and_then(|expression| of_expression(&failure, expression));
        let named = of_expression.as_deref().or_else(|| between(failure.message(), "dependency '", "'"));
        let named = named.unwrap_or_default();
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
        let mut expressions = failure.live.items("/spec/dependsOn").iter().map(|one| text(one, "/readyExpr"));
        let expression = unevaluated.or_else(|| expressions.find(|one| !one.is_empty()));
        let expression = expression.map(short).unwrap_or_default();
        let message = if unevaluated.is_some() {
            let why = after(failure.message(), &format!("{expression}': "));
            format!("{} waits for {named}, which is Ready, because its readyExpr cannot be evaluated: {why}", object.told())
        } else if is_invalid {
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
        let what = if is_invalid && failure.says("healthcheck") {
            "Correct the expression in spec.healthCheckExprs (the fields of the object stand there without a name before them: status.phase == 'Ready'), and push."
        } else {
            "Correct the expression (self is the Kustomization that waits, dep the one that it waits for), and push."
        };
        Some(then_push(graph, found, object, what))
    });
    found.collect()
}
