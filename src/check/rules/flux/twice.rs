//! One object that two Kustomizations apply.

use crate::check::world::World;
use crate::check::{Finding, Other, Rule, RuleInput};
use crate::model::{ObjectRef, known};
use crate::render::{Object, Rendered};
use crate::repo::kustomize::NAMES;
use crate::repo::{FluxKustomization, path};
use serde_json::Value;
use std::collections::BTreeMap;

pub(in crate::check) const RULE: Rule = Rule {
    id: "flux-applied-twice",
    about: "one object that two Kustomizations of an environment apply",
    check: RuleInput::World(check),
};

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    let mut seen: BTreeMap<&ObjectRef, Vec<(&Rendered, &Object)>> = BTreeMap::new();
    for (one, object) in world.applied() {
        let users = seen.entry(&object.object).or_default();
        if users.iter().all(|(other, _)| (&other.namespace, &other.name) != (&one.namespace, &one.name)) {
            users.push((one, object));
        }
    }
    let mut shared: Vec<Shared<'_>> = seen.values().filter_map(|users| Shared::find(users)).collect();
    // Conflicts come first; the other shared objects are listed below them.
    shared.sort_by_key(|one| one.harm);
    let mut told: Vec<(Vec<&str>, Harm, usize)> = Vec::new();
    let mut taking: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for one in shared {
        let object = one.object;
        if let Some((outer, inner)) = around(world, &one.users) {
            let known = taking.get(&(outer.namespace.as_str(), outer.name.as_str()));
            let (env, other) = (Some(world.env.to_owned()), Some(object.object.to_string()));
            let (file, line) = world.place(object, &object.object.name);
            if let Some(known) = known.and_then(|at| found.get_mut(*at)) {
                known.others.push(Other { env, file, line, object: other });
            } else {
                taking.insert((&outer.namespace, &outer.name), found.len());
                let others = vec![Other { env, file, line, object: other }];
                let finding = Finding { others, ..takes_in(world, outer, inner) };
                found.push(if one.harm == Harm::Fight { finding } else { finding.warning() });
            }
            continue;
        }
        let (file, line) = world.place(object, &object.object.name);
        let holds = |(names, harm, _): &&(Vec<&str>, Harm, usize)| {
            let is_within = one.names.iter().all(|name| names.contains(name));
            (names == &one.names && *harm == one.harm) || *harm == Harm::Fight && is_within
        };
        if let Some(known) = told.iter().find(holds).and_then(|(.., at)| found.get_mut(*at)) {
            let (env, object) = (Some(world.env.to_owned()), Some(object.object.to_string()));
            known.others.push(Other { env, file, line, object });
            continue;
        }
        let who = match one.names.as_slice() {
            [one, other] => format!("{one} and {other} both"),
            [most @ .., other] => format!("{} and {other} all", most.join(", ")),
            [] => continue,
        };
        let message = format!("the Kustomizations {who} apply it");
        let fix = "leave it to one of them, and let the others depend on that";
        let why = match one.harm {
            Harm::Fight => {
                "each undoes what the other does, and when one stops applying it, it is deleted under the other"
            }
            _ => "when one of them stops applying it, it is deleted under the others until they apply it again",
        };
        let finding = world.finding(&RULE, object, &object.object.name, message, why, fix);
        let finding = match one.harm {
            Harm::Fight => finding.habit("several Kustomizations apply one object, each in a form of its own"),
            Harm::Loss => finding.warning().habit("several Kustomizations apply one object"),
            Harm::Little => finding.hint().habit("several Kustomizations apply one source"),
        };
        told.push((one.names, one.harm, found.len()));
        found.push(finding);
    }
}

/// Finds two Kustomizations among those that apply one object, where the folder of one contains that of the other and
/// has no kustomization file: Flux generates one there with everything below (kustomize-controller,
/// `generateKustomization`).
fn around<'a>(world: &World<'a>, users: &[&Rendered]) -> Option<(&'a FluxKustomization, &'a FluxKustomization)> {
    let all = &world.rendering.graph.kustomizations;
    let declared = |user: &&Rendered| {
        all.iter().find(|one| one.env == user.env && one.namespace == user.namespace && one.name == user.name)
    };
    let users: Vec<&FluxKustomization> = users.iter().filter_map(declared).collect();
    let holds = |outer: &&FluxKustomization, inner: &&FluxKustomization| {
        let is_below = inner.path != outer.path && path::is_within(&inner.path, &outer.path);
        is_below && !NAMES.iter().any(|name| world.root().join(&outer.path).join(name).exists())
    };
    users.iter().find_map(|outer| Some((*outer, *users.iter().find(|inner| holds(outer, inner))?)))
}

fn takes_in(world: &World<'_>, outer: &FluxKustomization, inner: &FluxKustomization) -> Finding {
    let folder = if outer.path.is_empty() { "the repository's root" } else { &outer.path };
    let message = format!(
        "the Kustomization {} also takes in what others below its path apply, such as {}: {folder} has no kustomization.yaml, so Flux takes in every manifest below",
        outer.shown(),
        inner.shown()
    );
    let why = "both apply the same objects: without the variables and patches of the other, or deleted under it when one of them stops";
    let fix = format!(
        "write {} that names what {} is to apply, or move what the others apply out of its folder",
        path::join(&outer.path, "kustomization.yaml"),
        outer.shown()
    );
    let line = world.line(&outer.file, outer.line, "path:").unwrap_or(outer.line);
    Finding::new(RULE.id, &outer.file, message, why, fix)
        .on(line)
        .in_environment(world.env)
        .about(Some(outer.object().to_string()))
}

/// Ranks the consequences, the worst first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Harm {
    /// Each Kustomization reverts the other.
    Fight,
    /// The object may be absent for a while.
    Loss,
    /// A source may be absent for a while, without effect: its artifact stays until it is created again.
    Little,
}

/// Holds an object that several Kustomizations apply.
struct Shared<'a> {
    users: Vec<&'a Rendered>,
    names: Vec<&'a str>,
    object: &'a Object,
    harm: Harm,
}

impl<'a> Shared<'a> {
    fn find(users: &[(&'a Rendered, &'a Object)]) -> Option<Self> {
        let [(_, object), (_, last), ..] = users else { return None };
        let mut names: Vec<&str> = users.iter().map(|(one, _)| one.name.as_str()).collect();
        names.sort_unstable();
        let is_same = users.iter().all(|(_, other)| content(other) == content(object));
        let harm = match is_same {
            false => Harm::Fight,
            true if object.object.group == known::SOURCE => Harm::Little,
            true => Harm::Loss,
        };
        Some(Self { users: users.iter().map(|(one, _)| *one).collect(), names, object: last, harm })
    }
}

/// Returns the content of an object, without the labels and annotations that each Kustomization may add.
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
    use std::sync::Arc;

    use crate::check::testing::{assert_rule, rendering};
    use crate::check::world::World;
    use crate::check::{Finding, RuleInput};
    use crate::repo::{Graph, Snapshot};

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
    /// The conflict is the finding, with all other shared objects below it.
    const FIGHT: &str = "=== staging a
---
apiVersion: v1
kind: Namespace
metadata: {name: web}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: one, namespace: web}
data: {a: b}
=== staging b
---
apiVersion: v1
kind: Namespace
metadata: {name: web}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: one, namespace: web}
data: {a: c}
";
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
        assert_rule(&super::RULE, &[FIGHT], SILENT);
    }

    /// Returns the findings where the folder of `outer` contains that of `a` and `b`.
    fn around(has_kustomization: bool) -> Vec<Finding> {
        let folder = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let flux = |name: &str, path: &str| {
            format!(
                "---\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {name}, namespace: flux-system}}\nspec:\n  path: {path}\n  sourceRef: {{kind: GitRepository, name: flux-system}}\n"
            )
        };
        let all = [flux("outer", "./apps"), flux("a", "./apps/a"), flux("b", "./apps/b")].concat();
        write("clusters/staging/all.yaml", &all);
        write("apps/a/x.yaml", "");
        write("apps/b/x.yaml", "");
        if has_kustomization {
            write("apps/kustomization.yaml", "resources: [a, b]\n");
        }
        let map =
            |name: &str| format!("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: web}}\n");
        let text =
            ["=== staging outer\n", &map("a"), &map("b"), "=== staging a\n", &map("a"), "=== staging b\n", &map("b")]
                .concat();
        let mut rendering = rendering(&text);
        let mut graph = Graph::default();
        graph.kustomizations.clone_from(&Snapshot::load(folder.path()).kustomizations);
        rendering.graph = Arc::new(graph);
        let RuleInput::World(check) = super::RULE.check else { panic!("it looks at a world") };
        let mut found = Vec::new();
        check(&World::new("staging", &rendering, folder.path()), &mut found);
        found
    }

    #[test]
    fn a_folder_that_takes_in_those_of_others_is_one_finding_at_its_path() {
        let found = around(false);
        assert_eq!(found.len(), 1, "{found:#?}");
        let one = &found[0];
        assert_eq!((one.file.as_str(), one.line, one.others.len()), ("clusters/staging/all.yaml", Some(6), 2));
        assert!(
            one.message.contains("outer also takes in") && one.fix.contains("write apps/kustomization.yaml"),
            "{one:?}"
        );
        assert!(around(true).iter().all(|one| one.message.contains("both apply it")));
    }
}
