//! An issuer that nothing creates.

use crate::check::world::{World, at, named, text};
use crate::check::{Finding, Rule, RuleInput};
use crate::model::ObjectRef;

pub(in crate::check) const RULE: Rule = Rule {
    id: "issuer-missing",
    about: "a Certificate or Ingress that names an issuer which is declared nowhere",
    check: RuleInput::World(check),
};

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    if world
        .objects_of("cert-manager.io", "ClusterIssuer")
        .chain(world.objects_of("cert-manager.io", "Issuer"))
        .next()
        .is_none()
    {
        return;
    }
    for object in world.objects() {
        let namespace = object.object.namespace.as_str();
        let annotation = |name: &str| {
            at(&object.body, "/metadata/annotations").get(name).and_then(serde_json::Value::as_str).unwrap_or_default()
        };
        let (kind, name) = match object.kind() {
            "Certificate" if object.object.group == "cert-manager.io" => {
                let (group, kind) =
                    (text(&object.body, "/spec/issuerRef/group"), text(&object.body, "/spec/issuerRef/kind"));
                if !matches!(group, "" | "cert-manager.io") {
                    continue;
                }
                (if kind.is_empty() { "Issuer" } else { kind }, text(&object.body, "/spec/issuerRef/name"))
            }
            "Ingress" if object.object.group != "networking.k8s.io" => continue,
            "Ingress" if !annotation("cert-manager.io/cluster-issuer").is_empty() => {
                ("ClusterIssuer", annotation("cert-manager.io/cluster-issuer"))
            }
            "Ingress" => ("Issuer", annotation("cert-manager.io/issuer")),
            _ => continue,
        };
        let place = if kind == "ClusterIssuer" { "" } else { namespace };
        // A chart may create the issuer from its values, as charts of issuers do.
        let may_come = world.charts_say(name) || world.is_conjured(place);
        let is_known = || world.find_object(&ObjectRef::new(kind, "cert-manager.io", place, name)).is_some();
        if name.is_empty() || may_come || is_known() || world.may_come(&[("cert-manager.io", kind)], place) {
            continue;
        }
        let message = format!("its issuer {} is declared nowhere", named(kind, place, name));
        let why = "the certificate is never issued: its CertificateRequest waits for the issuer";
        let fix = "correct the name or the kind of the issuer, or declare it";
        found.push(world.finding(&RULE, object, name, message, why, fix));
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::assert_rule;

    const FIRES: &[&str] = &["---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: t, namespace: web}
spec: {secretName: t, issuerRef: {kind: ClusterIssuer, name: prod}}
---
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: {name: staging}
"];
    const SILENT: &[&str] = &[
        "---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: t, namespace: web}
spec: {secretName: t, issuerRef: {kind: ClusterIssuer, name: of-a-chart}}
---
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: {name: prod}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: issuers, namespace: web}
spec: {values: {issuers: [{name: of-a-chart}]}}
",
        "---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: t, namespace: web}
spec: {secretName: t, issuerRef: {kind: ClusterIssuer, name: prod}}
---
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: {name: prod}
",
        "---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: t, namespace: web}
spec: {secretName: t, issuerRef: {kind: ClusterIssuer, name: prod}}
",
    ];

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        assert_rule(&super::RULE, FIRES, SILENT);
    }
}
