//! A `PriorityClass` that nothing makes.

use crate::check::world::{World, text};
use crate::check::{Finding, Look, Rule};
use crate::model::known;

pub(in crate::check) const RULE: Rule = Rule {
    id: "priority-class-missing",
    about: "pods of a PriorityClass which is declared nowhere",
    look: Look::World(look),
};

fn look(world: &World<'_>, found: &mut Vec<Finding>) {
    // A chart may bring one, and its name need not tell: with charts in the repository only a sole set of own classes is sure.
    let own = world.of("scheduling.k8s.io", "PriorityClass").count();
    for pods in world.pods().filter(|_| world.ask_whole()) {
        let name = text(pods.spec, "/priorityClassName");
        let of_cluster = name.starts_with("system-") || name.is_empty();
        let of_chart = world.of(known::HELM, "HelmRelease").any(|release| name.contains(&release.object.name));
        if of_cluster || of_chart || own == 0 || world.has("PriorityClass", "", name) {
            continue;
        }
        let message = format!("its pods have the PriorityClass {name}, which is declared nowhere");
        let why = "no pod is created: the admission refuses a class that is not there";
        let fix = "declare the PriorityClass, or name one of those that the repository has";
        found.push(world.finding(&RULE, pods.object, name, message, why, fix));
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
      priorityClassName: a
      containers:
        - name: main
          image: docker.io/a/b:1.0.0
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: b}
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
      priorityClassName: b
      containers:
        - name: main
          image: docker.io/a/b:1.0.0
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: b}
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
      priorityClassName: system-node-critical
      containers:
        - name: main
          image: docker.io/a/b:1.0.0
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
      priorityClassName: a
      containers:
        - name: main
          image: docker.io/a/b:1.0.0
",
    ];

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        assert_rule(&super::RULE, FIRES, SILENT);
    }
}
