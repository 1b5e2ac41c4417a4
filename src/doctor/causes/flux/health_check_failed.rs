//! A Kustomization waits for the health of what it applied, and it does not come.

use super::dependency_suspended::holding;
use super::failure::{Failure, failed_for, then_reconcile};
use crate::doctor::Cause;
use crate::doctor::causes::elsewhere::{self, elsewhere};
use crate::doctor::live::text;
use crate::doctor::message::objects;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};
use crate::kinds;
use crate::model::text::some_of;
use crate::model::{Condition, ObjectRef, State};

pub(super) const CAUSE: Cause = Cause { id: "health-check-failed", title: "A health check failed", find };

/// Definitions and namespaces are waited for before the rest is applied: `timeout waiting for: [Namespace/n status:
/// 'Terminating']` with the reason `ReconciliationFailed`.
///
/// kustomize-controller 1.7 says `health check failed after 5m0s: timeout waiting for: [Kind/ns/n status: 'InProgress', …]`.
/// What the condition Reconciling says during a health check.
const CHECKS: &str = "Running health checks for revision ";

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let staged = failed_for(graph, "ReconciliationFailed")
        .filter(|failure| failure.message().starts_with("timeout waiting for: ["));
    let found = failed_for(graph, "HealthCheckFailed").chain(staged).chain(repeated(graph)).filter_map(|failure| {
        // Below it stands what was applied before.
        let named = objects(failure.message().lines().next().unwrap_or_default());
        let is_ready = |object: &ObjectRef| graph.row(object).is_some_and(|row| row.state == State::Ready);
        let is_mended = !named.is_empty() && named.iter().all(is_ready);
        if is_mended || !holding(graph, &failure).is_empty() {
            return None;
        }
        let object = failure.object();
        let told: Vec<String> = named.iter().filter(|one| !is_ready(one)).map(ObjectRef::told).collect();
        let what = if told.is_empty() { "what it applied".to_owned() } else { some_of(&told, ", ") };
        // One that nothing applies is named in spec.healthChecks.
        let absent: Vec<&ObjectRef> =
            named.iter().filter(|one| failure.says(&format!("{} status: 'NotFound'", one.told())) && graph.get(one).is_absent()).collect();
        let expressions: Vec<(&str, &str)> = named.iter().flat_map(|one| expressions_for(&failure, one)).collect();
        let how = if failure.says("failed early") {
            "has failed"
        } else if !absent.is_empty() && absent.len() == named.len() {
            "does not exist"
        } else {
            "does not become ready"
        };
        let is_unevaluated = failure.says("failed to evaluate the CEL expression");
        let by = match expressions.as_slice() {
            [] => "",
            _ if is_unevaluated => ": its healthCheckExprs cannot be evaluated on it",
            _ => " by its healthCheckExprs",
        };
        let other = absent.first().and_then(|one| elsewhere(graph, one));
        let hint = elsewhere::told(other.as_ref());
        let message = format!("{} waits for {what}, which {how}{by}{hint}", object.told());
        let mut found = failure
            .found(CAUSE.id, message)
            .unless_deeper()
            .documented("https://fluxcd.io/flux/components/kustomize/kustomizations/#health-checks");
        if failure.live.condition("Ready").is_some_and(|ready| ready.status != "False") {
            for one in &mut found.evidence {
                one.from = format!("event HealthCheckFailed of {}", object.told());
            }
        }
        found = absent.iter().fold(found, |found, one| found.lacking(one));
        for (field, expression) in &expressions {
            found = found.seen_all([failure.live.field_evidence(&format!("spec.healthCheckExprs[].{field}"), expression)]);
        }
        if !expressions.is_empty() {
            found = found.mended_by(Remedy::change(
                "Compare the expression with the object's fields: mend what the object lacks, or correct the expression (a field that is not there counts as not ready), and push.",
                "Ready True",
            ));
        }
        if !absent.is_empty() {
            found = found.mended_by(Remedy::change(
                "Correct kind, name and namespace in spec.healthChecks, or add the object, and push.",
                "Ready True",
            ));
        }
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

/// Finds health checks that failed and are being repeated: `Ready` is Unknown then for as long as they take, mostly longer
/// than the pause between two of them. `status.history` says how the run before ended (kustomize-controller 1.7), the event
/// on what it waited.
fn repeated(graph: &LiveGraph) -> impl Iterator<Item = Failure<'_>> {
    let kind = kinds::KUSTOMIZATION;
    let under_way = graph.not_ready(kind.group, kind.kind).filter(|live| {
        graph.row(live.object).is_some_and(|row| row.state == State::Progressing)
            && live.condition("Reconciling").is_some_and(|one| one.status == "True" && one.message.starts_with(CHECKS))
            && live.text("/status/history/0/lastReconciledStatus") == "HealthCheckFailed"
            && !live.is_true("/spec/suspend")
            && !live.is_deleting()
    });
    under_way.filter_map(|live| {
        let checks = live.condition("Reconciling")?;
        // A new revision may mend it.
        let failed = live.text("/status/history/0/metadata/revision");
        let is_same = checks.message.strip_prefix(CHECKS)?.split(' ').next() == Some(failed);
        let event = graph.event(live.object, &["HealthCheckFailed"]).filter(|_| is_same)?;
        let said = Condition {
            kind: "Ready".to_owned(),
            status: "False".to_owned(),
            reason: "HealthCheckFailed".to_owned(),
            message: event.message.clone(),
            last_transition_time: event.at,
            ..checks
        };
        Some(Failure { live, said })
    })
}

/// Finds the expressions that judge an object, each with its field.
fn expressions_for<'a>(failure: &Failure<'a>, object: &ObjectRef) -> Vec<(&'static str, &'a str)> {
    let is_for = |one: &&serde_json::Value| {
        let group = crate::model::api_group(text(one, "/apiVersion"));
        text(one, "/kind") == object.kind && (object.is_open() || group == object.group)
    };
    let found = failure.live.items("/spec/healthCheckExprs").iter().filter(is_for);
    let fields =
        found.flat_map(|one| ["current", "inProgress", "failed"].map(|field| (field, text(one, &format!("/{field}")))));
    fields.filter(|(_, expression)| !expression.is_empty()).collect()
}
