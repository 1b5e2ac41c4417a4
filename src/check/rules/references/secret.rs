//! A Secret that pods need and nothing creates.

use crate::check::world::{Needed, World};
use crate::check::{Finding, Rule, RuleInput};

pub(in crate::check) const RULE: Rule =
    Rule { id: "secret-missing", about: "pods that need a Secret which nothing makes", check: RuleInput::World(check) };

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    for pods in world.pods() {
        let namespace = pods.object.object.namespace.as_str();
        let mut told = Vec::new();
        for (name, _) in &pods.needs(Needed::Secret) {
            let name = name.as_str();
            if told.contains(&name) || world.has("Secret", namespace, name) || world.makes_secret(namespace, name) {
                continue;
            }
            if world.is_open(&[("", "Secret")], namespace) {
                continue;
            }
            told.push(name);
            let elsewhere = world.objects().find(|one| one.is("", "Secret") && one.object.name == name);
            let message = format!("its pods need the Secret {name}, and nothing makes it in {namespace}");
            let why = "the pods do not start: CreateContainerConfigError, or the volume is not mounted";
            let fix = match elsewhere {
                Some(other) => {
                    format!("one of the name is in {}: it must be in {namespace} too", other.object.namespace)
                }
                None => "add it to the overlay of this environment, correct its name, or set optional: true".to_owned(),
            };
            found.push(world.finding(&RULE, pods.object, name, message, why, fix));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::{app, assert_rule};

    #[test]
    fn what_is_mirrored_or_spread_is_there() {
        let found = |beside: &str| {
            let text = format!(
                "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: a, namespace: web}}\nspec: {{containers: [{{name: a, envFrom: [{{secretRef: {{name: s}}}}]}}]}}\n---\n{beside}\n"
            );
            crate::check::testing::found(&super::RULE, &text).len()
        };
        let secret = |annotations: &str| {
            format!(
                "{{apiVersion: v1, kind: Secret, metadata: {{name: s, namespace: other, annotations: {{{annotations}}}}}}}"
            )
        };
        for (annotations, count) in [
            ("a: b", 1),
            ("replicator.v1.mittwald.de/replicate-to: \"db,w.*\"", 0),
            ("replicator.v1.mittwald.de/replicate-to: db", 1),
            ("replicator.v1.mittwald.de/replication-allowed: \"true\"", 1),
            ("replicator.v1.mittwald.de/replicate-to-matching: a=b", 0),
            ("kubed.appscode.com/sync: \"\"", 0),
        ] {
            assert_eq!(found(&secret(annotations)), count, "{annotations}");
        }
        for (beside, count) in [
            ("{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {name: s, namespace: web}}", 0),
            ("{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {name: other, namespace: web}}", 1),
            ("{apiVersion: external-secrets.io/v1, kind: ClusterExternalSecret, metadata: {name: any}}", 0),
            ("{apiVersion: kyverno.io/v1, kind: ClusterPolicy, metadata: {name: copies}}", 0),
            ("{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: a, namespace: web}}", 1),
        ] {
            assert_eq!(found(beside), count, "{beside}");
        }
    }

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        let fires = [
            app().container("envFrom: [{secretRef: {name: missing}}]"),
            app().container("envFrom: [{secretRef: {name: s}}]").and_yaml(
                r#"
apiVersion: v1
kind: Secret
metadata: {name: s, namespace: other, annotations: {reflector.v1.k8s.emberstack.com/reflection-auto-enabled: "true"}}
stringData: {a: b}
"#,
            ),
        ];
        let silent = [
            app().container("envFrom: [{secretRef: {name: s, optional: true}}]"),
            app().container("envFrom: [{secretRef: {name: s}}]").and("v1 Secret web/s", "stringData: {a: b}"),
            app().container("envFrom: [{secretRef: {name: x}}]").and(
                "helm.toolkit.fluxcd.io/v2 HelmRelease web/app",
                "spec: {chart: {spec: {chart: a, version: 1.0.0}}}",
            ),
            app()
                .container("envFrom: [{secretRef: {name: t}}]")
                .and("cert-manager.io/v1 Certificate web/t", "spec: {secretName: t}"),
            app().container("envFrom: [{secretRef: {name: db-app}}]").and("postgresql.cnpg.io/v1 Cluster web/db", ""),
            app().container("envFrom: [{secretRef: {name: s}}]").and_yaml(
                r#"
apiVersion: v1
kind: Secret
metadata:
  name: s
  namespace: other
  annotations:
    reflector.v1.k8s.emberstack.com/reflection-allowed: "true"
    reflector.v1.k8s.emberstack.com/reflection-auto-enabled: "true"
stringData: {a: b}
"#,
            ),
        ];
        assert_rule(&super::RULE, &fires, &silent);
    }
}
