//! A key that pods need and the `ConfigMap` lacks.

use crate::check::world::{Needed, World, at, text};
use crate::check::{Finding, Rule, RuleInput};

pub(in crate::check) const RULE: Rule = Rule {
    id: "configmap-key-missing",
    about: "pods that need a key which their ConfigMap has not",
    check: RuleInput::World(check),
};

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    for pods in world.pods() {
        let namespace = pods.object.object.namespace.as_str();
        for (name, key) in &pods.needs(Needed::ConfigMap) {
            let (Some(key), Some(known)) = (key, world.find("ConfigMap", namespace, name)) else { continue };
            let has = ["data", "binaryData"]
                .iter()
                .any(|field| known.body.get(field).is_some_and(|own| own.get(key).is_some()));
            // Its operator fills a mirror, the cluster a token, and the user an empty one later.
            let is_filled = known.is_filled_elsewhere()
                || at(&known.body, "/metadata/annotations")
                    .as_object()
                    .is_some_and(|own| own.keys().any(|name| name.contains("reflector")))
                || text(&known.body, "/type") == "kubernetes.io/service-account-token"
                || ["data", "binaryData"]
                    .iter()
                    .all(|field| known.body.get(field).is_none_or(serde_json::Value::is_null));
            if has || is_filled || world.may_be_filled(&known.object.namespace) {
                continue;
            }
            let message = format!("its pods need the key {key} of the ConfigMap {name}, which has none");
            let why = "the pods do not start: CreateContainerConfigError";
            let fix = format!("add {key} to {}, or correct the key", known.origin.file);
            found.push(world.finding(&RULE, pods.object, key, message, why, fix));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::{app, assert_rule};

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        let fires = [app()
            .container("env: [{name: A, valueFrom: {configMapKeyRef: {name: c, key: missing}}}]")
            .and("v1 ConfigMap web/c", "data: {a: b}")];
        let silent = [
            app()
                .container("env: [{name: A, valueFrom: {configMapKeyRef: {name: c, key: a}}}]")
                .and("v1 ConfigMap web/c", "data: {a: b}"),
            app()
                .container("env: [{name: A, valueFrom: {configMapKeyRef: {name: other, key: a}}}]")
                .and("v1 ConfigMap web/c", "data: {a: b}"),
            app()
                .container("env: [{name: A, valueFrom: {configMapKeyRef: {name: c, key: x, optional: true}}}]")
                .and("v1 ConfigMap web/c", "data: {a: b}"),
        ];
        assert_rule(&super::RULE, &fires, &silent);
    }
}
