//! No remediation for a failed install or upgrade.

use crate::check::world::{World, at};
use crate::check::{Finding, Look, Rule};
use crate::model::known;

pub(in crate::check) const RULE: Rule = Rule {
    id: "helm-no-remediation",
    about: "a HelmRelease that stays failed after its first try",
    look: Look::World(look),
};

fn look(world: &World<'_>, found: &mut Vec<Finding>) {
    if world.flux.retries_releases() {
        return;
    }
    for object in world.of(known::HELM, "HelmRelease") {
        let lacks = |action: &str| {
            let own = at(&object.body, &format!("/spec/{action}"));
            at(own, "/remediation/retries").as_i64().unwrap_or_default() == 0
                && !matches!(at(own, "/strategy/name").as_str(), Some("RetryOnFailure"))
        };
        let lacking: Vec<&str> = ["install", "upgrade"].into_iter().filter(|action| lacks(action)).collect();
        if lacking.is_empty() {
            continue;
        }
        let message = format!("a failed {} is not tried again", lacking.join(" or "));
        let why = "a passing fault, such as an image that loads slowly, leaves it failed until somebody reconciles it with force";
        let fix =
            "set remediation: {retries: 3} below spec.install and spec.upgrade, or strategy: {name: RetryOnFailure}";
        let habit = "what failed to install or to upgrade is not tried again";
        found.push(world.finding(&RULE, object, "install:", message, why, fix).hint().habit(habit));
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::assert_rule;

    const FIRES: &[&str] = &[
        "---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: web}
spec:
  chart: {spec: {chart: a, version: 1.0.0}}
",
        "---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: web}
spec:
  install: {remediation: {retries: 3}}
",
    ];
    const SILENT: &[&str] = &[
        "---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: web}
spec:
  install: {remediation: {retries: 3}}
  upgrade: {remediation: {retries: -1}}
",
        "---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: web}
spec:
  install: {strategy: {name: RetryOnFailure}}
  upgrade: {strategy: {name: RetryOnFailure}}
",
        "---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: web}
spec:
  chart: {spec: {chart: a, version: 1.0.0}}
---
apiVersion: fluxcd.controlplane.io/v1
kind: FluxInstance
metadata: {name: flux, namespace: flux-system}
spec:
  kustomize:
    patches:
      - target: {kind: Deployment, name: helm-controller}
        patch: '[{op: add, path: /spec/template/spec/containers/0/args/-, value: --feature-gates=DefaultToRetryOnFailure=true}]'
",
    ];

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        assert_rule(&super::RULE, FIRES, SILENT);
    }
}
