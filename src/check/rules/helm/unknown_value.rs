//! Values under a key that a chart of the repository does not know.

use serde_json::Value;

use crate::check::world::{World, at, text};
use crate::check::{Finding, Look, Rule};
use crate::render::Object;
use crate::repo::{contents, path};

pub(in crate::check) const RULE: Rule = Rule {
    id: "helm-unknown-value",
    about: "a value that the schema of its chart, which is in the repository, does not permit",
    look: Look::World(look),
};

fn look(world: &World<'_>, found: &mut Vec<Finding>) {
    for (rendered, object) in world.applied().filter(|(_, object)| object.is("helm.toolkit.fluxcd.io", "HelmRelease")) {
        let own = world
            .kustomizations()
            .find(|one| one.object.name == rendered.name && one.object.namespace == rendered.namespace);
        let Some(chart) = own.and_then(|own| chart_here(object, own)) else { continue };
        let Ok(schema) = contents::text(world.root(), &path::join(&chart, "values.schema.json")) else { continue };
        let Ok(schema) = serde_json::from_str::<Value>(&schema) else { continue };
        let mut unknown = Vec::new();
        walk(&schema, &schema, at(&object.body, "/spec/values"), "", &mut unknown);
        for path in unknown {
            let key = path.rsplit('.').next().unwrap_or_default();
            let message = format!("the schema of its chart {chart} permits no value {path}");
            let why = "Helm refuses the release: values don't meet the specifications of the schema";
            let fix = format!("correct the name as {chart}/values.schema.json has it, or take the value out");
            found.push(world.finding(&RULE, object, &format!("{key}:"), message, why, fix));
        }
    }
}

/// Returns the folder of a release's chart, where it comes from the very source that its Kustomization comes from: this repository.
fn chart_here(release: &Object, kustomization: &Object) -> Option<String> {
    let source = |object: &Object, pointer: &str| {
        let named = at(&object.body, pointer);
        (text(named, "/kind").to_owned(), object.namespace_of(named).to_owned(), text(named, "/name").to_owned())
    };
    let of_release = source(release, "/spec/chart/spec/sourceRef");
    let is_here = of_release.0 == "GitRepository" && of_release == source(kustomization, "/spec/sourceRef");
    is_here.then(|| path::resolve("", text(&release.body, "/spec/chart/spec/chart")))?
}

/// Finds what `additionalProperties: false` forbids; where a pattern may permit a name, nothing is said (JSON Schema, draft 7 and later).
fn walk(root: &Value, schema: &Value, value: &Value, path: &str, found: &mut Vec<String>) {
    let target = text(schema, "/$ref").strip_prefix('#').and_then(|pointer| root.pointer(pointer));
    let schema = target.unwrap_or(schema);
    let Some(fields) = value.as_object() else { return };
    let closed = at(schema, "/additionalProperties") == false && schema.get("patternProperties").is_none();
    for (key, value) in fields {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match at(schema, "/properties").get(key) {
            Some(schema) => walk(root, schema, value, &path, found),
            None if closed => found.push(path),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::found_in;
    use crate::model::Nodes;

    fn found(source: &str, schema: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("charts/app")).unwrap();
        std::fs::write(folder.path().join("charts/app/values.schema.json"), schema).unwrap();
        let text = format!(
            "---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{name: apps, namespace: flux-system}}
spec:
  path: ./apps
  sourceRef: {{kind: GitRepository, name: flux-system}}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {{name: app, namespace: web}}
spec:
  chart: {{spec: {{chart: ./charts/app, sourceRef: {source}}}}}
  values:
    replicas: 1
    image: {{tag: a, tga: b}}
    extra: {{any: thing}}
"
        );
        found_in(folder.path(), &Nodes::default(), &super::RULE, &text)
    }

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        let here = "{kind: GitRepository, name: flux-system, namespace: flux-system}";
        let schema = r##"{"properties": {"replicas": {}, "extra": {}, "image": {"$ref": "#/$defs/image"}},
            "additionalProperties": false,
            "$defs": {"image": {"properties": {"tag": {}}, "additionalProperties": CLOSED}}}"##;
        let said = "staging HelmRelease/web/app: the schema of its chart charts/app permits no value image.tga";
        assert_eq!(found(here, &schema.replace("CLOSED", "false")), [said]);
        assert!(found(here, &schema.replace("CLOSED", "true")).is_empty());
        assert!(found(here, &schema.replace("CLOSED", "false, \"patternProperties\": {\"^t\": {}}")).is_empty());
        assert!(found("{kind: GitRepository, name: charts}", &schema.replace("CLOSED", "false")).is_empty());
        assert!(found(here, "{").is_empty());
    }
}
