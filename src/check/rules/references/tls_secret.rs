//! The TLS Secret of an Ingress in another namespace, or nowhere.

use crate::check::world::{World, list, text};
use crate::check::{Finding, Rule, RuleInput};
use crate::model::known;
use crate::render::Object;

pub(in crate::check) const RULE: Rule = Rule {
    id: "ingress-tls-missing",
    about: "an Ingress or IngressRoute whose TLS Secret is not in its own namespace",
    check: RuleInput::World(check),
};

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    for object in world.objects() {
        let namespace = object.object.namespace.as_str();
        for name in names(object) {
            if name.is_empty() || world.has("Secret", namespace, name) || world.makes_secret(namespace, name) {
                continue;
            }
            let makes = |one: &&Object| {
                one.is("cert-manager.io", "Certificate") && text(&one.body, "/spec/secretName") == name
                    || one.is("", "Secret") && one.object.name == name
            };
            let elsewhere = world.objects().find(makes).filter(|one| one.object.namespace != namespace);
            // A chart of the namespace creates many objects, but not a Secret that another namespace has and its values
            // do not name.
            let is_sure =
                elsewhere.is_some() && !world.is_conjured(namespace) && !world.charts_say(name) && !is_copied(world);
            let kinds = [("", "Secret"), ("cert-manager.io", "Certificate")];
            let is_open = if is_sure { world.may_come(&kinds, namespace) } else { world.is_open(&kinds, namespace) };
            if is_open {
                continue;
            }
            let message = format!("its TLS Secret {name} is made by nothing in {namespace}");
            let why = "the controller serves its own default certificate, and every browser warns";
            let fix = match elsewhere {
                Some(one) => format!(
                    "its {} is in {}: make one in {namespace}, mirror the Secret, or let the controller serve it as its default",
                    one.kind(),
                    one.object.namespace
                ),
                None => "add the annotation cert-manager.io/cluster-issuer, or a Certificate beside it".to_owned(),
            };
            found.push(world.finding(&RULE, object, name, message, why, fix));
        }
    }
}

/// Tells whether a program copies Secrets between namespaces by its own rules, beside the annotations of objects.
fn is_copied(world: &World<'_>) -> bool {
    let copies = ["reflector", "replicator", "kubed", "config-syncer", "kyverno", "secret-sync", "clustersecret"];
    world
        .objects_of(known::HELM, "HelmRelease")
        .any(|release| copies.iter().any(|part| world.chart(release).contains(part)))
}

fn names(object: &Object) -> Vec<&str> {
    match (object.object.group.as_str(), object.kind()) {
        ("networking.k8s.io", "Ingress") => {
            list(&object.body, "/spec/tls").iter().map(|tls| text(tls, "/secretName")).collect()
        }
        ("traefik.io" | "traefik.containo.us", "IngressRoute" | "IngressRouteTCP") => {
            vec![text(&object.body, "/spec/tls/secretName")]
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::assert_rule;

    const FIRES: &[&str] = &[
        "---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: app, namespace: web}
spec: {tls: [{hosts: [a.example], secretName: wildcard}]}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: wildcard, namespace: certs}
spec: {secretName: wildcard}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: other, namespace: web}
spec: {values: {a: b}}
",
        "---
apiVersion: traefik.io/v1alpha1
kind: IngressRoute
metadata: {name: app, namespace: web}
spec: {tls: {secretName: t}}
",
        "---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: app, namespace: web}
spec:
  tls: [{hosts: [a.example], secretName: t}]
  rules: [{host: a.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: app, port: {number: 80}}}}]}}]
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
spec: {tls: [{hosts: [a.example], secretName: wildcard}]}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: wildcard, namespace: certs}
spec: {secretName: wildcard}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: other, namespace: web}
spec: {values: {tls: wildcard}}
",
        "---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: app, namespace: web, annotations: {cert-manager.io/cluster-issuer: a}}
spec:
  tls: [{hosts: [a.example], secretName: t}]
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
  tls: [{hosts: [a.example]}]
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
  tls: [{hosts: [a.example], secretName: t}]
  rules: [{host: a.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: app, port: {number: 80}}}}]}}]
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: t, namespace: web}
spec: {secretName: t}
",
    ];

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        assert_rule(&super::RULE, FIRES, SILENT);
    }
}
