//! A Gateway, or a route of it, is not accepted.

use serde_json::Value;

use super::{PlainCondition, is_there};
use crate::doctor::live::text;
use crate::doctor::message::short;
use crate::doctor::{Cause, Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::model::ObjectRef;

pub(super) const CAUSE: Cause =
    Cause { id: "gateway-not-accepted", title: "A Gateway or a route of it is not accepted", find };

const GROUP: &str = "gateway.networking.k8s.io";
const ROUTES: &[&str] = &["HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"];

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let is_settled = |one: &LiveObject<'_>| !one.is_deleting() && graph.is_past(one.created(), 120);
    let gateways = graph.all(GROUP, "Gateway").filter(is_settled).filter_map(|gateway| of_gateway(graph, &gateway));
    let routes = ROUTES.iter().flat_map(|kind| graph.all(GROUP, kind)).filter(is_settled);
    gateways.chain(routes.filter_map(|route| of_route(graph, &route))).collect()
}

/// Finds the first condition that is bad by the present generation: one of these types that is False.
fn bad<'a>(
    live: &LiveObject<'_>,
    conditions: Option<&'a Value>,
    kinds: &[&'static str],
) -> Option<(&'static str, PlainCondition<'a>)> {
    let generation = live.number("/metadata/generation");
    let found = kinds.iter().filter_map(|kind| Some((*kind, PlainCondition::of(conditions, kind)?)));
    let mut present = found.filter(|(_, one)| one.observed.zip(generation).is_none_or(|(seen, now)| seen >= now));
    present.find(|(_, one)| one.status == "False")
}

fn of_route(graph: &LiveGraph, route: &LiveObject<'_>) -> Option<Diagnosis> {
    for parent in route.items("/status/parents") {
        let Some((kind, condition)) = bad(route, parent.get("conditions"), &["Accepted", "ResolvedRefs"]) else {
            continue;
        };
        let message = format!(
            "{} is not taken by {}: {} ({})",
            route.object.told(),
            text(parent, "/parentRef/name"),
            short(condition.says()),
            condition.reason
        );
        let from = format!("{} status.parents condition {kind}=False", route.object.told());
        let found = Diagnosis::new(CAUSE.id, route.object, message).seen(
            format!("{}: {}", condition.reason, condition.message),
            condition.at,
            from,
        );
        return Some(told(graph, route.object, found, fix_of(condition.reason)));
    }
    if !route.items("/status/parents").is_empty() {
        return None;
    }
    // Nobody answers for a Gateway that is not there.
    let parent = route.items("/spec/parentRefs").iter().find_map(|one| {
        let is_gateway = matches!(text(one, "/kind"), "" | "Gateway") && matches!(text(one, "/group"), "" | GROUP);
        let namespace = match text(one, "/namespace") {
            "" => &route.object.namespace,
            namespace => namespace,
        };
        let gateway = ObjectRef::new("Gateway", GROUP, namespace, text(one, "/name"));
        (is_gateway && is_there(&graph.get(&gateway)) == Some(false)).then_some(gateway)
    })?;
    let message = format!("{} is not taken: {} is missing", route.object.told(), parent.told());
    let found = Diagnosis::new(CAUSE.id, route.object, message)
        .seen_all([route.field_evidence("spec.parentRefs", &parent.told())]);
    Some(told(graph, route.object, found, "Name a Gateway that is there, with its namespace, or add it."))
}

fn of_gateway(graph: &LiveGraph, gateway: &LiveObject<'_>) -> Option<Diagnosis> {
    let object = gateway.object;
    let conditions = gateway.value.pointer("/status/conditions");
    let waits = PlainCondition::of(conditions, "Accepted")
        .filter(|one| one.status == "Unknown" && graph.is_past(gateway.created(), 300));
    if let Some(condition) = waits {
        let class = gateway.text("/spec/gatewayClassName");
        let message = format!("{} is taken by no controller: nobody answers for GatewayClass {class}", object.told());
        let from = format!("{} condition Accepted=Unknown", object.told());
        let found = Diagnosis::new(CAUSE.id, object, message).seen(condition.says(), condition.at, from);
        return Some(told(
            graph,
            object,
            found,
            "Install the class's controller, or name a GatewayClass that is accepted.",
        ));
    }
    let own = bad(gateway, conditions, &["Accepted", "Programmed"]).map(|(kind, one)| (String::new(), kind, one));
    let of_listener = gateway.items("/status/listeners").iter().find_map(|listener| {
        let (kind, one) = bad(gateway, listener.get("conditions"), &["Accepted", "ResolvedRefs", "Programmed"])?;
        Some((format!("listener {} of ", text(listener, "/name")), kind, one))
    });
    // A listener says more than its Gateway, which only says that one is not valid.
    let (of, kind, condition) = of_listener.or(own)?;
    let lacks_address = condition.reason.contains("Address")
        && graph.all("", "Service").any(|service| {
            let is_waiting = service.text("/spec/type") == "LoadBalancer"
                && service.items("/status/loadBalancer/ingress").is_empty();
            is_waiting && service.object.namespace == object.namespace
        });
    if lacks_address {
        return None;
    }
    let message = format!("{of}{} is not in use: {} ({})", object.told(), short(condition.says()), condition.reason);
    let from = format!("{of}{} condition {kind}=False", object.told());
    let text = format!("{}: {}", condition.reason, condition.message);
    let found = Diagnosis::new(CAUSE.id, object, message).seen(text, condition.at, from);
    Some(told(graph, object, found, fix_of(condition.reason)))
}

fn told(graph: &LiveGraph, object: &ObjectRef, found: Diagnosis, fix: &str) -> Diagnosis {
    found
        .look_at(graph.describe(object))
        .mended_by(Remedy::change(fix, "Accepted True and ResolvedRefs True"))
        .documented("https://gateway-api.sigs.k8s.io/guides/")
}

/// Says what mends a reason of the Gateway API (v1, `RouteConditionReason` and `ListenerConditionReason`).
fn fix_of(reason: &str) -> &'static str {
    match reason {
        "NotAllowedByListeners" => "Let the listener take routes of this namespace (allowedRoutes.namespaces).",
        "NoMatchingListenerHostname" => "Give the route a hostname that a listener has, or the listener this one.",
        "NoMatchingParent" => "Name a listener (sectionName, port) that the Gateway has.",
        "RefNotPermitted" => "Add a ReferenceGrant in the namespace of what is referred to.",
        "BackendNotFound" => "Name a Service that is there, or add it.",
        "InvalidKind" => "Refer to a kind that the controller knows.",
        "InvalidCertificateRef" => "Add the TLS Secret that the listener names, in its namespace.",
        "AddressNotAssigned" | "AddressNotUsable" => "Give the Gateway an address that the load balancer can assign.",
        _ => "Mend what the condition names.",
    }
}
