//! Two HelmReleases that install one release, and a target namespace that nothing creates.

use std::collections::BTreeMap;

use crate::check::world::{World, at, text};
use crate::check::{Finding, Rule, RuleInput};
use crate::model::known;
use crate::render::Object;

pub(in crate::check) const RULE: Rule = Rule {
    id: "helm-one-release",
    about: "two HelmReleases that install one release of Helm: the same name in the same namespace",
    check: RuleInput::World(check),
};

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    let mut known: BTreeMap<(String, String), &Object> = BTreeMap::new();
    for object in world.objects_of(known::HELM, "HelmRelease") {
        // A release in another cluster has storage of its own there.
        if at(&object.body, "/spec/kubeConfig").is_object() {
            continue;
        }
        let (namespace, name) = release(object);
        if name.contains("${") || namespace.contains("${") {
            continue;
        }
        let Some(first) = known.get(&(namespace.clone(), name.clone())) else {
            known.insert((namespace, name), object);
            continue;
        };
        let message = format!("it installs the release {namespace}/{name}, as {} does", first.object);
        let why = "each upgrades what the other installed, again and again, and the deletion of one uninstalls both";
        let fix = "give one of them another releaseName, or take it out";
        found.push(world.finding(&RULE, object, "releaseName", message, why, fix));
    }
}

/// Returns the namespace in which Helm keeps a release, and its name (helm-controller, `GetStorageNamespace` and
/// `GetReleaseName`).
fn release(object: &Object) -> (String, String) {
    let word = |pointer: &str| Some(text(&object.body, pointer)).filter(|word| !word.is_empty());
    let own = (object.object.namespace.as_str(), object.object.name.as_str());
    let target = word("/spec/targetNamespace");
    let name = match (word("/spec/releaseName"), target) {
        (Some(name), _) => name.to_owned(),
        (None, Some(target)) => format!("{target}-{}", own.1),
        (None, None) => own.1.to_owned(),
    };
    // The storage is beside the HelmRelease, and Helm tells releases apart in the namespace that they go to.
    let namespace = target.unwrap_or(own.0);
    (namespace.to_owned(), name)
}

#[cfg(test)]
mod tests {
    use crate::check::testing::assert_rule;

    fn two(one: &str, other: &str) -> String {
        let release = |head: &str, spec: &str| {
            let (namespace, name) = head.split_once('/').unwrap();
            format!(
                "---\napiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec: {{{spec}}}\n"
            )
        };
        format!("{}{}", release("web/a", one), release("other/b", other))
    }

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        let fires = [
            two("releaseName: same", "releaseName: same, targetNamespace: web"),
            two("releaseName: other-b, targetNamespace: web", "releaseName: other-b, targetNamespace: web"),
        ];
        let silent = [
            two("releaseName: same", "releaseName: same"),
            two("releaseName: same", "releaseName: same, targetNamespace: web, kubeConfig: {secretRef: {name: a}}"),
            two("interval: 1h", "targetNamespace: web"),
        ];
        assert_rule(&super::RULE, &fires, &silent);
    }
}
