//! A route of Traefik names a Service or a middleware that is not there.

use serde_json::Value;

use super::{found_service, has_port, names_of, ports_of};
use crate::doctor::live::text;
use crate::doctor::{Cause, Diagnosis, LiveGraph, LiveObject, Lookup, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "traefik-route-broken", title: "A route of Traefik names what is not there", find };

const GROUP: &str = "traefik.io";
const ANNOTATION: &str = "traefik.ingress.kubernetes.io/router.middlewares";

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let kinds = [("IngressRoute", "Middleware"), ("IngressRouteTCP", "MiddlewareTCP"), ("IngressRouteUDP", "")];
    let mut found: Vec<Diagnosis> = Vec::new();
    for (kind, middleware) in kinds {
        for route in graph.all(GROUP, kind).filter(|route| is_settled(graph, route)) {
            let mut missing: Vec<String> = Vec::new();
            for rule in route.items("/spec/routes") {
                missing.extend(services(graph, &route, rule));
                missing.extend(middlewares(graph, &route, rule, middleware));
            }
            found.extend(diagnosis(graph, &route, missing));
        }
    }
    let annotated = graph.all("networking.k8s.io", "Ingress").filter(|ingress| is_settled(graph, ingress));
    found.extend(annotated.filter_map(|ingress| diagnosis(graph, &ingress, by_annotation(graph, &ingress))));
    found
}

fn is_settled(graph: &LiveGraph, live: &LiveObject<'_>) -> bool {
    !live.is_deleting() && graph.is_past(live.created(), 120)
}

fn diagnosis(graph: &LiveGraph, route: &LiveObject<'_>, mut missing: Vec<String>) -> Option<Diagnosis> {
    missing.dedup();
    if missing.is_empty() {
        return None;
    }
    let rules = route.items("/spec/routes").iter().map(|rule| text(rule, "/match").to_owned());
    let rules = names_of(rules.filter(|rule| !rule.is_empty()));
    let of = if rules.is_empty() { String::new() } else { format!(" ({rules})") };
    let message = format!("{}{of} does not work: {}", route.object.told(), names_of(missing.iter().cloned()));
    let evidence = missing.into_iter().map(|one| route.field_evidence("spec", &one));
    Some(
        Diagnosis::new(CAUSE.id, route.object, message)
            .seen_all(evidence)
            .look_at(graph.yaml(route.object))
            .look_at(graph.shell("kubectl get services,middlewares.traefik.io -n {}", &[&route.object.namespace]))
            .mended_by(Remedy::change(
                "Add what is missing, or name what is there: Traefik drops the whole route otherwise, and answers 404.",
                "the route answers",
            ))
            .documented(
                "https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/crd/http/ingressroute/",
            ),
    )
}

fn namespace_of<'a>(route: &LiveObject<'a>, value: &'a Value) -> &'a str {
    match text(value, "/namespace") {
        "" => &route.object.namespace,
        namespace => namespace,
    }
}

fn services(graph: &LiveGraph, route: &LiveObject<'_>, rule: &Value) -> Vec<String> {
    let named = rule.get("services").and_then(Value::as_array).into_iter().flatten();
    let plain = named.filter(|one| matches!(text(one, "/kind"), "" | "Service") && !text(one, "/name").contains('@'));
    let found = plain.filter_map(|one| {
        let (namespace, name) = (namespace_of(route, one), text(one, "/name"));
        match found_service(graph, namespace, name) {
            Lookup::Unknown => None,
            Lookup::Absent => Some(format!("Service {namespace}/{name} is missing")),
            Lookup::Found(service) => {
                let port = one.get("port")?;
                let is_external = service.text("/spec/type") == "ExternalName";
                (!is_external && !has_port(&service, port)).then(|| {
                    let port = port.as_str().map_or_else(|| port.to_string(), str::to_owned);
                    format!("Service {namespace}/{name} has no port {port}, but {}", ports_of(&service))
                })
            }
        }
    });
    found.collect()
}

fn middlewares(graph: &LiveGraph, route: &LiveObject<'_>, rule: &Value, kind: &str) -> Vec<String> {
    let named = rule.get("middlewares").and_then(Value::as_array).into_iter().flatten();
    let all: Vec<LiveObject<'_>> = if kind.is_empty() { Vec::new() } else { graph.all(GROUP, kind).collect() };
    if kind.is_empty() || !graph.is_listed(GROUP, kind) {
        return Vec::new();
    }
    let missing = named.filter(|one| !text(one, "/name").contains('@')).filter_map(|one| {
        let (namespace, name) = (namespace_of(route, one), text(one, "/name"));
        let is_there =
            all.iter().any(|one| (one.object.namespace.as_str(), one.object.name.as_str()) == (namespace, name));
        (!is_there).then(|| format!("{kind} {namespace}/{name} is missing"))
    });
    missing.collect()
}

/// Reads the middlewares that an Ingress names for Traefik: `NAMESPACE-NAME@kubernetescrd`, separated by commas.
fn by_annotation(graph: &LiveGraph, ingress: &LiveObject<'_>) -> Vec<String> {
    let list = ingress.annotation(ANNOTATION);
    if list.is_empty() {
        return Vec::new();
    }
    let known: Vec<String> =
        graph.all(GROUP, "Middleware").map(|one| format!("{}-{}", one.object.namespace, one.object.name)).collect();
    if !graph.is_listed(GROUP, "Middleware") {
        return Vec::new();
    }
    let names = list.split(',').filter_map(|one| one.trim().strip_suffix("@kubernetescrd"));
    let missing = names.filter(|name| !known.iter().any(|one| one == name));
    missing.map(|name| format!("middleware {name} of {ANNOTATION} is missing")).collect()
}
