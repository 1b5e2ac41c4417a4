//! An object without a namespace, or in one that nothing creates in time.

use crate::check::world::{World, text};
use crate::check::{Finding, Rule, RuleInput};
use crate::model::known;
use crate::render::Rendered;
use std::collections::{BTreeSet, HashMap};

pub(in crate::check) const RULE: Rule = Rule {
    id: "flux-namespace",
    about: "an object in a namespace that nothing creates, or that only a later Kustomization creates",
    check: RuleInput::World(check),
};

/// Namespaces that every cluster has, and those in which Flux is bootstrapped: by its own program, and by the extension
/// of a cloud.
const THERE: [&str; 6] = ["default", "kube-system", "kube-public", "kube-node-lease", "flux-system", "cluster-config"];

/// Prefixes of namespaces that distributions, clouds and their extensions create.
const BROUGHT: [&str; 12] = [
    "openshift",
    "kube-",
    "cattle-",
    "fleet-",
    "gke-",
    "gmp-",
    "aks-",
    "azure-",
    "amazon-",
    "tigera-",
    "calico-",
    "rancher-",
];

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    let mut told = BTreeSet::new();
    let mut makers = HashMap::new();
    for (one, object) in world.applied().filter(|(_, object)| object.is("", "Namespace")) {
        makers.entry(object.object.name.as_str()).or_insert(one);
    }
    for (one, object) in world.applied() {
        let namespace = object.object.namespace.as_str();
        // The namespace of the Kustomization itself exists already.
        // The name of one that is encrypted is not known.
        let is_hidden = namespace.starts_with("ENC[");
        let is_known = namespace.is_empty() || is_hidden || is_there(namespace) || namespace == one.namespace;
        if is_known || is_made_by_chart(world, namespace) {
            continue;
        }
        match makers.get(namespace) {
            None if !may_come(world, &makers, namespace) && told.insert(("", namespace)) => {
                if world.may_come(&[("", "Namespace")], namespace) {
                    continue;
                }
                let message = format!("nothing creates the namespace {namespace}");
                let why = "Flux fails: namespaces not found; it works only where somebody made it by hand";
                let fix = "declare the Namespace beside it, first in the resources";
                found.push(world.finding(&RULE, object, namespace, message, why, fix));
            }
            Some(other) if other.name != one.name || other.namespace != one.namespace => {
                let before = world.before(&one.namespace, &one.name);
                if !before.contains(&(other.namespace.clone(), other.name.clone()))
                    && told.insert((&one.name, namespace))
                {
                    let message = format!(
                        "the namespace {namespace} comes with {}, which {} does not wait for",
                        other.name, one.name
                    );
                    // A Kustomization that applies another cannot wait for it.
                    let applies = world
                        .before(&other.namespace, &other.name)
                        .contains(&(one.namespace.clone(), one.name.clone()));
                    let (why, fix) = if applies {
                        (
                            "on a new cluster this fails, and with it all that is applied beside it, that very Kustomization among it",
                            format!("declare the Namespace beside it, or move it to what {} applies", other.name),
                        )
                    } else {
                        (
                            "on a new cluster this is applied before its namespace is there, and fails until a retry happens to come later",
                            format!("let {} depend on {}", one.name, other.name),
                        )
                    };
                    let habit = "Kustomizations do not wait for those that bring their namespaces";
                    found.push(world.finding(&RULE, object, namespace, message, why, fix).warning().habit(habit));
                }
            }
            _ => {}
        }
    }
    targets(world, &makers, found);
}

fn is_there(namespace: &str) -> bool {
    THERE.contains(&namespace) || BROUGHT.iter().any(|start| namespace.starts_with(start))
}

/// Reports the releases whose target namespace nothing creates: helm-controller creates it only where it is asked to.
fn targets(world: &World<'_>, makers: &HashMap<&str, &Rendered>, found: &mut Vec<Finding>) {
    let mut told = BTreeSet::new();
    for object in world.objects_of(known::HELM, "HelmRelease") {
        let target = text(&object.body, "/spec/targetNamespace");
        let is_known = target.is_empty()
            || target.contains("${")
            || is_there(target)
            || target == object.object.namespace
            || makers.contains_key(target)
            || object.body.pointer("/spec/kubeConfig").is_some();
        if is_known
            || is_made_by_chart(world, target)
            || may_come(world, makers, target)
            || world.may_come(&[("", "Namespace")], target)
            || !told.insert(target)
        {
            continue;
        }
        let message = format!("nothing creates its target namespace {target}");
        let why = "helm-controller fails: namespaces not found; it works only where somebody made it by hand";
        let fix = "declare the Namespace, or set install.createNamespace: true";
        found.push(world.finding(&RULE, object, "targetNamespace", message, why, fix));
    }
}

/// Tells whether a namespace may come from elsewhere: where the repository declares no namespace of its own, where
/// something that prepares clusters names it, or where a custom resource of unknown behaviour exists, such as a tenant
/// or a project.
fn may_come(world: &World<'_>, makers: &HashMap<&str, &Rendered>, namespace: &str) -> bool {
    makers.keys().all(|made| is_there(made)) && namespaces(world) > 1
        || world.is_conjured("")
        || world.preparation_says(namespace)
        || world.charts_say(namespace) && makers.is_empty()
}

/// Counts the namespaces that objects are in, except those that every cluster has.
fn namespaces(world: &World<'_>) -> usize {
    let all = world.objects().map(|object| object.object.namespace.as_str());
    all.filter(|namespace| !namespace.is_empty() && !is_there(namespace)).collect::<BTreeSet<_>>().len()
}

fn is_made_by_chart(world: &World<'_>, namespace: &str) -> bool {
    world.objects_of(known::HELM, "HelmRelease").any(|release| {
        let target = text(&release.body, "/spec/targetNamespace");
        target == namespace && release.body.pointer("/spec/install/createNamespace") == Some(&true.into())
    })
}

#[cfg(test)]
mod tests {
    use crate::check::testing::assert_rule;

    const FIRES: &[&str] = &[
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
        "=== staging flux-system
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: ns, namespace: flux-system}
spec:
  path: ./ns
  prune: true
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  path: ./apps
  prune: true
=== staging ns
---
apiVersion: v1
kind: Namespace
metadata: {name: web}
=== staging apps
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
    ];
    const SILENT: &[&str] = &[
        "=== staging apps
---
apiVersion: v1
kind: ConfigMap
metadata: {name: app, namespace: openshift-config}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: app, namespace: kube-flannel}
",
        "---
apiVersion: v1
kind: ConfigMap
metadata: {name: a, namespace: openshift-monitoring}
",
        "---
apiVersion: v1
kind: ConfigMap
metadata: {name: a, namespace: of-a-tenant}
---
apiVersion: tenants.example.org/v1
kind: Tenant
metadata: {name: of-a-tenant}
",
        "---
apiVersion: v1
kind: Namespace
metadata: {name: web}
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
        "=== staging flux-system
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: ns, namespace: flux-system}
spec:
  path: ./ns
  prune: true
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  path: ./apps
  prune: true
  dependsOn: [{name: ns}]
=== staging ns
---
apiVersion: v1
kind: Namespace
metadata: {name: web}
=== staging apps
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
    ];

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        assert_rule(&super::RULE, FIRES, SILENT);
    }
}
