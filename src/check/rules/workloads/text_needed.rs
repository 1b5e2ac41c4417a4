//! A number or boolean where Kubernetes requires a text.

use crate::check::world::{World, at};
use crate::check::{Finding, Rule, RuleInput};

pub(in crate::check) const RULE: Rule = Rule {
    id: "text-needed",
    about: "a value of data, labels or annotations that is not text once variables are substituted",
    check: RuleInput::World(check),
};

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    for object in world.objects() {
        let blocks: &[&str] = match (object.object.group.as_str(), object.kind()) {
            ("", "ConfigMap") => &["/data", "/metadata/labels", "/metadata/annotations"],
            ("", "Secret") => &["/stringData", "/metadata/labels", "/metadata/annotations"],
            ("apps" | "batch", _) => &[
                "/metadata/labels",
                "/metadata/annotations",
                "/spec/template/metadata/labels",
                "/spec/template/metadata/annotations",
            ],
            // A template in a kind of another group follows its own schema.
            _ => &["/metadata/labels", "/metadata/annotations"],
        };
        for block in blocks {
            for (key, value) in at(&object.body, block).as_object().into_iter().flatten() {
                if !(value.is_number() || value.is_boolean()) {
                    continue;
                }
                let message = format!("{key} is {value}, not text: a string is required");
                let why = "Flux refuses the object, and with it everything that its Kustomization applies: expected string, got &value.valueUnstructured";
                let fix = "quote it; quotes are lost where spec.postBuild puts a value in, so write other text around it there";
                found.push(world.finding(&RULE, object, &format!("{key}:"), message, why, fix));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::{app, assert_rule, object};

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        let fires = [
            object("v1 ConfigMap web/c", "data: {a: 8080}"),
            object(
                "apps/v1 Deployment web/app",
                "
spec:
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}, annotations: {a: true}}
    spec:
      containers:
        - name: main
          image: docker.io/a/b:1.0.0
",
            ),
        ];
        let silent = [object("v1 ConfigMap web/c", r#"data: {a: "8080"}"#), app()];
        assert_rule(&super::RULE, &fires, &silent);
    }
}
