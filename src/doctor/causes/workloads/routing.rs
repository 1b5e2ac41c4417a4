//! From a route to its Service, and from a Service to its workloads.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::doctor::live::text;
use crate::doctor::{LiveGraph, LiveObject};
use crate::kinds;
use crate::model::ObjectRef;

/// Names a Service that a route leads to.
pub(super) struct Routed<'a> {
    pub(super) route: &'a ObjectRef,
    pub(super) service: ObjectRef,
    /// The port, by number or by name; null where the route names none.
    pub(super) port: &'a Value,
}

static NO_PORT: Value = Value::Null;

/// Collects the Services that Ingresses, Traefik's `IngressRoutes` and `HTTPRoutes` lead to.
pub(super) fn routed(graph: &LiveGraph) -> Vec<Routed<'_>> {
    let mut found = Vec::new();
    for ingress in graph.all("networking.k8s.io", "Ingress") {
        let rules = ingress.items("/spec/rules").iter();
        let paths = rules.filter_map(|rule| rule.pointer("/http/paths")?.as_array()).flatten();
        let backends = paths.filter_map(|path| path.pointer("/backend/service"));
        for service in backends.chain(ingress.value.pointer("/spec/defaultBackend/service")) {
            let port = service.pointer("/port/name").or_else(|| service.pointer("/port/number")).unwrap_or(&NO_PORT);
            found.push(Routed {
                route: ingress.object,
                service: ingress.beside("Service", "", text(service, "/name")),
                port,
            });
        }
    }
    for route in graph.all("traefik.io", "IngressRoute") {
        let all = route.items("/spec/routes").iter().filter_map(|one| one.get("services")?.as_array()).flatten();
        // A TraefikService, and the provider's own, are none.
        for service in
            all.filter(|one| matches!(text(one, "/kind"), "" | "Service") && !text(one, "/name").contains('@'))
        {
            let port = service.get("port").unwrap_or(&NO_PORT);
            found.push(Routed { route: route.object, service: named(&route, service), port });
        }
    }
    for route in graph.all("gateway.networking.k8s.io", "HTTPRoute") {
        let all = route.items("/spec/rules").iter().filter_map(|rule| rule.get("backendRefs")?.as_array()).flatten();
        for service in all.filter(|one| matches!(text(one, "/kind"), "" | "Service") && text(one, "/group").is_empty())
        {
            let port = service.get("port").unwrap_or(&NO_PORT);
            found.push(Routed { route: route.object, service: named(&route, service), port });
        }
    }
    found
}

fn named(route: &LiveObject<'_>, service: &Value) -> ObjectRef {
    match text(service, "/namespace") {
        "" => route.beside("Service", "", text(service, "/name")),
        namespace => ObjectRef::new("Service", "", namespace, text(service, "/name")),
    }
}

/// Knows the workloads by their namespaces.
pub(super) struct Workloads<'a>(BTreeMap<&'a str, Vec<LiveObject<'a>>>);

impl<'a> Workloads<'a> {
    /// Sorts all workloads by their namespaces.
    pub(super) fn of(graph: &'a LiveGraph) -> Self {
        let mut found = BTreeMap::<&str, Vec<_>>::new();
        for live in kinds::WORKLOADS.iter().flat_map(|kind| graph.all(kind.group, kind.kind)) {
            found.entry(&live.object.namespace).or_default().push(live);
        }
        Self(found)
    }

    /// Returns the workloads of a namespace.
    pub(super) fn in_namespace(&self, namespace: &str) -> &[LiveObject<'a>] {
        self.0.get(namespace).map(Vec::as_slice).unwrap_or_default()
    }

    /// Finds the workloads whose pods a Service selects.
    pub(super) fn behind(&self, service: &LiveObject<'_>) -> Vec<LiveObject<'a>> {
        let Some(selector) = service.value.pointer("/spec/selector").and_then(Value::as_object) else {
            return Vec::new();
        };
        if selector.is_empty() {
            return Vec::new();
        }
        let fits = |live: &&LiveObject<'_>| {
            let labels = template_labels(live);
            selector.iter().all(|(key, value)| labels.get(key) == Some(value))
        };
        self.in_namespace(&service.object.namespace).iter().filter(fits).copied().collect()
    }
}

/// Finds the Service that a route leads to; `None` while the Services are not read.
pub(super) fn service_of<'a>(graph: &'a LiveGraph, service: &ObjectRef) -> Option<LiveObject<'a>> {
    if graph.is_listed("", "Service") { graph.peek(service) } else { None }
}

/// Returns the labels of a workload's pods.
pub(super) fn template_labels<'a>(live: &LiveObject<'a>) -> &'a Value {
    live.value.pointer("/spec/template/metadata/labels").unwrap_or(&NO_PORT)
}

/// Tells whether a workload is scaled to 0.
pub(super) fn is_scaled_to_zero(live: &LiveObject<'_>) -> bool {
    live.number("/spec/replicas") == Some(0)
}
