//! A dependency on a suspended Kustomization.

use crate::check::world::{World, list, text};
use crate::check::{Finding, Rule, RuleInput};

pub(in crate::check) const RULE: Rule = Rule {
    id: "flux-depends-on-suspended",
    about: "dependsOn names a Kustomization that is suspended in Git",
    check: RuleInput::World(check),
};

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    for object in world.kustomizations() {
        for dependency in list(&object.body, "/spec/dependsOn") {
            let (namespace, name) = (object.namespace_of(dependency), text(dependency, "/name"));
            let other = world.kustomizations().find(|one| one.object.namespace == namespace && one.object.name == name);
            if other.is_some_and(|other| other.body.pointer("/spec/suspend") == Some(&true.into())) {
                let message = format!("it waits for {name}, which is suspended in Git");
                let why = "a suspended Kustomization keeps the state that it had: on a new cluster it is never ready, and this one never begins";
                let fix = format!("resume {name}, or take it out of spec.dependsOn");
                found.push(world.finding(&RULE, object, name, message, why, fix).warning());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::assert_rule;

    const FIRES: &[&str] = &["---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  path: ./apps
  prune: true
  dependsOn: [{name: base}]
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: base, namespace: flux-system}
spec:
  path: ./base
  prune: true
  suspend: true
"];
    const SILENT: &[&str] = &["---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  path: ./apps
  prune: true
  dependsOn: [{name: base}]
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: base, namespace: flux-system}
spec:
  path: ./base
  prune: true
"];

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        assert_rule(&super::RULE, FIRES, SILENT);
    }
}
