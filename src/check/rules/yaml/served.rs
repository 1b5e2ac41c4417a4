//! A version of a custom resource that its definition does not serve.

use super::schema::Definitions;
use crate::check::world::{World, at, text};
use crate::check::{Finding, Rule, RuleInput};

pub(in crate::check) const RULE: Rule = Rule {
    id: "version-not-served",
    about: "a version of a custom resource that the CustomResourceDefinition in the same environment does not serve",
    check: RuleInput::World(check),
};

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    let definitions = Definitions::find(world);
    for object in world.objects() {
        let versions = definitions.versions(object);
        let written = text(&object.body, "/apiVersion");
        let names = || versions.iter().filter(|one| at(one, "/served") != false).map(|one| text(one, "/name"));
        if versions.is_empty() || names().any(|version| written.ends_with(&format!("/{version}"))) {
            continue;
        }
        let message = format!("{} is not served as {written}", object.kind());
        let why =
            "the API server has no matches for this kind and version, and nothing of its Kustomization is applied";
        let served: Vec<&str> = names().collect();
        let fix = format!("its definition serves {}: write that, and compare the fields", served.join(", "));
        found.push(world.finding(&RULE, object, written, message, why, fix));
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::assert_rule;

    fn with(version: &str) -> String {
        format!(
            "---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: things.example.org}}
spec:
  group: example.org
  names: {{kind: Thing}}
  versions: [{{name: v1, served: true}}, {{name: v1beta1, served: false}}]
---
apiVersion: example.org/{version}
kind: Thing
metadata: {{name: a, namespace: web}}
"
        )
    }

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        assert_rule(&super::RULE, &[&with("v1beta1"), &with("v2")], &[&with("v1")]);
        assert_rule(&super::RULE, &[], &["---\napiVersion: example.org/v2\nkind: Thing\nmetadata: {name: a}\n"]);
    }
}
