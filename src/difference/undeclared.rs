//! Fields that a kind does not have. The API server refuses an apply with one; Flux's controllers read the kinds of
//! Kubernetes itself into their Go types first, which drops them without a word.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::fields::below;
use super::typed::is_typed;
use crate::model::ObjectRef;
use crate::model::managed_fields::{equal, keyed};

/// The fields in the server's message, `.spec.containers[name="web"].imagee: field not declared in schema`.
static UNDECLARED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(\.[^\s:]\S*?): field not declared in schema").ok());

/// One step of such a path: a field, or an item of a list in brackets.
static STEP: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\.([^.\[\]]+)|\[([^\]]*)\]").ok());

/// Returns the JSON Pointers of the fields that the server does not know by its message, where Flux drops them; empty if the
/// message says something else, or Flux applies the object as it is written.
pub(super) fn undeclared(object: &ObjectRef, body: &Value, message: &str) -> Vec<String> {
    let Some(pattern) = UNDECLARED.as_ref().filter(|_| is_typed(object)) else { return Vec::new() };
    let paths = pattern.captures_iter(message).filter_map(|found| found.get(1));
    paths.filter_map(|path| pointer(body, path.as_str())).collect()
}

/// Writes a path of the server as a JSON Pointer into an object that has the field.
fn pointer(body: &Value, path: &str) -> Option<String> {
    let (mut pointer, mut value) = (String::new(), body);
    for step in STEP.as_ref()?.captures_iter(path) {
        let token = match (step.get(1), step.get(2)) {
            (Some(field), _) => field.as_str().to_owned(),
            (None, Some(item)) => item_of(value, item.as_str())?,
            (None, None) => return None,
        };
        value = match value {
            Value::Array(items) => items.get(token.parse::<usize>().ok()?)?,
            other => other.get(&token)?,
        };
        pointer = below(&pointer, &token);
    }
    (!pointer.is_empty()).then_some(pointer)
}

/// Finds an item by its index, by its value (`="x"`), or by its keys (`name="web",protocol="TCP"`).
fn item_of(list: &Value, item: &str) -> Option<String> {
    if let Some(value) = item.strip_prefix('=') {
        return equal(list, value).map(|(token, _)| token);
    }
    if item.parse::<usize>().is_ok() {
        return Some(item.to_owned());
    }
    let pairs = item.split(',').map(|pair| pair.split_once('=').map(|(key, value)| format!("\"{key}\":{value}")));
    let keys = pairs.collect::<Option<Vec<_>>>()?.join(",");
    keyed(list, &format!("{{{keys}}}")).map(|(token, _)| token)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::undeclared;
    use crate::model::ObjectRef;

    #[test]
    fn the_fields_of_a_message_are_found_where_flux_drops_them() {
        let body = json!({"spec": {"replica": 2, "template": {"spec": {"containers": [{"name": "a"}, {"name": "web", "imagee": "x"}]}}}});
        let message = "failed to create typed patch object (shop/web; apps/v1, Kind=Deployment): errors:\n  .spec.replica: field not declared in schema\n  .spec.template.spec.containers[name=\"web\"].imagee: field not declared in schema";
        let found = |kind: &str, group: &str, message: &str| {
            undeclared(&ObjectRef::new(kind, group, "shop", "web"), &body, message)
        };
        assert_eq!(found("Deployment", "apps", message), ["/spec/replica", "/spec/template/spec/containers/1/imagee"]);
        // What has no type in client-go, and what is applied as it is written, is refused by the server for Flux too.
        assert!(found("Certificate", "cert-manager.io", message).is_empty());
        assert!(found("Role", "rbac.authorization.k8s.io", message).is_empty());
        assert!(found("Deployment", "apps", "spec.replica: Invalid value").is_empty());
        assert!(found("Deployment", "apps", ".spec.other[0].x: field not declared in schema").is_empty());
    }
}
