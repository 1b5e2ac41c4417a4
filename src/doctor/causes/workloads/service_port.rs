//! A Service that is routed to names a port that its pods do not have.

use std::collections::BTreeSet;

use serde_json::Value;

use super::routing;
use crate::doctor::live::text;
use crate::doctor::{Cause, Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::model::State;

pub(super) const CAUSE: Cause =
    Cause { id: "service-port", title: "A Service names a port that its pods do not have", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    let all_workloads = routing::Workloads::of(graph);
    for one in routing::routed(graph) {
        let Some(service) = routing::service_of(graph, &one.service) else { continue };
        let ports = service.items("/spec/ports");
        let is_it = |port: &&Value| match one.port {
            Value::String(name) => text(port, "/name") == name,
            number => port.get("port") == Some(number),
        };
        // A port that the Service lacks is the route's matter.
        let Some(target) =
            ports.iter().find(is_it).map(|port| text(port, "/targetPort")).filter(|name| !name.is_empty())
        else {
            continue;
        };
        let workloads = all_workloads.behind(&service);
        let all_ready =
            workloads.iter().all(|live| graph.row(live.object).is_some_and(|row| row.state == State::Ready));
        if workloads.is_empty() || !all_ready || workloads.iter().any(|live| has_port(live, target)) {
            continue;
        }
        if seen.insert((service.object.clone(), target.to_owned())) {
            found.push(diagnosis(graph, &service, &one, target, &workloads));
        }
    }
    found
}

/// Iterates over the names of the ports of a workload's pods.
fn names<'a>(live: &LiveObject<'a>) -> impl Iterator<Item = &'a str> {
    let lists = ["/spec/template/spec/containers", "/spec/template/spec/initContainers"];
    let containers = lists.map(|list| live.items(list)).into_iter().flatten();
    let ports = containers.filter_map(|one| one.get("ports")?.as_array()).flatten();
    ports.map(|port| text(port, "/name")).filter(|name| !name.is_empty())
}

fn has_port(live: &LiveObject<'_>, name: &str) -> bool {
    names(live).any(|one| one == name)
}

fn diagnosis(
    graph: &LiveGraph,
    service: &LiveObject<'_>,
    one: &routing::Routed<'_>,
    target: &str,
    workloads: &[LiveObject<'_>],
) -> Diagnosis {
    let object = service.object;
    let there: Vec<&str> = workloads.iter().flat_map(names).take(5).collect();
    let there = if there.is_empty() { "they name none".to_owned() } else { format!("they name {}", there.join(", ")) };
    let pods = workloads.first().map(|live| live.object.told()).unwrap_or_default();
    let message = format!(
        "{} leads to port {target} of the pods of {pods}, and there is none of that name ({there}); {} gets no answer",
        object.told(),
        one.route.told()
    );
    Diagnosis::new(CAUSE.id, object, message)
        .explaining([one.route.clone()])
        .seen_all([service.field_evidence("spec.ports.targetPort", target)])
        .look_at(graph.describe(object))
        .mended_by(Remedy::change(
            "Correct targetPort of the Service, or name the container's port so, and push.",
            "kubectl describe service shows Endpoints for the port",
        ))
        .documented("https://kubernetes.io/docs/concepts/services-networking/service/#field-spec-ports")
}
