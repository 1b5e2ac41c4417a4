//! One object that two Kustomizations apply.

use crate::check::world::World;
use crate::check::{Finding, Other, Rule, RuleInput};
use crate::model::ObjectRef;
use crate::render::{Object, Rendered};
use serde_json::Value;
use std::collections::BTreeMap;

pub(in crate::check) const RULE: Rule = Rule {
    id: "flux-applied-twice",
    about: "one object that two Kustomizations of an environment apply",
    look: RuleInput::World(look),
};

fn look(world: &World<'_>, found: &mut Vec<Finding>) {
    let mut seen: BTreeMap<&ObjectRef, Vec<(&Rendered, &Object)>> = BTreeMap::new();
    for (one, object) in world.applied() {
        let users = seen.entry(&object.object).or_default();
        if users.iter().all(|(other, _)| (&other.namespace, &other.name) != (&one.namespace, &one.name)) {
            users.push((one, object));
        }
    }
    // Who applies one object together applies many: that is one finding, with its objects below it.
    let mut first: BTreeMap<(Vec<&str>, bool), usize> = BTreeMap::new();
    for users in seen.values() {
        let [(_, object), (_, last), ..] = users.as_slice() else { continue };
        let mut names: Vec<&str> = users.iter().map(|(one, _)| one.name.as_str()).collect();
        names.sort_unstable();
        let same = users.iter().all(|(_, other)| content(other) == content(object));
        let (file, line) = world.place(last, &last.object.name);
        if let Some(known) = first.get(&(names.clone(), same)).and_then(|at| found.get_mut(*at)) {
            let (env, object) = (Some(world.env.to_owned()), Some(object.object.to_string()));
            known.others.push(Other { env, file, line, object });
            continue;
        }
        let who = match names.as_slice() {
            [one, other] => format!("{one} and {other} both"),
            [most @ .., other] => format!("{} and {other} all", most.join(", ")),
            [] => continue,
        };
        let message = format!("the Kustomizations {who} apply it");
        let fix = "leave it to one of them, and let the others depend on that";
        let habit = "several Kustomizations apply one object";
        let finding = if same {
            let why = "when one of them stops applying it, it is deleted under the others until they apply it again";
            world.finding(&RULE, last, &last.object.name, message, why, fix).warning().habit(habit)
        } else {
            let why = "each undoes what the other does, and when one stops applying it, it is deleted under the other";
            let habit = "several Kustomizations apply one object, each in a form of its own";
            world.finding(&RULE, last, &last.object.name, message, why, fix).habit(habit)
        };
        first.insert((names, same), found.len());
        found.push(finding);
    }
}

/// Returns what an object says, without the labels and annotations that each Kustomization may give it.
fn content(object: &Object) -> Value {
    let mut body = object.body.clone();
    if let Some(metadata) = body.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("labels");
        metadata.remove("annotations");
    }
    body
}

#[cfg(test)]
mod tests {
    use crate::check::testing::assert_rule;

    const FIRES: &[&str] = &[
        "=== staging a
---
apiVersion: v1
kind: ConfigMap
metadata: {name: one, namespace: web, labels: {by: a}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: two, namespace: web, labels: {by: a}}
=== staging b
---
apiVersion: v1
kind: ConfigMap
metadata: {name: one, namespace: web, labels: {by: b}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: two, namespace: web, labels: {by: b}}
",
        "=== staging a
---
apiVersion: v1
kind: Namespace
metadata: {name: web}
=== staging b
---
apiVersion: v1
kind: Namespace
metadata: {name: web}
",
    ];
    const SILENT: &[&str] = &["=== staging a
---
apiVersion: v1
kind: Namespace
metadata: {name: web}
=== production a
---
apiVersion: v1
kind: Namespace
metadata: {name: web}
"];

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        assert_rule(&super::RULE, FIRES, SILENT);
    }
}
