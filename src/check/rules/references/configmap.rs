//! A `ConfigMap` that pods need and nothing makes.

use crate::check::world::{Needed, World};
use crate::check::{Finding, Look, Rule};

pub(in crate::check) const RULE: Rule =
    Rule { id: "configmap-missing", about: "pods that need a ConfigMap which nothing makes", look: Look::World(look) };

/// What every namespace has.
const CLUSTERS: [&str; 1] = ["kube-root-ca.crt"];

fn look(world: &World<'_>, found: &mut Vec<Finding>) {
    for pods in world.pods() {
        let namespace = pods.object.object.namespace.as_str();
        let mut told = Vec::new();
        for (name, _) in &pods.needs(Needed::ConfigMap) {
            let name = name.as_str();
            if told.contains(&name) || world.has("ConfigMap", namespace, name) || CLUSTERS.contains(&name) {
                continue;
            }
            if world.is_open(namespace) {
                continue;
            }
            told.push(name);
            let elsewhere = world.objects().find(|one| one.is("", "ConfigMap") && one.object.name == name);
            let message = format!("its pods need the ConfigMap {name}, and nothing makes it in {namespace}");
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
    use crate::check::testing::assert_rule;

    const FIRES: &[&str] = &["---
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
          envFrom: [{configMapRef: {name: missing}}]
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
          envFrom: [{configMapRef: {name: c, optional: true}}]
",
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
          envFrom: [{configMapRef: {name: c}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: c, namespace: web}
data: {a: b}
",
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
          envFrom: [{configMapRef: {name: x}}]
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
