//! Values from an object that nothing declares.

use crate::check::world::{World, at, list, named, text};
use crate::check::{Finding, Rule, RuleInput};
use crate::model::known;
use crate::render::Object;
use crate::yaml;
use serde_json::Value;

pub(in crate::check) const RULE: Rule = Rule {
    id: "helm-values-missing",
    about: "a HelmRelease whose valuesFrom names a ConfigMap, a Secret or a key that is not there",
    check: RuleInput::World(check),
};

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    for object in world.objects_of(known::HELM, "HelmRelease") {
        let namespace = &object.object.namespace;
        for source in list(&object.body, "/spec/valuesFrom") {
            let (kind, name) = (text(source, "/kind"), text(source, "/name"));
            if at(source, "/optional") == true || name.is_empty() {
                continue;
            }
            let key = at(source, "/valuesKey").as_str().unwrap_or("values.yaml");
            let fault = match world.find(kind, namespace, name) {
                Some(known) => {
                    let has = ["data", "stringData", "binaryData"]
                        .iter()
                        .any(|field| known.body.get(field).is_some_and(|own| own.get(key).is_some()));
                    if has {
                        misread(&known.body, key, source)
                            .map(|what| format!("{key} of {} {what}", named(kind, namespace, name)))
                    } else {
                        (!known.is_filled_elsewhere() && !world.may_be_filled(namespace))
                            .then(|| format!("{} has no key {key}", named(kind, namespace, name)))
                    }
                }
                None if kind == "Secret" && world.makes_secret(namespace, name) => None,
                None if may_come(world, object, name) || world.may_come(&[("", kind)], namespace) => None,
                None => Some(format!("{} is declared nowhere", named(kind, namespace, name))),
            };
            if let Some(message) = fault {
                let why = "helm-controller fails before it renders the chart, and the release stays as it is";
                let fix = if message.contains("declared nowhere") || message.contains("has no key") {
                    "declare it in the release's namespace, correct its name, or set optional: true"
                } else {
                    "correct the text, or name a targetPath where it is one value"
                };
                found.push(world.finding(&RULE, object, name, message, why, fix));
            }
        }
    }
}

/// Returns what helm-controller refuses in values that are not put at a path: they must be a mapping.
fn misread(body: &Value, key: &str, source: &Value) -> Option<&'static str> {
    let values = body.get("data").and_then(|data| data.get(key))?.as_str()?;
    // The data of a Secret is base64, and a variable may bring anything.
    let is_open = text(body, "/kind") != "ConfigMap" || values.contains("${") || values.contains("ENC[");
    if is_open || !text(source, "/targetPath").is_empty() {
        return None;
    }
    match yaml::from_str::<yaml::Value>(values) {
        Ok(yaml::Value::Mapping(_) | yaml::Value::Null) => None,
        Ok(_) => Some("is no mapping, and values are one"),
        Err(_) => Some("is no YAML"),
    }
}

/// Tells whether something else may create the object: a custom resource, or another release of the namespace by its
/// values or under its name. The release itself needs it before it creates anything.
fn may_come(world: &World<'_>, release: &Object, name: &str) -> bool {
    let namespace = release.object.namespace.as_str();
    let may_make = |other: &Object| {
        let target = text(&other.body, "/spec/targetNamespace");
        let called = text(&other.body, "/spec/releaseName");
        let is_called = [called, other.object.name.as_str()].iter().any(|own| !own.is_empty() && name.contains(own));
        other.object != release.object && [other.object.namespace.as_str(), target].contains(&namespace) && is_called
    };
    world.is_conjured(namespace) || world.charts_say(name) || world.objects_of(known::HELM, "HelmRelease").any(may_make)
}

#[cfg(test)]
mod tests {
    use crate::check::testing::assert_rule;

    const FIRES: &[&str] = &[
        "---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: web}
spec: {valuesFrom: [{kind: ConfigMap, name: settings}]}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: other, namespace: web}
spec: {values: {a: b}}
",
        "---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: web}
spec:
  valuesFrom: [{kind: ConfigMap, name: values}]
",
        r#"---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: web}
spec:
  valuesFrom: [{kind: ConfigMap, name: values, valuesKey: a}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: values, namespace: web}
data: {values.yaml: ""}
"#,
        r#"---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: web}
spec:
  valuesFrom: [{kind: ConfigMap, name: values}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: values, namespace: web}
data: {values.yaml: "- a list"}
"#,
    ];
    const SILENT: &[&str] = &[
        "---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: web}
spec: {valuesFrom: [{kind: ConfigMap, name: settings}]}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: other, namespace: web}
spec: {values: {configMapName: settings}}
",
        "---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: web}
spec: {valuesFrom: [{kind: ConfigMap, name: other-settings}]}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: other, namespace: web}
spec: {values: {a: b}}
",
        "---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: web}
spec: {valuesFrom: [{kind: Secret, name: made}]}
---
apiVersion: secrets.example.org/v1
kind: StaticSecret
metadata: {name: a, namespace: web}
",
        "---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: web}
spec:
  valuesFrom: [{kind: ConfigMap, name: values, optional: true}]
",
        r#"---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: web}
spec:
  valuesFrom: [{kind: ConfigMap, name: values}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: values, namespace: web}
data: {values.yaml: ""}
"#,
    ];

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        assert_rule(&super::RULE, FIRES, SILENT);
    }
}
