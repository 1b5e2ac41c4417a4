//! An API that a server in the cluster serves is not available.

use serde_json::Value;

use super::{for_long, found_service};
use crate::doctor::message::short;
use crate::doctor::{Cause, Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::kinds;
use crate::model::{Condition, State};

pub(super) const CAUSE: Cause =
    Cause { id: "api-service-unavailable", title: "An API of the cluster is not available", find };

/// The kube-aggregator writes Available=False with `ServiceNotFound`, `EndpointsNotFound`, `MissingEndpoints`,
/// `ServicePortError` or `FailedDiscoveryCheck`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    unavailable(graph).into_iter().filter_map(|(api, condition)| diagnosis(graph, &api, &condition)).collect()
}

/// Lists the APIs that are not available.
pub(super) fn unavailable(graph: &LiveGraph) -> Vec<(LiveObject<'_>, Condition)> {
    let all = graph.all("apiregistration.k8s.io", "APIService");
    let found = all.filter(|api| !api.is_deleting() && !api.text("/spec/service/name").is_empty()).filter_map(|api| {
        let condition = api.condition("Available").filter(|one| one.status == "False")?;
        graph.is_past(condition.last_transition_time, 60).then_some((api, condition))
    });
    found.collect()
}

fn diagnosis(graph: &LiveGraph, api: &LiveObject<'_>, condition: &Condition) -> Option<Diagnosis> {
    let (namespace, name) = (api.text("/spec/service/namespace"), api.text("/spec/service/name"));
    let service = found_service(graph, namespace, name).found();
    // Where the pods behind it fail, they are what is at fault.
    if let Some(service) = &service
        && workloads_behind(graph, service)
            .iter()
            .any(|live| graph.row(live.object).is_some_and(|row| !matches!(row.state, State::Ready | State::Suspended)))
    {
        return None;
    }
    let off = service.and_then(|service| {
        workloads_behind(graph, &service).into_iter().find(|live| live.number("/spec/replicas") == Some(0))
    });
    let why = match &off {
        Some(workload) => format!("{} is scaled to 0", workload.object.told()),
        None => short(&condition.message),
    };
    let object = api.object;
    let message = format!(
        "{} {}: {why}",
        object.told(),
        for_long(graph.now, condition.last_transition_time, ["is not available", "has not been available for"])
    );
    let fix = match condition.reason.as_str() {
        "ServiceNotFound" => {
            "Install what serves this API again, or delete the APIService that it left behind: it slows discovery, and namespaces cannot be deleted meanwhile."
        }
        "FailedDiscoveryCheck" => {
            "The API server does not reach the pods: look at their certificate, at a NetworkPolicy or firewall between the control plane and the pods, and at hostNetwork."
        }
        _ => "Bring the pods behind the Service back.",
    };
    let found = Diagnosis::new(CAUSE.id, object, message)
        .seen(
            format!("{}: {}", condition.reason, condition.message),
            condition.last_transition_time,
            format!("{} condition Available=False", object.told()),
        )
        .seen_all([api.field_evidence("spec.service", &format!("{namespace}/{name}"))])
        .look_at(graph.describe(object))
        .look_at(graph.shell("kubectl get service,endpointslices,pods -n {}", &[namespace]))
        .documented("https://kubernetes.io/docs/tasks/extend-kubernetes/configure-aggregation-layer/");
    Some(match off {
        Some(workload) => found.mended_by(Remedy::new(
            graph.shell(
                "kubectl scale {} -n {} --replicas=1",
                &[&format!("{}/{}", workload.object.kind.to_lowercase(), workload.object.name), namespace],
            ),
            "Nothing serves the API while no pod runs; where Git declares the number, change it there.",
            "Available True",
        )),
        None => found.mended_by(Remedy::change(fix, "Available True")),
    })
}

/// Finds the workloads whose pods a Service selects.
fn workloads_behind<'a>(graph: &'a LiveGraph, service: &LiveObject<'_>) -> Vec<LiveObject<'a>> {
    let Some(selector) =
        service.value.pointer("/spec/selector").and_then(Value::as_object).filter(|one| !one.is_empty())
    else {
        return Vec::new();
    };
    let all = kinds::WORKLOADS.iter().flat_map(|kind| graph.all(kind.group, kind.kind));
    let own = all.filter(|live| live.object.namespace == service.object.namespace);
    own.filter(|live| {
        let labels = live.value.pointer("/spec/template/metadata/labels");
        selector.iter().all(|(key, value)| labels.and_then(|labels| labels.get(key)) == Some(value))
    })
    .collect()
}
