//! A Service has no pods behind it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::routing::{self, Workloads};
use crate::doctor::{Cause, Diagnosis, LiveGraph, LiveObject, Lookup, Remedy};
use crate::kinds;
use crate::model::ObjectRef;

pub(super) const CAUSE: Cause =
    Cause { id: "service-without-endpoints", title: "A Service has no pods behind it", find };

/// Looks at the Services that something routes to, and at those whose selector comes near to a workload's labels. One
/// whose workload is there is that workload's matter: it is not ready, or was scaled to 0 on purpose.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let mut routes: BTreeMap<ObjectRef, &ObjectRef> = BTreeMap::new();
    for one in routing::routed(graph) {
        routes.entry(one.service).or_insert(one.route);
    }
    if kinds::WORKLOADS.iter().any(|kind| !graph.is_listed(kind.group, kind.kind)) {
        return Vec::new();
    }
    let workloads = Workloads::of(graph);
    let found = graph.all("", "Service").filter_map(|service| {
        let is_young = !graph.is_past(service.created(), 120);
        let is_plain = service.text("/spec/type") != "ExternalName" && service.text("/spec/clusterIP") != "None";
        let selector = service.value.pointer("/spec/selector").and_then(Value::as_object)?;
        let is_own = service.owner().is_none() && !service.is_deleting();
        if is_young || !is_plain || !is_own || selector.is_empty() || !workloads.behind(&service).is_empty() {
            return None;
        }
        let route = routes.get(service.object).copied();
        let near = nearest(&workloads, &service);
        if route.is_none() && near.is_none() {
            return None;
        }
        // Pods that no workload made, such as those of an operator, stand in it too.
        let endpoints = service.beside("Endpoints", "", &service.object.name);
        let Lookup::Found(endpoints) = graph.get(&endpoints) else { return None };
        let has_any = ["addresses", "notReadyAddresses"].iter().any(|field| {
            endpoints
                .items("/subsets")
                .iter()
                .any(|subset| subset.get(field).and_then(Value::as_array).is_some_and(|all| !all.is_empty()))
        });
        (!has_any).then(|| diagnosis(graph, &service, route, near.as_ref()))
    });
    found.collect()
}

/// Finds a workload of the namespace whose pods have all labels that a Service asks for, with another value.
fn nearest<'a>(workloads: &Workloads<'a>, service: &LiveObject<'_>) -> Option<LiveObject<'a>> {
    let selector = service.value.pointer("/spec/selector").and_then(Value::as_object)?;
    let has_keys = |live: &LiveObject<'_>| {
        let labels = routing::template_labels(live);
        selector.keys().all(|key| labels.get(key).is_some())
    };
    let same = |live: &LiveObject<'_>| {
        let labels = routing::template_labels(live);
        selector.iter().filter(|(key, value)| labels.get(key) == Some(value)).count()
    };
    let near = workloads.in_namespace(&service.object.namespace).iter().copied().filter(has_keys);
    // Where several values differ, it may be the Service of a part that is switched off; a single label says nothing of
    // what was meant unless the names do.
    let is_meant = |live: &LiveObject<'_>| selector.len() > 1 || live.object.name == service.object.name;
    let near = near.filter(|live| same(live) + 1 == selector.len() && is_meant(live));
    near.max_by_key(|live| (same(live), live.object.name == service.object.name))
}

fn diagnosis(
    graph: &LiveGraph,
    service: &LiveObject<'_>,
    route: Option<&ObjectRef>,
    near: Option<&LiveObject<'_>>,
) -> Diagnosis {
    let object = service.object;
    let written = |labels: &Value| {
        let all = labels.as_object().into_iter().flatten();
        all.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())).collect::<Vec<_>>().join(",")
    };
    let selector = service.value.pointer("/spec/selector").map(written).unwrap_or_default();
    let instead = near.map(|live| {
        let labels = routing::template_labels(live);
        let asked = service.value.pointer("/spec/selector").and_then(Value::as_object);
        let other = asked.into_iter().flatten().find(|(key, value)| labels.get(key.as_str()) != Some(value));
        let told =
            other.map(|(key, _)| format!("{key}={}", labels.get(key).and_then(Value::as_str).unwrap_or_default()));
        format!("; the pods of {} have {}", live.object.told(), told.unwrap_or_default())
    });
    let routed = route.map(|route| format!(", and {} leads there", route.told())).unwrap_or_default();
    let message = format!(
        "{} has no endpoints: no pod has the labels {selector}{}{routed}",
        object.told(),
        instead.unwrap_or_default()
    );
    let mut found = Diagnosis::new(CAUSE.id, object, message)
        .seen_all([service.field_evidence("spec.selector", &selector)])
        .seen("subsets: none", None, format!("Endpoints/{}/{}", object.namespace, object.name))
        .look_at(graph.shell("kubectl get pods -n {} --show-labels", &[&object.namespace]))
        .look_at(graph.describe(object))
        .mended_by(Remedy::change(
            "Correct spec.selector of the Service, or the labels of the pod template, and push.",
            "kubectl describe service shows Endpoints",
        ))
        .documented("https://kubernetes.io/docs/tasks/debug/debug-application/debug-service/");
    found = match route {
        Some(route) => found.explaining([route.clone()]),
        None => found.warning(),
    };
    found
}
