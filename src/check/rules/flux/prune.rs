//! A Kustomization without pruning.

use crate::check::world::World;
use crate::check::{Finding, Rule, RuleInput};

pub(in crate::check) const RULE: Rule = Rule {
    id: "flux-no-prune",
    about: "a Kustomization that does not say whether it deletes what is taken out of the repository",
    check: RuleInput::World(check),
};

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    for object in world.kustomizations() {
        // An explicit `prune: false` is intended.
        if object.body.pointer("/spec/prune").is_none_or(serde_json::Value::is_null) {
            let message = "spec.prune is not set";
            let why = "the API server refuses the Kustomization (spec.prune: Required value), and what its parent applies with it";
            let fix = "set prune: true, or prune: false where it must outlive its Kustomization";
            found.push(world.finding(&RULE, object, "prune:", message, why, fix));
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
"];
    const SILENT: &[&str] = &[
        "---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  path: ./apps
  prune: false
",
        "---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  path: ./apps
  prune: true
",
    ];

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        assert_rule(&super::RULE, FIRES, SILENT);
    }
}
