//! An object without a namespace where one is needed.

use crate::check::world::World;
use crate::check::{Finding, Rule, RuleInput};
use crate::model::known;
use crate::render::Object;

pub(in crate::check) const RULE: Rule = Rule {
    id: "flux-no-namespace",
    about: "an object of a namespaced kind that says no namespace and gets none",
    check: RuleInput::World(check),
};

/// Kinds that are surely namespaced, by group: a kind of the same name in another group may be cluster-scoped.
const NAMESPACED: [(&str, &[&str]); 12] = [
    ("apps", &["Deployment", "StatefulSet", "DaemonSet"]),
    ("", &["Pod", "Service", "ConfigMap", "Secret", "ServiceAccount", "PersistentVolumeClaim"]),
    ("batch", &["Job", "CronJob"]),
    ("networking.k8s.io", &["Ingress", "NetworkPolicy"]),
    ("rbac.authorization.k8s.io", &["Role", "RoleBinding"]),
    ("autoscaling", &["HorizontalPodAutoscaler"]),
    ("policy", &["PodDisruptionBudget"]),
    (known::HELM, &["HelmRelease"]),
    (known::SOURCE, &["HelmRepository", "GitRepository"]),
    (known::KUSTOMIZE, &["Kustomization"]),
    ("cert-manager.io", &["Certificate", "Issuer"]),
    ("monitoring.coreos.com", &["ServiceMonitor", "PodMonitor", "PrometheusRule"]),
];

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    let is_namespaced = |object: &Object| {
        NAMESPACED.iter().any(|(group, kinds)| object.object.group == *group && kinds.contains(&object.kind()))
    };
    for object in world.objects() {
        if object.object.namespace.is_empty() && is_namespaced(object) {
            let message = "it says no namespace, and no kustomization gives it one";
            let why = "Flux refuses it: namespace not specified";
            let fix = "set metadata.namespace, or namespace in its kustomization.yaml";
            found.push(world.finding(&RULE, object, &object.object.name, message, why, fix));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::{app, assert_rule, object};

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        let fires = [object(
            "apps/v1 Deployment app",
            "
spec:
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec:
      containers:
        - name: main
          image: docker.io/a/b:1.0.0
",
        )];
        let silent = [app(), object("v1 Namespace web", "")];
        assert_rule(&super::RULE, &fires, &silent);
    }
}
