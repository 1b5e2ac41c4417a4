//! `dependsOn` of HelmReleases: on a missing release, on one of another namespace without its name, or in a circle.

use std::collections::BTreeMap;

use crate::check::world::{World, list, text};
use crate::check::{Finding, Rule, RuleInput};
use crate::model::known;
use crate::render::Object;

pub(in crate::check) const RULE: Rule = Rule {
    id: "helm-depends-on",
    about: "a HelmRelease whose dependsOn names no HelmRelease, or that waits in a circle",
    check: RuleInput::World(check),
};

type Key<'a> = (&'a str, &'a str);

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    let releases: BTreeMap<Key<'_>, &Object> = world
        .objects_of(known::HELM, "HelmRelease")
        .map(|release| ((release.object.namespace.as_str(), release.object.name.as_str()), release))
        .collect();
    let mut waits: BTreeMap<Key<'_>, Vec<Key<'_>>> = BTreeMap::new();
    for (key, release) in &releases {
        for dependency in list(&release.body, "/spec/dependsOn") {
            let other = (release.namespace_of(dependency), text(dependency, "/name"));
            if releases.contains_key(&other) {
                waits.entry(*key).or_default().push(other);
            } else if !other.1.is_empty() && !world.may_come(&[(known::HELM, "HelmRelease")], other.0) {
                found.push(missing(world, &releases, release, other));
            }
        }
    }
    for circle in circles(&waits) {
        let Some(release) = circle.first().and_then(|first| releases.get(first)) else { continue };
        let names: Vec<String> = circle.iter().map(|(namespace, name)| format!("{namespace}/{name}")).collect();
        let message = match names.as_slice() {
            [_] => "it waits for itself".to_owned(),
            _ => format!("releases wait for each other in a circle: {}", names.join(", ")),
        };
        let why = "helm-controller installs none of them: DependencyNotReady";
        found.push(world.finding(&RULE, release, "dependsOn", message, why, "take one dependsOn out of the circle"));
    }
}

fn missing(world: &World<'_>, releases: &BTreeMap<Key<'_>, &Object>, release: &Object, other: Key<'_>) -> Finding {
    let (namespace, name) = other;
    let elsewhere = releases.keys().find(|(_, known)| *known == name);
    let is_kustomization = world.kustomizations().any(|one| one.object.name == name);
    let message = format!("it waits for HelmRelease {namespace}/{name}, which is declared nowhere");
    let (why, fix) = match elsewhere {
        Some((elsewhere, _)) => (
            format!("there is one of the name in {elsewhere}; without a namespace the release's own counts"),
            format!("name its namespace in spec.dependsOn: {elsewhere}"),
        ),
        None if is_kustomization => (
            "a Kustomization is called so, and a HelmRelease can wait for HelmReleases alone".to_owned(),
            format!("name a HelmRelease, or let the Kustomization that applies this one depend on {name}"),
        ),
        None => (
            "helm-controller waits for it forever: DependencyNotReady".to_owned(),
            "correct the name, or take it out of spec.dependsOn".to_owned(),
        ),
    };
    world.finding(&RULE, release, name, message, why, fix)
}

/// Finds the circles; each is listed once with its members.
fn circles<'a>(waits: &BTreeMap<Key<'a>, Vec<Key<'a>>>) -> Vec<Vec<Key<'a>>> {
    let keys: Vec<Key<'a>> = waits.keys().copied().collect();
    // A release that waits for nothing is in no circle.
    let places = |others: &Vec<Key<'a>>| others.iter().filter_map(|other| keys.binary_search(other).ok()).collect();
    let waits: Vec<Vec<usize>> = waits.values().map(places).collect();
    let of = |members: Vec<usize>| members.into_iter().filter_map(|at| keys.get(at).copied()).collect();
    crate::model::circles(&waits).into_iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use crate::check::testing::{assert_rule, found};

    const FIRES: &[&str] = &[
        "---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: web}
spec: {dependsOn: [{name: db}]}
",
        "---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: web}
spec: {dependsOn: [{name: pg}]}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: pg, namespace: data}
",
        "---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: a, namespace: web}
spec: {dependsOn: [{name: b}]}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: b, namespace: web}
spec: {dependsOn: [{name: a}]}
",
    ];
    const SILENT: &[&str] = &["---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: web}
spec: {dependsOn: [{name: pg, namespace: data}, {name: cache}]}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: pg, namespace: data}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: cache, namespace: web}
"];

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        assert_rule(&super::RULE, FIRES, SILENT);
        assert_eq!(
            found(&super::RULE, FIRES[2]),
            ["staging HelmRelease/web/a: releases wait for each other in a circle: web/a, web/b"],
            "a circle is told once"
        );
    }
}
