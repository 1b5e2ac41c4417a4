//! A `ConfigMap` that pods need and nothing creates.

use crate::check::world::{Needed, World};
use crate::check::{Finding, Rule, RuleInput};

pub(in crate::check) const RULE: Rule = Rule {
    id: "configmap-missing",
    about: "pods that need a ConfigMap which nothing makes",
    check: RuleInput::World(check),
};

/// The `ConfigMap` objects of every namespace.
const CLUSTERS: [&str; 1] = ["kube-root-ca.crt"];

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    for pods in world.pods() {
        let namespace = pods.object.object.namespace.as_str();
        let mut told = Vec::new();
        for (name, _) in &pods.needs(Needed::ConfigMap) {
            let name = name.as_str();
            if told.contains(&name) || world.has("ConfigMap", namespace, name) || CLUSTERS.contains(&name) {
                continue;
            }
            if world.is_open(&[("", "ConfigMap")], namespace) {
                continue;
            }
            told.push(name);
            let elsewhere = world.objects().find(|one| one.is("", "ConfigMap") && one.object.name == name);
            let message = format!("its pods need the ConfigMap {name}, and nothing makes it in {namespace}");
            let why = "the pods do not start: CreateContainerConfigError, or the volume is not mounted";
            let fix = match elsewhere {
                Some(other) => {
                    format!("one of the name is in {}: it must be in {namespace} too", other.object.namespace)
                }
                None => "add it to the overlay of this environment, correct its name, or set optional: true".to_owned(),
            };
            found.push(world.finding(&RULE, pods.object, name, message, why, fix));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::{app, assert_rule};

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        let fires = [app().container("envFrom: [{configMapRef: {name: missing}}]")];
        let silent = [
            app().container("envFrom: [{configMapRef: {name: c, optional: true}}]"),
            app().container("envFrom: [{configMapRef: {name: c}}]").and("v1 ConfigMap web/c", "data: {a: b}"),
            app().container("envFrom: [{configMapRef: {name: x}}]").and(
                "helm.toolkit.fluxcd.io/v2 HelmRelease web/app",
                "spec: {chart: {spec: {chart: a, version: 1.0.0}}}",
            ),
        ];
        assert_rule(&super::RULE, &fires, &silent);
    }
}
