//! A Kustomization or `HelmRelease` that is suspended in Git.

use crate::check::world::World;
use crate::check::{Finding, Rule, RuleInput};
use crate::model::known;

pub(in crate::check) const RULE: Rule = Rule {
    id: "flux-suspended",
    about: "what is suspended in Git and so is never reconciled",
    look: RuleInput::World(look),
};

fn look(world: &World<'_>, found: &mut Vec<Finding>) {
    for object in world.objects().filter(|object| known::is_flux(&object.object.group)) {
        if object.body.pointer("/spec/suspend").and_then(serde_json::Value::as_bool) == Some(true) {
            let message = "it is suspended in Git";
            let why = "nothing that it applies follows the repository any more, and `flux resume` is undone by the next reconcile";
            let fix = "take spec.suspend out, or say beside it why it stays: # fluxdeck:ignore flux-suspended REASON";
            found.push(world.finding(&RULE, object, "suspend:", message, why, fix).warning());
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
  suspend: true
"];
    const SILENT: &[&str] = &[
        "---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  path: ./apps
  prune: true
  suspend: false
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
