//! Rules that exclude fields from the comparison: `spec.driftDetection.ignore` of a HelmRelease, and the same list in
//! `spec.ignore` of a Kustomization.

use regex::Regex;
use serde::Deserialize;
use serde_json::Value;

use super::fields::without;
use crate::model::ObjectRef;

/// Excludes fields of some objects.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct IgnoreRule {
    paths: Vec<String>,
    target: Option<Target>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Target {
    group: String,
    version: String,
    kind: String,
    namespace: String,
    name: String,
    label_selector: String,
    annotation_selector: String,
}

impl IgnoreRule {
    /// Reads the rules of a Kustomization or a HelmRelease.
    pub(super) fn of(spec: &Value) -> Vec<Self> {
        let lists = [spec.get("ignore"), spec.pointer("/driftDetection/ignore")];
        let rules = lists.into_iter().flatten().filter_map(Value::as_array).flatten();
        rules.filter_map(|rule| serde_json::from_value(rule.clone()).ok()).collect()
    }

    fn is_about(&self, object: &ObjectRef, body: &Value) -> bool {
        let Some(target) = &self.target else { return true };
        let version = body.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
        let version = version.rsplit('/').next().unwrap_or_default();
        let fits = |pattern: &str, text: &str| {
            // An expression of kustomize's selectors fits the whole text.
            pattern.is_empty() || Regex::new(&format!("^(?:{pattern})$")).is_ok_and(|pattern| pattern.is_match(text))
        };
        let marks = |field: &str, selector: &str| {
            selector.split(',').filter(|part| !part.is_empty()).all(|part| {
                let own = body.get("metadata").and_then(|metadata| metadata.get(field));
                match part.split_once('=') {
                    Some((key, value)) => {
                        let own = own.and_then(|own| own.get(key.trim())).and_then(Value::as_str);
                        own == Some(value.trim_start_matches('=').trim())
                    }
                    None => own.is_some_and(|own| own.get(part.trim()).is_some()),
                }
            })
        };
        fits(&target.group, &object.group)
            && fits(&target.version, version)
            && fits(&target.kind, &object.kind)
            && fits(&target.namespace, &object.namespace)
            && fits(&target.name, &object.name)
            && marks("labels", &target.label_selector)
            && marks("annotations", &target.annotation_selector)
    }
}

/// Tells whether a rule excludes the whole object, by an empty path.
pub(super) fn is_left_out(rules: &[IgnoreRule], object: &ObjectRef, body: &Value) -> bool {
    rules.iter().any(|rule| rule.paths.iter().any(String::is_empty) && rule.is_about(object, body))
}

/// Removes the excluded fields from a form of an object.
pub(super) fn leave_out(rules: &[IgnoreRule], object: &ObjectRef, form: &mut Value) {
    let wanted: Vec<&IgnoreRule> = rules.iter().filter(|rule| rule.is_about(object, form)).collect();
    without(form, wanted.iter().flat_map(|rule| rule.paths.iter().map(String::as_str)));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{IgnoreRule, is_left_out, leave_out};
    use crate::model::ObjectRef;

    #[test]
    fn rules_leave_out_fields_of_their_target_alone() {
        let spec = json!({"driftDetection": {"ignore": [
            {"paths": ["/spec/replicas"], "target": {"kind": "Deployment", "name": "web-.*", "labelSelector": "tier=front"}},
            {"paths": ["/metadata/annotations/a~1b"]}
        ]}});
        let rules = IgnoreRule::of(&spec);
        let form =
            json!({"metadata": {"labels": {"tier": "front"}, "annotations": {"a/b": "c"}}, "spec": {"replicas": 2}});
        let left = |name: &str| {
            let mut form = form.clone();
            leave_out(&rules, &ObjectRef::new("Deployment", "apps", "web", name), &mut form);
            (form["spec"].get("replicas").is_some(), form["metadata"]["annotations"].get("a/b").is_some())
        };
        assert_eq!((left("web-1"), left("the-web-1")), ((false, false), (true, false)));
        let whole = IgnoreRule::of(&json!({"ignore": [{"paths": [""], "target": {"kind": "Job"}}]}));
        let is_left_out = |kind: &str| is_left_out(&whole, &ObjectRef::new(kind, "batch", "web", "once"), &form);
        assert_eq!((is_left_out("Job"), is_left_out("CronJob")), (true, false));
    }
}
