//! An admission webhook does not answer, so that nothing of its kinds can be applied.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::failure::{Failure, after, appliers, then_reconcile};
use super::retry_pending;
use crate::doctor::Cause;
use crate::doctor::causes::admission_webhooks::{WebhookCall, configured, is_call_of, service_of};
use crate::doctor::causes::workloads::pods_refused_by;
use crate::doctor::live::text;
use crate::doctor::{Diagnosis, LiveGraph, LiveObject, Lookup, Remedy};
use crate::model::text::some_of;
use crate::model::{ObjectRef, State};

pub(super) const CAUSE: Cause = Cause { id: "webhook-down", title: "An admission webhook does not answer", find };

/// Webhooks of one Service fail together, and so do the pods that they judge: one root holds back all of them.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let mut by_service: BTreeMap<String, Vec<Failure<'_>>> = BTreeMap::new();
    for failure in appliers(graph) {
        if let Some(call) = WebhookCall::parse(failure.message()) {
            // Two installations of one chart have webhooks of one name.
            by_service.entry(call.answered_by()).or_default().push(failure);
        }
    }
    by_service.iter().flat_map(|(service, failures)| diagnoses(graph, service, failures)).collect()
}

fn diagnoses(graph: &LiveGraph, answered_by: &str, failures: &[Failure<'_>]) -> Vec<Diagnosis> {
    let Some(first) = failures.first() else { return Vec::new() };
    let calls: Vec<WebhookCall<'_>> =
        failures.iter().filter_map(|failure| WebhookCall::parse(failure.message())).collect();
    let Some(WebhookCall { name, service: called }) = calls.first().cloned() else { return Vec::new() };
    let refused = pods_refused_by(graph, answered_by);
    let configuration = configured(graph, name, called.as_ref());
    let service = configuration.and_then(|(_, webhook)| service_of(webhook)).or(called);
    let deployment = service.as_ref().and_then(|service| serving(graph, service));
    let is_up = deployment
        .and_then(|live| graph.row(live.object))
        .is_some_and(|row| row.state == State::Ready && !row.message.contains("scaled to 0"));
    let unanswered = ["connection refused", "no endpoints available", "not found", "no route to host"];
    if is_up && first.says_any(&unanswered) {
        let mended = format!("its admission webhook {name} answers again");
        let mut pending: Vec<Diagnosis> =
            failures.iter().map(|failure| retry_pending::of(graph, failure, &mended)).collect();
        if let Some(first) = pending.first_mut() {
            first.explains.extend(refused);
        }
        return pending;
    }
    let is_service_missing = service.as_ref().is_some_and(|service| graph.get(service).is_absent());
    let object = match (deployment, &service, configuration) {
        (Some(live), ..) if !is_up => live.object.clone(),
        (_, _, Some((live, _))) => live.object.clone(),
        (_, Some(service), None) => service.clone(),
        (_, None, None) => first.object().clone(),
    };
    let told: Vec<String> = failures.iter().map(|failure| failure.object().told()).collect();
    let names: BTreeSet<&str> = calls.iter().map(|call| call.name).collect();
    let (noun, verb) = if names.len() > 1 { ("webhooks", "do") } else { ("webhook", "does") };
    let names = Vec::from_iter(names).join(", ");
    let state = match (deployment, &service) {
        _ if first.says("x509:") => "the API server does not trust its certificate (caBundle)".to_owned(),
        (Some(live), _) if !is_up => format!(
            "{} has {} of {} pods ready",
            live.object.told(),
            live.number("/status/readyReplicas").unwrap_or(0),
            live.number("/spec/replicas").unwrap_or(1)
        ),
        (_, Some(service)) if is_service_missing => format!("{} does not exist", service.told()),
        _ => after(first.message(), "failed to call webhook"),
    };
    let message =
        format!("The admission {noun} {names} {verb} not answer, so {} cannot apply: {state}", some_of(&told, ", "));
    let mut found = first
        .found_at(CAUSE.id, &object, message)
        .explaining(failures.iter().map(|failure| failure.object().clone()))
        .explaining(refused);
    if let Some((live, webhook)) = configuration {
        let policy = text(webhook, "/failurePolicy");
        found = found.seen_all([live.field_evidence(
            &format!("webhooks {name} failurePolicy"),
            if policy.is_empty() { "Fail" } else { policy },
        )]);
        found = found.look_at(graph.describe(live.object));
    }
    if let Some(service) = &service {
        found = found.look_at(graph.shell(
            "kubectl get endpointslices -n {} -l kubernetes.io/service-name={}",
            &[&service.namespace, &service.name],
        ));
    }
    Vec::from([finished(
        graph,
        found,
        deployment.filter(|_| !is_up),
        configuration.map(|(live, _)| live),
        is_service_missing,
        first,
    )])
}

/// Reports whether something that Flux applies is refused because one Service does not answer as a webhook.
pub(in crate::doctor::causes) fn is_webhook_refusing_appliers(graph: &LiveGraph, answered_by: &str) -> bool {
    appliers(graph).any(|failure| is_call_of(failure.message(), answered_by))
}

fn finished(
    graph: &LiveGraph,
    found: Diagnosis,
    deployment: Option<LiveObject<'_>>,
    configuration: Option<LiveObject<'_>>,
    is_service_missing: bool,
    failure: &Failure<'_>,
) -> Diagnosis {
    let mut found = found.documented(
        "https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#failure-policy",
    );
    if let Some(live) = deployment {
        let object = live.object;
        // Pods that fail have a cause of their own; scaled to 0 is this cause itself.
        if live.number("/spec/replicas") == Some(0) {
            let line =
                graph.shell("kubectl scale deployment {} -n {} --replicas=1", &[&object.name, &object.namespace]);
            found = found.mended_by(Remedy::new(line, "Nothing answers the webhook while it has no pod.", "1/1 ready"));
        } else {
            found = found.unless_deeper();
        }
        found = found.look_at(graph.describe(object));
    }
    if let Some(live) = configuration.filter(|_| is_service_missing) {
        let kind = live.object.kind.to_lowercase();
        let line = graph.shell("kubectl delete {} {}", &[&kind, &live.object.name]);
        let why = "Where its operator was removed for good, the configuration is a remainder that blocks every change of its kinds.";
        found = found.mended_by(Remedy::new(line, why, "the objects can be applied").by("delete", live.object));
    }
    then_reconcile(graph, found, failure.object())
}

/// Finds the Deployment behind a service: its pods have the labels that the service selects.
pub(super) fn serving<'a>(graph: &'a LiveGraph, service: &ObjectRef) -> Option<LiveObject<'a>> {
    let Lookup::Found(live) = graph.get(service) else { return None };
    let selector =
        live.value.pointer("/spec/selector").and_then(Value::as_object).filter(|labels| !labels.is_empty())?;
    graph.all("apps", "Deployment").filter(|one| one.object.namespace == service.namespace).find(|one| {
        let labels = one.value.pointer("/spec/template/metadata/labels");
        labels.is_some_and(|labels| selector.iter().all(|(name, value)| labels.get(name) == Some(value)))
    })
}
