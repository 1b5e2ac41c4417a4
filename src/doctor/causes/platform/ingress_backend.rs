//! An Ingress names a Service or a port that is not there.

use serde_json::Value;

use super::{found_service, has_port, ports_of};
use crate::doctor::live::text;
use crate::doctor::message::between;
use crate::doctor::{Cause, Diagnosis, LiveGraph, LiveObject, Lookup, Remedy};
use crate::model::ObjectRef;

pub(super) const CAUSE: Cause =
    Cause { id: "ingress-backend-missing", title: "An Ingress names a Service or port that is missing", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = graph.all("networking.k8s.io", "Ingress");
    let settled = all.filter(|one| !one.is_deleting() && graph.is_past(one.created(), 120));
    settled.filter_map(|ingress| diagnosis(graph, &ingress)).collect()
}

fn diagnosis(graph: &LiveGraph, ingress: &LiveObject<'_>) -> Option<Diagnosis> {
    let mut missing: Vec<(String, String)> = Vec::new();
    let default = ingress.value.pointer("/spec/defaultBackend/service");
    missing.extend(default.and_then(|service| fault(graph, ingress, service)).map(|fault| (String::new(), fault)));
    for rule in ingress.items("/spec/rules") {
        let paths = rule.pointer("/http/paths").and_then(Value::as_array).into_iter().flatten();
        for path in paths {
            let place = format!("{}{}", text(rule, "/host"), text(path, "/path"));
            let fault = path.pointer("/backend/service").and_then(|service| fault(graph, ingress, service));
            missing.extend(fault.map(|fault| (place, fault)));
        }
    }
    let (first, fault) = missing.first()?;
    let services =
        missing.iter().filter_map(|(_, fault)| Some(between(fault, "Service ", " is missing")?.split_once('/')?.1));
    let services: Vec<ObjectRef> = services.map(|name| ingress.beside("Service", "", name)).collect();
    let hosts = if first.is_empty() { String::new() } else { format!(" for {first}") };
    let more = match missing.len() {
        1 => String::new(),
        count => format!(", and {} more of its paths are broken", count - 1),
    };
    let message = format!("{}{hosts} leads nowhere: {fault}{more}", ingress.object.told());
    let evidence =
        missing.iter().map(|(place, fault)| ingress.field_evidence("spec.rules", &format!("{place} {fault}")));
    let evidence: Vec<_> = evidence.take(5).collect();
    let found = Diagnosis::new(CAUSE.id, ingress.object, message);
    Some(
        services
            .iter()
            .fold(found, Diagnosis::lacking)
            .seen_all(evidence)
            .look_at(graph.describe(ingress.object))
            .look_at(graph.shell("kubectl get services -n {}", &[&ingress.object.namespace]))
            .mended_by(Remedy::change(
                "Name a Service of the Ingress's own namespace and one of its ports (a number or its name), or add the Service.",
                "describe shows endpoints behind the path",
            ))
            .documented("https://kubernetes.io/docs/concepts/services-networking/ingress/#the-ingress-resource"),
    )
}

/// Tells whether a chart may bring what is missing: a release of the namespace has no Service that can be seen, so that
/// it is not known what it brings.
fn may_be_released(graph: &LiveGraph, namespace: &str) -> bool {
    let releases = graph.all(crate::model::known::HELM, "HelmRelease").filter(|release| {
        let target = release.text("/spec/targetNamespace");
        (if target.is_empty() { release.object.namespace.as_str() } else { target }) == namespace
    });
    let shows = |name: &str| graph.labelled("", "Service", namespace, "").any(|one| one.release().1 == name);
    releases.into_iter().any(|release| !shows(&release.object.name))
}

fn fault(graph: &LiveGraph, ingress: &LiveObject<'_>, backend: &Value) -> Option<String> {
    let namespace = ingress.object.namespace.as_str();
    let name = text(backend, "/name");
    // The AWS controller's actions are named as Services are, and their port is `use-annotation`.
    if name.is_empty() || text(backend, "/port/name") == "use-annotation" {
        return None;
    }
    let service = match found_service(graph, namespace, name) {
        Lookup::Unknown => return None,
        Lookup::Absent if may_be_released(graph, namespace) => return None,
        Lookup::Absent => return Some(format!("Service {namespace}/{name} is missing")),
        Lookup::Found(service) => service,
    };
    let port = backend.pointer("/port/number").or_else(|| backend.pointer("/port/name"))?;
    let told = port.as_str().map_or_else(|| port.to_string(), str::to_owned);
    (!has_port(&service, port))
        .then(|| format!("Service {namespace}/{name} has no port {told}, but {}", ports_of(&service)))
}
