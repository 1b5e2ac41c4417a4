//! A wait without its own timeout.

use crate::check::world::{World, list, text};
use crate::check::{Finding, Rule, RuleInput};

pub(in crate::check) const RULE: Rule = Rule {
    id: "flux-wait-without-timeout",
    about: "wait or health checks without spec.timeout",
    check: RuleInput::World(check),
};

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    for object in world.kustomizations() {
        let waits = object.body.pointer("/spec/wait") == Some(&true.into())
            || !list(&object.body, "/spec/healthChecks").is_empty();
        if waits && text(&object.body, "/spec/timeout").is_empty() {
            let message = "it waits for its objects and sets no spec.timeout";
            let why = "it waits as long as its interval: a failure shows that late, and whatever depends on it is held that long";
            let fix = "set timeout to the longest that its slowest workload may take, such as 5m";
            found.push(world.finding(&RULE, object, "wait:", message, why, fix).hint());
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
  wait: true
"];
    const SILENT: &[&str] = &[
        "---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  path: ./apps
  prune: true
  wait: true
  timeout: 5m
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
