//! A Kustomization that waits for what waits for it, and health checks of what is nowhere.

use std::collections::BTreeSet;

use crate::check::world::{World, at, list, named, text};
use crate::check::{Finding, Rule, RuleInput};
use crate::model::known;
use crate::render::Object;

pub(in crate::check) const RULE: Rule = Rule {
    id: "flux-waits-in-vain",
    about: "a Kustomization that waits for its own child while the child waits for it, or whose healthChecks name what is declared nowhere",
    check: RuleInput::World(check),
};

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    for (one, child) in world.applied().filter(|(_, object)| object.is(known::KUSTOMIZE, "Kustomization")) {
        let is_parent = |object: &&Object| object.object.name == one.name && object.object.namespace == one.namespace;
        let Some(parent) = world.kustomizations().find(is_parent).filter(|parent| parent.object != child.object) else {
            continue;
        };
        if !is_awaited(parent, child) || !waits(world, child).contains(&(one.namespace.as_str(), one.name.as_str())) {
            continue;
        }
        let message = format!("it waits for {}, which applies it and waits until it is ready", one.shown());
        let why = "neither becomes ready: the child says DependencyNotReady, and its parent fails its health check after the timeout";
        let fix = format!("take {} out of dependsOn: a child is applied by its parent anyway", one.name);
        found.push(world.finding(&RULE, child, "dependsOn", message, why, fix));
    }
    for object in world.kustomizations() {
        // With wait, Flux ignores healthChecks.
        if at(&object.body, "/spec/wait") == true || at(&object.body, "/spec/kubeConfig").is_object() {
            continue;
        }
        for wanted in list(&object.body, "/spec/healthChecks") {
            let (kind, name) = (text(wanted, "/kind"), text(wanted, "/name"));
            let group = crate::model::api_group(text(wanted, "/apiVersion"));
            let namespace = text(wanted, "/namespace");
            let is_there = world.objects().any(|one| {
                one.object.group == group
                    && one.kind() == kind
                    && one.object.name == name
                    && (one.object.namespace == namespace || one.object.namespace.is_empty() || namespace.is_empty())
            });
            if is_there
                || name.is_empty()
                || name.contains("${")
                || world.is_open(&[(group, kind)], namespace)
                || world.may_come(&[(group, kind)], namespace)
            {
                continue;
            }
            let message = format!("its healthChecks name {}, which is declared nowhere", named(kind, namespace, name));
            let why =
                "it never becomes ready: timeout waiting for it, status NotFound; whatever depends on it waits too";
            let fix = "correct kind, name or namespace of the entry, or take it out";
            found.push(world.finding(&RULE, object, name, message, why, fix));
        }
    }
}

/// Tells whether a parent becomes ready only once its child is.
fn is_awaited(parent: &Object, child: &Object) -> bool {
    let is_child = |wanted: &serde_json::Value| {
        text(wanted, "/kind") == "Kustomization"
            && text(wanted, "/name") == child.object.name
            && text(wanted, "/namespace") == child.object.namespace
    };
    at(&parent.body, "/spec/wait") == true || list(&parent.body, "/spec/healthChecks").iter().any(is_child)
}

/// Returns what a Kustomization waits for by `dependsOn`, directly or not, by namespace and name.
fn waits<'a>(world: &World<'a>, object: &'a Object) -> BTreeSet<(&'a str, &'a str)> {
    let mut found = BTreeSet::new();
    let mut next = vec![object];
    while let Some(object) = next.pop() {
        for other in list(&object.body, "/spec/dependsOn") {
            let key = (object.namespace_of(other), text(other, "/name"));
            if found.insert(key) {
                let is_it = |one: &&Object| (one.object.namespace.as_str(), one.object.name.as_str()) == key;
                next.extend(world.kustomizations().find(is_it));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::check::testing::assert_rule;

    fn both(parent: &str, child: &str) -> String {
        let one = |name: &str, spec: &str| {
            format!(
                "---\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {name}, namespace: flux-system}}\nspec: {{path: ./{name}, {spec}}}\n"
            )
        };
        format!("=== staging root\n{}{}", one("root", parent), one("apps", child))
    }

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        let health = |entry: &str| both(&format!("healthChecks: [{entry}]"), "prune: true");
        let fires = [
            both("wait: true", "dependsOn: [{name: root}]"),
            both(
                "healthChecks: [{apiVersion: kustomize.toolkit.fluxcd.io/v1, kind: Kustomization, name: apps, namespace: flux-system}]",
                "dependsOn: [{name: root}]",
            ),
            health("{apiVersion: apps/v1, kind: Deployment, name: a, namespace: web}"),
        ];
        let silent = [
            both("wait: false", "dependsOn: [{name: root}]"),
            both("wait: true", "dependsOn: [{name: other}]"),
            health(
                "{apiVersion: kustomize.toolkit.fluxcd.io/v1, kind: Kustomization, name: apps, namespace: flux-system}",
            ),
            health("{apiVersion: apps/v1, kind: Deployment, name: \"${APP}\", namespace: web}"),
        ];
        assert_rule(&super::RULE, &fires, &silent);
    }
}
