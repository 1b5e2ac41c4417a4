//! A namespace without the network policies that all others have.

use crate::check::world::World;
use crate::check::{Finding, Look, Rule};

pub(in crate::check) const RULE: Rule = Rule {
    id: "network-policy-missing",
    about: "a namespace with pods and no NetworkPolicy where all others of the environment have one",
    look: Look::World(look),
};

fn look(world: &World<'_>, found: &mut Vec<Finding>) {
    let has =
        |namespace: &str| world.of("networking.k8s.io", "NetworkPolicy").any(|one| one.object.namespace == namespace);
    let mut with_pods: Vec<&str> =
        world.pods().map(|pods| pods.object.object.namespace.as_str()).filter(|name| *name != "flux-system").collect();
    with_pods.sort_unstable();
    with_pods.dedup();
    let without: Vec<&str> = with_pods.iter().copied().filter(|namespace| !has(namespace)).collect();
    // It is a habit of the repository only where nearly all keep it.
    if with_pods.len() < 4 || without.len() * 4 > with_pods.len() {
        return;
    }
    for namespace in without {
        let Some(object) = world.find("Namespace", "", namespace) else { continue };
        let message = format!(
            "it has pods and no NetworkPolicy, as {} of {} namespaces have",
            with_pods.len().saturating_sub(1),
            with_pods.len()
        );
        let why = "its pods are reached from everywhere and reach everything, unlike those of the others";
        let fix = "add the policies that the other namespaces have, or say why not: # fluxdeck:ignore network-policy-missing REASON";
        found.push(world.finding(&RULE, object, namespace, message, why, fix).hint());
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
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: app, namespace: a}
spec:
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec:
      containers:
        - name: main
          image: docker.io/a/b:1.0.0
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: p, namespace: a}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: app, namespace: b}
spec:
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec:
      containers:
        - name: main
          image: docker.io/a/b:1.0.0
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: p, namespace: b}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: app, namespace: c}
spec:
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec:
      containers:
        - name: main
          image: docker.io/a/b:1.0.0
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: p, namespace: c}
---
apiVersion: v1
kind: Namespace
metadata: {name: web}
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
---
apiVersion: v1
kind: Namespace
metadata: {name: web}
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
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: app, namespace: a}
spec:
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec:
      containers:
        - name: main
          image: docker.io/a/b:1.0.0
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: app, namespace: b}
spec:
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec:
      containers:
        - name: main
          image: docker.io/a/b:1.0.0
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: app, namespace: c}
spec:
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec:
      containers:
        - name: main
          image: docker.io/a/b:1.0.0
---
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
