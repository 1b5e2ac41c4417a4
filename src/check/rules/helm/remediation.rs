//! No remediation for a failed install or upgrade.

use crate::check::world::{World, at};
use crate::check::{Finding, Rule, RuleInput};
use crate::model::known;

pub(in crate::check) const RULE: Rule = Rule {
    id: "helm-no-remediation",
    about: "a HelmRelease that stays failed after its first try",
    check: RuleInput::World(check),
};

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    if world.flux.retries_releases() {
        return;
    }
    for object in world.objects_of(known::HELM, "HelmRelease") {
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
    use crate::check::testing::{assert_rule, object};

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        let release = |spec: &str| object("helm.toolkit.fluxcd.io/v2 HelmRelease web/app", &format!("spec: {spec}"));
        let (plain, retries) = ("{chart: {spec: {chart: a, version: 1.0.0}}}", "install: {remediation: {retries: 3}}");
        let flag = "[{op: add, path: /spec/template/spec/containers/0/args/-, value: --feature-gates=DefaultToRetryOnFailure=true}]";
        let patch = format!("{{target: {{kind: Deployment, name: helm-controller}}, patch: '{flag}'}}");
        let retrying = format!("spec: {{kustomize: {{patches: [{patch}]}}}}");
        let fires = [release(plain), release(&format!("{{{retries}}}"))];
        let silent = [
            release(&format!("{{{retries}, upgrade: {{remediation: {{retries: -1}}}}}}")),
            release("{install: {strategy: {name: RetryOnFailure}}, upgrade: {strategy: {name: RetryOnFailure}}}"),
            release(plain).and("fluxcd.controlplane.io/v1 FluxInstance flux-system/flux", &retrying),
        ];
        assert_rule(&super::RULE, &fires, &silent);
    }
}
