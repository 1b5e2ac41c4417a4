//! A CEL expression of a release is not met although the other release is ready, or is no valid one.

use super::{MANUAL, failing};
use crate::doctor::Cause;
use crate::doctor::live::text;
use crate::doctor::message::{between, short};
use crate::doctor::{Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::kinds;
use crate::model::{Condition, ObjectRef, State};

pub(super) const CAUSE: Cause =
    Cause { id: "release-expression-not-met", title: "An expression of a release is wrong or not met", find };

/// helm-controller 1.4 to 1.6: `DependencyNotReady`, `dependency 'apps/db' is not ready according to readyExpr eval`, and
/// Stalled, `InvalidCELExpression`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let unmet = failing(graph, "DependencyNotReady").filter_map(|(live, ready)| unmet(graph, &live, &ready));
    let invalid = failing(graph, "InvalidCELExpression").map(|(live, ready)| {
        let message = format!("{} has an expression that is not valid: {}", live.object.told(), short(&ready.message));
        about(graph, Diagnosis::new(CAUSE.id, live.object, message), &live, &ready)
    });
    unmet.chain(invalid).collect()
}

fn unmet(graph: &LiveGraph, live: &LiveObject<'_>, ready: &Condition) -> Option<Diagnosis> {
    if let Some((expression, why)) = unevaluated(&ready.message) {
        return cannot_be_evaluated(graph, live, ready, expression, why);
    }
    let named = between(&ready.message, "dependency '", "' is not ready according to readyExpr")?;
    let (namespace, name) = named.split_once('/')?;
    let other = kinds::HELM_RELEASE.object(namespace, name);
    // One that is not ready itself is looked into there.
    graph.row(&other).filter(|row| row.state == State::Ready)?;
    let is_it = |one: &&serde_json::Value| {
        one.get("name").and_then(serde_json::Value::as_str) == Some(name) && one.get("readyExpr").is_some()
    };
    let expression = live.items("/spec/dependsOn").iter().find(is_it)?.get("readyExpr")?.as_str()?;
    let said = format!("says no: {}", short(expression));
    Some(waiting(graph, (live, ready), &other, expression, &said))
}

/// Cuts the expression and the error out of `failed to evaluate the CEL expression 'E': no such key: K`.
fn unevaluated(said: &str) -> Option<(&str, &str)> {
    said.split_once("failed to evaluate the CEL expression '")?.1.split_once("': ")
}

fn cannot_be_evaluated(
    graph: &LiveGraph,
    live: &LiveObject<'_>,
    ready: &Condition,
    expression: &str,
    why: &str,
) -> Option<Diagnosis> {
    let on = live.items("/spec/dependsOn").iter().find(|one| text(one, "/readyExpr") == expression)?;
    let namespace = match text(on, "/namespace") {
        "" => &live.object.namespace,
        namespace => namespace,
    };
    let other = kinds::HELM_RELEASE.object(namespace, text(on, "/name"));
    // A field of one that is not ready may come with it.
    graph.row(&other).filter(|row| row.state == State::Ready)?;
    let said = format!("cannot be evaluated: {}", short(why));
    Some(waiting(graph, (live, ready), &other, expression, &said))
}

/// Tells that a release waits for another that is Ready, by what its expression says.
fn waiting(
    graph: &LiveGraph,
    (live, ready): (&LiveObject<'_>, &Condition),
    other: &ObjectRef,
    expression: &str,
    said: &str,
) -> Diagnosis {
    let message = format!("{} waits although {} is Ready: its readyExpr {said}", live.object.told(), other.told());
    let diagnosis = Diagnosis::new(CAUSE.id, live.object, message)
        .seen_all([live.field_evidence("spec.dependsOn[].readyExpr", expression)]);
    about(graph, diagnosis, live, ready).look_at(graph.yaml(other))
}

fn about(graph: &LiveGraph, diagnosis: Diagnosis, live: &LiveObject<'_>, ready: &Condition) -> Diagnosis {
    diagnosis
        .seen_all([live.condition_evidence(ready)])
        .look_at(graph.yaml(live.object))
        .mended_by(Remedy::change(
            "Correct the expression: it is asked about `dep`, the other release, and `self`, and replaces the check that the other is Ready.",
            "Ready True within 30 s of the change",
        ))
        .documented(&format!("{MANUAL}#dependency-ready-expression"))
}
