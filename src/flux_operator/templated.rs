//! The objects of a `ResourceSet`, as far as its templates show them before they are rendered.

use serde_json::Value as Json;

use super::OperatorObject;
use crate::yaml::manifest::at;

/// Names an object of a template; a star stands for a rendered part, and for a missing one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplatedObject {
    /// The API group.
    pub group: String,
    /// The kind.
    pub kind: String,
    /// `metadata.namespace`.
    pub namespace: String,
    /// `spec.targetNamespace`.
    pub target: String,
}

/// Lists the objects of a set's templates; `None` where the templates do not show them.
pub fn templated(set: OperatorObject<'_>) -> Option<Vec<TemplatedObject>> {
    let spec = at(set.body, "/spec");
    let steps = spec.get("steps").and_then(Json::as_array).into_iter().flatten();
    let mut found = Vec::new();
    for part in std::iter::once(spec).chain(steps) {
        for resource in part.get("resources").and_then(Json::as_array).into_iter().flatten() {
            let word = |pointer: &str| resource.pointer(pointer).and_then(Json::as_str);
            found.push(of(
                word("/apiVersion")?,
                word("/kind")?,
                word("/metadata/namespace"),
                word("/spec/targetNamespace"),
            ));
        }
        let template = part.get("resourcesTemplate").and_then(Json::as_str).unwrap_or_default();
        for document in template.split("\n---") {
            found.extend(in_text(document)?);
        }
    }
    Some(found)
}

fn of(version: &str, kind: &str, namespace: Option<&str>, target: Option<&str>) -> TemplatedObject {
    let star = || "*".to_owned();
    TemplatedObject {
        group: pattern(version).rsplit_once('/').map(|(group, _)| group.to_owned()).unwrap_or_default(),
        kind: if kind.contains("<<") { star() } else { kind.to_owned() },
        namespace: namespace.map_or_else(star, pattern),
        target: target.map_or_else(star, pattern),
    }
}

/// Replaces each action of a template by a star.
fn pattern(text: &str) -> String {
    let mut parts = text.split("<<");
    let mut found = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        found.push('*');
        found.push_str(part.split_once(">>").map_or("", |(_, rest)| rest));
    }
    found
}

/// Lists the objects of a template's document, by its lines; `None` where it has text and no kind.
fn in_text(document: &str) -> Option<Vec<TemplatedObject>> {
    let value = |line: &str, key: &str| {
        let value = line.strip_prefix(key)?.strip_prefix(':')?.trim();
        Some(value.trim_matches(['"', '\'']).to_owned())
    };
    let top = |key: &str| document.lines().filter_map(move |line| value(line, key)).collect::<Vec<_>>();
    let deep = |key: &str| {
        let lines = document.lines().filter(|line| line.starts_with(' ')).map(str::trim_start);
        lines.filter_map(move |line| value(line, key)).collect::<Vec<_>>()
    };
    let (versions, kinds) = (top("apiVersion"), top("kind"));
    let is_text = |line: &&str| {
        let line = line.trim();
        !(line.is_empty() || line.starts_with('#') || line == "---" || line.starts_with("<<") && line.ends_with(">>"))
    };
    if kinds.is_empty() || versions.len() != kinds.len() {
        return document.lines().find(is_text).is_none().then(Vec::new);
    }
    // A line cannot be assigned to one of several objects.
    let one = |values: Vec<String>| values.into_iter().next().filter(|_| kinds.len() == 1);
    let (namespace, target) = (one(deep("namespace")), one(deep("targetNamespace")));
    let found = versions.iter().zip(&kinds);
    Some(found.map(|(version, kind)| of(version, kind, namespace.as_deref(), target.as_deref())).collect())
}

#[cfg(test)]
mod tests {
    use super::{TemplatedObject, templated};
    use crate::flux_operator::OperatorObject;
    use crate::model::ObjectRef;

    fn told(spec: serde_json::Value) -> Option<Vec<String>> {
        let object = ObjectRef::new("ResourceSet", "", "a", "b");
        let body = serde_json::json!({"spec": spec});
        let word = |one: TemplatedObject| format!("{}/{} {} {}", one.group, one.kind, one.namespace, one.target);
        Some(templated(OperatorObject { object: &object, body: &body })?.into_iter().map(word).collect())
    }

    #[test]
    fn templates_say_which_kinds_they_make_and_where() {
        let made = told(serde_json::json!({
            "resources": [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "<< inputs.id >>", "namespace": "app-<< inputs.id >>"}}],
            "resourcesTemplate": "<<- range inputs.all >>\n---\napiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n  name: a\n  namespace: web\nspec:\n  targetNamespace: << .ns >>\n<<- end >>\n",
        }));
        assert_eq!(made.unwrap(), ["/ConfigMap app-* *", "helm.toolkit.fluxcd.io/HelmRelease web *"]);
        let steps = serde_json::json!({"steps": [{"name": "one", "resources": [{"apiVersion": "apps/v1", "kind": "<< inputs.kind >>"}]}]});
        assert_eq!(told(steps).unwrap(), ["apps/* * *"]);
        assert_eq!(told(serde_json::json!({"resourcesTemplate": "<< inputs.all | toYaml >>\nnonsense\n"})), None);
        assert_eq!(told(serde_json::json!({})).unwrap(), Vec::<String>::new());
    }
}
