//! An Ingress whose Service or port is not there.

use crate::check::world::{World, at, list, text};
use crate::check::{Finding, Look, Rule};

pub(in crate::check) const RULE: Rule = Rule {
    id: "ingress-backend",
    about: "an Ingress whose Service is declared nowhere, or has no such port",
    look: Look::World(look),
};

fn look(world: &World<'_>, found: &mut Vec<Finding>) {
    for object in world.of("networking.k8s.io", "Ingress") {
        let namespace = object.object.namespace.as_str();
        let paths = list(&object.body, "/spec/rules").iter().flat_map(|rule| list(rule, "/http/paths"));
        let backends = paths.map(|path| at(path, "/backend")).chain(object.body.pointer("/spec/defaultBackend"));
        let mut told = Vec::new();
        for service in backends.filter_map(|backend| backend.get("service")) {
            let name = text(service, "/name");
            let port = at(service, "/port");
            let message = match world.find("Service", namespace, name) {
                None if world.is_open(namespace) || name.is_empty() || is_of_operator(world, namespace, name) => {
                    continue;
                }
                None => format!("it leads to the Service {name}, which is declared nowhere"),
                Some(known) => {
                    let has = list(&known.body, "/spec/ports").iter().any(|own| {
                        at(port, "/number").as_i64().is_some_and(|number| at(own, "/port") == number)
                            || at(port, "/name").as_str().is_some_and(|name| at(own, "/name") == name)
                    });
                    if has || port.is_null() {
                        continue;
                    }
                    let wanted = at(port, "/number")
                        .as_i64()
                        .map_or_else(|| text(port, "/name").to_owned(), |number| number.to_string());
                    format!("it leads to port {wanted} of the Service {name}, which has no such port")
                }
            };
            if told.contains(&message) {
                continue;
            }
            told.push(message.clone());
            let why = "who opens the address gets 404 or 503, and everything is green";
            let fix = "correct the name or the port of the backend, or declare the Service in the Ingress's namespace";
            found.push(world.finding(&RULE, object, name, message, why, fix));
        }
    }
}

/// A CNPG cluster makes NAME-rw, NAME-ro and NAME-r, and a Pooler one of its own name.
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
    use crate::check::testing::assert_rule;

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
    fn it_fires_where_it_must_and_nowhere_else() {
        assert_rule(&super::RULE, FIRES, SILENT);
    }
}
