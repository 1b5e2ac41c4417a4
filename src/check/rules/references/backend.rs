//! An Ingress or a route whose Service or port does not exist.

use serde_json::Value;

use crate::check::world::{World, at, list, text};
use crate::check::{Finding, Rule, RuleInput};
use crate::render::Object;

pub(in crate::check) const RULE: Rule = Rule {
    id: "ingress-backend",
    about: "an Ingress, IngressRoute or HTTPRoute whose Service is declared nowhere, or has no such port",
    check: RuleInput::World(check),
};

/// Holds a reference to a Service.
struct Backend<'a> {
    namespace: &'a str,
    name: &'a str,
    /// A number, a name, or nothing.
    port: &'a Value,
}

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    for object in world.objects() {
        let mut told = Vec::new();
        for Backend { namespace, name, port } in backends(object) {
            let (message, needle) = match world.find("Service", namespace, name) {
                None if name.is_empty() || is_of_operator(world, namespace, name) => continue,
                None if world.is_open(&[("", "Service")], namespace) => continue,
                None => (format!("it leads to the Service {name}, which is declared nowhere"), name.to_owned()),
                Some(known) => {
                    let ports = list(&known.body, "/spec/ports");
                    // An ExternalName Service needs no ports.
                    if port.is_null() || ports.is_empty() || has_port(ports, port) {
                        continue;
                    }
                    let wanted = port.as_str().map_or_else(|| port.to_string(), str::to_owned);
                    (format!("it leads to port {wanted} of the Service {name}, which has no such port"), wanted)
                }
            };
            if told.contains(&message) {
                continue;
            }
            told.push(message.clone());
            let why = "who opens the address gets 404 or 503, and everything is green";
            let fix = "correct the name or the port of the Service, or declare it in the namespace that is meant";
            found.push(world.finding(&RULE, object, &needle, message, why, fix));
        }
    }
}

fn has_port(ports: &[Value], wanted: &Value) -> bool {
    // Traefik also accepts a number that is written as text.
    let number = wanted.as_i64().or_else(|| wanted.as_str()?.parse().ok());
    ports.iter().any(|own| match number {
        Some(number) => at(own, "/port") == number,
        None => at(own, "/name") == wanted,
    })
}

/// Lists the Services that an object refers to; other kinds refer to none.
fn backends(object: &Object) -> Vec<Backend<'_>> {
    let (body, namespace) = (&object.body, object.object.namespace.as_str());
    let is_service =
        |reference: &&Value| matches!(text(reference, "/kind"), "" | "Service") && text(reference, "/group").is_empty();
    let of_rules = |part: &'static str| list(body, part).iter();
    match (object.object.group.as_str(), object.kind()) {
        ("networking.k8s.io", "Ingress") => {
            let paths = of_rules("/spec/rules").flat_map(|rule| list(rule, "/http/paths"));
            let all = paths.map(|path| at(path, "/backend")).chain(body.pointer("/spec/defaultBackend"));
            let services = all.filter_map(|backend| backend.get("service"));
            let port = |service| match at(service, "/port/number") {
                Value::Null => at(service, "/port/name"),
                number => number,
            };
            services.map(|service| Backend { namespace, name: text(service, "/name"), port: port(service) }).collect()
        }
        // doc.traefik.io/traefik, "Kubernetes IngressRoute": a name with `@` is of another provider.
        ("traefik.io" | "traefik.containo.us", "IngressRoute" | "IngressRouteTCP" | "IngressRouteUDP") => {
            let services = of_rules("/spec/routes").flat_map(|route| list(route, "/services")).filter(is_service);
            let services = services.filter(|service| !text(service, "/name").contains('@'));
            let backend = |service| Backend {
                namespace: object.namespace_of(service),
                name: text(service, "/name"),
                port: at(service, "/port"),
            };
            services.map(backend).collect()
        }
        ("gateway.networking.k8s.io", "HTTPRoute" | "GRPCRoute" | "TCPRoute" | "TLSRoute" | "UDPRoute") => {
            let services = of_rules("/spec/rules").flat_map(|rule| list(rule, "/backendRefs")).filter(is_service);
            let backend = |service| Backend {
                namespace: object.namespace_of(service),
                name: text(service, "/name"),
                port: at(service, "/port"),
            };
            services.map(backend).collect()
        }
        _ => Vec::new(),
    }
}

/// Tells whether CNPG creates a Service: NAME-rw, NAME-ro and NAME-r of a cluster, and NAME of a Pooler.
fn is_of_operator(world: &World<'_>, namespace: &str, name: &str) -> bool {
    world
        .objects()
        .filter(|object| object.object.group == "postgresql.cnpg.io" && object.object.namespace == namespace)
        .any(|object| {
            let own = &object.object.name;
            name == own || ["rw", "ro", "r"].iter().any(|end| name == format!("{own}-{end}"))
        })
}

#[cfg(test)]
mod tests {
    use crate::check::testing::{assert_rule, found};

    const FIRES: &[&str] = &[
        "---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: app, namespace: web}
spec:
  rules: [{host: a.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: other, port: {number: 80}}}}]}}]
---
apiVersion: v1
kind: Service
metadata: {name: app, namespace: web}
spec:
  selector: {app: app}
  ports: [{name: http, port: 80}]
",
            "---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: app, namespace: web}
spec:
  rules: [{host: a.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: app, port: {number: 8080}}}}]}}]
---
apiVersion: v1
kind: Service
metadata: {name: app, namespace: web}
spec:
  selector: {app: app}
  ports: [{name: http, port: 80}]
",
            "---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: app, namespace: web}
spec:
  rules: [{host: a.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: app, port: {name: web}}}}]}}]
---
apiVersion: v1
kind: Service
metadata: {name: app, namespace: web}
spec:
  selector: {app: app}
  ports: [{name: http, port: 80}]
",
    ];
    const SILENT: &[&str] = &[
        "---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: app, namespace: web}
spec:
  rules: [{host: a.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: app, port: {number: 80}}}}]}}]
---
apiVersion: v1
kind: Service
metadata: {name: app, namespace: web}
spec:
  selector: {app: app}
  ports: [{name: http, port: 80}]
",
            "---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: app, namespace: web}
spec:
  rules: [{host: a.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: app, port: {name: http}}}}]}}]
---
apiVersion: v1
kind: Service
metadata: {name: app, namespace: web}
spec:
  selector: {app: app}
  ports: [{name: http, port: 80}]
",
            "---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: app, namespace: web}
spec:
  rules: [{host: a.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: other, port: {number: 80}}}}]}}]
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: web}
spec:
  chart: {spec: {chart: a, version: 1.0.0}}
",
    ];

    #[test]
    fn routes_lead_to_services_too() {
        let service = "---\napiVersion: v1\nkind: Service\nmetadata: {name: app, namespace: web}\nspec: {ports: [{name: http, port: 80}]}\n";
        let found = |group: &str, kind: &str, spec: &str| {
            let text = format!(
                "---\napiVersion: {group}/v1\nkind: {kind}\nmetadata: {{name: a, namespace: web}}\nspec: {spec}\n{service}"
            );
            found(&super::RULE, &text).len()
        };
        for (services, count) in [
            ("[{name: app, port: 80}]", 0),
            ("[{name: app, port: http}]", 0),
            ("[{name: app, port: \"80\"}]", 0),
            ("[{name: app}]", 0),
            ("[{name: app, port: 8080}]", 1),
            ("[{name: app, port: web}]", 1),
            ("[{name: gone, port: 80}]", 1),
            ("[{name: app, namespace: other, port: 80}]", 1),
            ("[{name: api@internal, kind: TraefikService}]", 0),
            ("[{name: gone@file, port: 80}]", 0),
        ] {
            let spec = format!("{{routes: [{{match: Host(`a.example`), kind: Rule, services: {services}}}]}}");
            assert_eq!(found("traefik.io", "IngressRoute", &spec), count, "{services}");
        }
        for (backends, count) in [
            ("[{name: app, port: 80}]", 0),
            ("[{name: app, port: 81}]", 1),
            ("[{name: gone, port: 80}]", 1),
            ("[{group: example.org, kind: Bucket, name: gone}]", 0),
        ] {
            let spec = format!("{{rules: [{{backendRefs: {backends}}}]}}");
            assert_eq!(found("gateway.networking.k8s.io", "HTTPRoute", &spec), count, "{backends}");
        }
    }

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        assert_rule(&super::RULE, FIRES, SILENT);
    }
}
