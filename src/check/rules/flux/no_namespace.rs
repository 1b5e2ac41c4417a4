//! An object without a namespace where one is needed.

use crate::check::world::World;
use crate::check::{Finding, Look, Rule};

pub(in crate::check) const RULE: Rule = Rule {
    id: "flux-no-namespace",
    about: "an object of a namespaced kind that says no namespace and gets none",
    look: Look::World(look),
};

/// Kinds that live in a namespace, for sure.
const NAMESPACED: [&str; 26] = [
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "Pod",
    "Job",
    "CronJob",
    "Service",
    "ConfigMap",
    "Secret",
    "ServiceAccount",
    "PersistentVolumeClaim",
    "Ingress",
    "NetworkPolicy",
    "Role",
    "RoleBinding",
    "HorizontalPodAutoscaler",
    "PodDisruptionBudget",
    "HelmRelease",
    "HelmRepository",
    "GitRepository",
    "Kustomization",
    "Certificate",
    "Issuer",
    "ServiceMonitor",
    "PodMonitor",
    "PrometheusRule",
];

fn look(world: &World<'_>, found: &mut Vec<Finding>) {
    for object in world.objects() {
        if object.object.namespace.is_empty() && NAMESPACED.contains(&object.kind()) {
            let message = "it says no namespace, and no kustomization gives it one";
            let why = "Flux refuses it: namespace not specified";
            let fix = "set metadata.namespace, or namespace in its kustomization.yaml";
            found.push(world.finding(&RULE, object, &object.object.name, message, why, fix));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::assert_rule;

    const FIRES: &[&str] = &["---
apiVersion: apps/v1
kind: Deployment
metadata: {name: app}
spec:
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec:
      containers:
        - name: main
          image: docker.io/a/b:1.0.0
"];
    const SILENT: &[&str] = &[
        "---
apiVersion: apps/v1
kind: Deployment
metadata: {name: app, namespace: web}
spec:
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec:
      containers:
        - name: main
          image: docker.io/a/b:1.0.0
",
        "---
apiVersion: v1
kind: Namespace
metadata: {name: web}
",
    ];

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        assert_rule(&super::RULE, FIRES, SILENT);
    }
}
