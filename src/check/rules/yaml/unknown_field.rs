//! A field that the definition of a custom resource does not have.

use super::kubernetes;
use super::schema::{Definitions, unknown_fields};
use crate::check::world::{World, text};
use crate::check::{Finding, Rule, RuleInput};

pub(in crate::check) const RULE: Rule = Rule {
    id: "unknown-field",
    about: "a field that a kind of Kubernetes or Flux, or the CustomResourceDefinition in the same environment, does not have",
    check: RuleInput::World(check),
};

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    let definitions = Definitions::find(world);
    for object in world.objects() {
        let api_version = text(&object.body, "/apiVersion");
        // If a kind has two definitions, a field of either is known.
        let schemas = definitions.schemas(object).into_iter();
        let fields = schemas.map(|schema| unknown_fields(schema, &object.body)).min_by_key(Vec::len);
        let mut fields = fields.unwrap_or_default();
        fields.extend(kubernetes::read(&object.body).unknown);
        // Decryption removes the block of sops; another rule reports a file that nothing decrypts.
        for path in fields.into_iter().filter(|path| path != "sops") {
            let key = path.rsplit(['.', ']']).next().unwrap_or_default();
            let message = format!("{} has no field {path} in {api_version}", object.kind());
            let why = format!(
                "the server-side apply of Flux refuses it: .{path}: field not declared in schema; nothing of its Kustomization is applied"
            );
            let fix = format!(
                "correct the name, or remove the field; `kubectl explain {}` lists the fields",
                explained(object.kind(), &path)
            );
            found.push(world.finding(&RULE, object, &format!("{key}:"), message, why, fix));
        }
    }
}

/// Returns the argument of `kubectl explain`: the field that contains the unknown one.
fn explained(kind: &str, path: &str) -> String {
    let without: String = path.split('[').map(|part| part.split_once(']').map_or(part, |(_, rest)| rest)).collect();
    let parent = without.rsplit_once('.').map_or("", |(parent, _)| parent);
    let dot = if parent.is_empty() { "" } else { "." };
    format!("{}{dot}{parent}", kind.to_lowercase())
}

#[cfg(test)]
mod tests {
    use crate::check::testing::{assert_rule, found};

    const DEFINITION: &str = "---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.org}
spec:
  group: example.org
  names: {kind: Thing, plural: things}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties:
              interval: {type: string}
              open: {type: object, x-kubernetes-preserve-unknown-fields: true}
              labels: {type: object, additionalProperties: {type: string}}
              ports:
                type: array
                items: {type: object, properties: {name: {type: string}}}
              pods:
                type: object
                additionalProperties: {type: object, properties: {image: {type: string}}}
              template:
                type: object
                x-kubernetes-embedded-resource: true
                properties: {spec: {type: object, properties: {a: {type: string}}}}
";

    fn thing(spec: &str) -> String {
        format!(
            "{DEFINITION}---\napiVersion: example.org/v1\nkind: Thing\nmetadata: {{name: a, namespace: web}}\nspec: {spec}\n"
        )
    }

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        let fires = [
            "{intervall: 1m}",
            "{ports: [{name: a}, {nane: b}]}",
            "{pods: {a: {imaeg: b}}}",
            "{template: {kind: A, spec: {b: c}}}",
        ];
        let silent = [
            "{interval: 1m, open: {a: {b: c}}, labels: {any: thing}, ports: [{name: a}], template: {kind: A, metadata: {name: b}, spec: {a: c}}}",
            "null",
        ];
        assert_rule(
            &super::RULE,
            &fires.map(thing).each_ref().map(String::as_str),
            &silent.map(thing).each_ref().map(String::as_str),
        );
        // Without the definition nothing is known; the API server defines status and labels itself.
        let alone = "---\napiVersion: example.org/v1\nkind: Thing\nmetadata: {name: a, namespace: web, labels: {b: c}}\nspec: {intervall: 1m}\nstatus: {a: b}\n";
        assert_rule(&super::RULE, &[], &[alone]);
        let said = found(&super::RULE, &thing("{ports: [{name: a}, {nane: b}]}"));
        assert_eq!(said, ["staging Thing/web/a: Thing has no field spec.ports[1].nane in example.org/v1"]);
        assert_eq!(super::explained("Thing", "spec.ports[1].nane"), "thing.spec.ports");
    }
}
