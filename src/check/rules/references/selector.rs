//! A Service that selects no pods.

use crate::check::world::{World, at, selects};
use crate::check::{Finding, Look, Rule};

pub(in crate::check) const RULE: Rule = Rule {
    id: "service-selects-nothing",
    about: "a Service whose selector fits the pods of no workload",
    look: Look::World(look),
};

fn look(world: &World<'_>, found: &mut Vec<Finding>) {
    for object in world.of("", "Service") {
        let namespace = object.object.namespace.as_str();
        let selector = at(&object.body, "/spec/selector");
        if selector.as_object().is_none_or(serde_json::Map::is_empty) || world.is_open(namespace) {
            continue;
        }
        // The pods of operators have labels of their own.
        let own = world.objects().any(|one| {
            one.object.namespace == namespace
                && matches!(one.object.group.as_str(), "postgresql.cnpg.io" | "monitoring.coreos.com")
        });
        let hit = world.pods().any(|pods| pods.object.object.namespace == namespace && selects(selector, pods.labels));
        if hit || own {
            continue;
        }
        let message = "its selector fits the pods of no workload";
        let why = "it has no endpoints: whoever calls it is refused, and everything is green";
        let fix = "compare spec.selector with the labels of the workload's pod template";
        found.push(world.finding(&RULE, object, "selector", message, why, fix));
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::assert_rule;

    const FIRES: &[&str] = &["---
apiVersion: v1
kind: Service
metadata: {name: app, namespace: web}
spec:
  selector: {app: other}
  ports: [{name: http, port: 80}]
---
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
"];
    const SILENT: &[&str] = &[
        "---
apiVersion: v1
kind: Service
metadata: {name: app, namespace: web}
spec:
  selector: {app: app}
  ports: [{name: http, port: 80}]
---
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
kind: Service
metadata: {name: app, namespace: web}
spec:
  ports: [{name: http, port: 80}]
---
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
kind: Service
metadata: {name: app, namespace: web}
spec:
  selector: {app: other}
  ports: [{name: http, port: 80}]
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
