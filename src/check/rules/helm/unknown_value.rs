//! Values under a key that a chart of the repository does not know.

use std::path::Path;

use serde_json::Value;

use super::charts_here;
use crate::check::world::{World, at, text};
use crate::check::{Finding, Rule, RuleInput};
use crate::repo::{contents, path};
use crate::yaml;

pub(in crate::check) const RULE: Rule = Rule {
    id: "helm-unknown-value",
    about: "a value that the schema of its chart, which is in the repository, does not permit, or that nothing in the chart reads",
    check: RuleInput::World(check),
};

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    for (chart, object) in charts_here(world) {
        let text = contents::text(world.root(), &path::join(&chart, "values.schema.json")).ok();
        let schema: Option<Value> = text.as_deref().and_then(|text| serde_json::from_str(text).ok());
        if text.is_some() && schema.is_none() {
            continue;
        }
        let values = at(&object.body, "/spec/values");
        let mut unknown = Vec::new();
        if let Some(schema) = &schema {
            walk(schema, schema, values, "", &mut unknown);
        }
        for path in &unknown {
            let key = path.rsplit('.').next().unwrap_or_default();
            let message = format!("the schema of its chart {chart} permits no value {path}");
            let why = "Helm refuses the release: values don't meet the specifications of the schema";
            let fix = format!("correct the name as {chart}/values.schema.json has it, or take the value out");
            found.push(world.finding(&RULE, object, &format!("{key}:"), message, why, fix));
        }
        for key in unread(world.root(), &chart, schema.as_ref(), values)
            .into_iter()
            .filter(|key| !unknown.iter().any(|one| one == key))
        {
            let message = format!("nothing in its chart {chart} reads the value {key}");
            let why = "Helm says nothing about it, and what the value should do does not happen";
            let fix = format!("correct the name as {chart}/values.yaml has it, or take the value out");
            found.push(world.finding(&RULE, object, &format!("{key}:"), message, why, fix).warning());
        }
    }
}

/// Finds the values that nothing in a chart reads: neither its own values nor its schema name them, and no template
/// contains the word. A chart with dependencies may pass values on, so it gives no findings.
fn unread<'a>(root: &Path, chart: &str, schema: Option<&Value>, values: &'a Value) -> Vec<&'a str> {
    let parsed = |name: &str| -> Option<yaml::Value> {
        yaml::from_str(&contents::text(root, &path::join(chart, name)).ok()?).ok()
    };
    let (Some(description), Some(own)) = (parsed("Chart.yaml"), parsed("values.yaml")) else { return Vec::new() };
    if description.get("dependencies").is_some() {
        return Vec::new();
    }
    let mut templates = Vec::new();
    collect(root, &path::join(chart, "templates"), &mut templates);
    let says = |key: &str| {
        let word = regex::Regex::new(&format!(r"\b{}\b", regex::escape(key)));
        templates.iter().any(|text| word.as_ref().is_ok_and(|word| word.is_match(text)))
    };
    // A template that reads all values reads each of them.
    let any = templates.is_empty() || templates.iter().any(|text| reads_all(text));
    let keys = values.as_object().into_iter().flatten().map(|(key, _)| key.as_str());
    let is_known = |key: &str| {
        key == "global"
            || own.get(key).is_some()
            || schema.is_some_and(|schema| at(schema, "/properties").get(key).is_some())
    };
    keys.filter(|key| !any && !is_known(key) && !says(key)).collect()
}

/// Tells whether a template uses `.Values` without a key.
fn reads_all(template: &str) -> bool {
    let mut after = template.split(".Values").skip(1);
    after.any(|rest| !rest.starts_with(|letter: char| letter == '.' || letter.is_alphanumeric()))
}

/// Reads the templates below a folder.
fn collect(root: &Path, folder: &str, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(root.join(folder)).into_iter().flatten().flatten() {
        let name = path::join(folder, &entry.file_name().to_string_lossy());
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => collect(root, &name, found),
            _ => found.extend(contents::text(root, &name)),
        }
    }
}

/// Finds the keys that `additionalProperties: false` forbids; a schema with patterns gives no findings (JSON Schema,
/// draft 7 and later).
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
        found_in(folder.path(), &Nodes::default(), &super::RULE, &release(source))
    }

    fn release(source: &str) -> String {
        format!(
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
        )
    }

    #[test]
    fn what_nothing_in_the_chart_reads_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let file = folder.path().join("charts/app").join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        };
        write("Chart.yaml", "name: app\nversion: 1.0.0\n");
        write("values.yaml", "replicas: 1\n");
        write("templates/deep/app.yaml", "image: {{ .Values.image.tag }}\n");
        let here = "{kind: GitRepository, name: flux-system, namespace: flux-system}";
        let found = || found_in(folder.path(), &Nodes::default(), &super::RULE, &release(here));
        assert_eq!(found(), ["staging HelmRelease/web/app: nothing in its chart charts/app reads the value extra"]);
        write("templates/all.yaml", "{{ toYaml .Values }}\n");
        assert!(found().is_empty(), "all values are read at once");
        write("templates/all.yaml", "{{ toYaml .Values.extra }}\n");
        assert!(found().is_empty());
        write("templates/all.yaml", "");
        assert_eq!(found().len(), 1);
        write("Chart.yaml", "name: app\nversion: 1.0.0\ndependencies: [{name: extra}]\n");
        assert!(found().is_empty(), "a dependency may read it");
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
