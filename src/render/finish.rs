//! What Flux does after the build: substitution, and its own labels and annotations of `spec.commonMetadata`.

use std::collections::HashMap;

use serde_json::Value;

use super::substitute::{self, Named, Variables};
use super::{Object, Rendered};
use crate::model::ObjectRef;
use crate::yaml;

/// Holds what the ConfigMaps and Secrets of environments define.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Maps(HashMap<(String, ObjectRef), Named>);

impl Maps {
    /// Takes what objects of an environment define; what they defined before is replaced.
    pub(super) fn take(&mut self, env: &str, objects: &[Object]) {
        for object in objects.iter().filter(|object| object.is("", "ConfigMap") || object.is("", "Secret")) {
            self.0.insert((env.to_owned(), object.object.clone()), variables(object));
        }
    }

    /// Returns what an object of an environment defines; `None` where it is not known.
    pub(super) fn get(&self, env: &str, object: &ObjectRef) -> Option<&Named> {
        self.0.get(&(env.to_owned(), object.clone()))
    }
}

/// Lists the objects that `spec.postBuild.substituteFrom` of a Kustomization in a namespace names, each with whether it may be missing.
pub(super) fn named(spec: &yaml::Value, namespace: &str) -> Vec<(ObjectRef, bool)> {
    let text = |value: Option<&yaml::Value>| value.and_then(yaml::Value::as_str).unwrap_or_default().to_owned();
    let from = spec.get("postBuild").and_then(|post| post.get("substituteFrom")).and_then(yaml::Value::as_sequence);
    let one = |source: &yaml::Value| {
        let (kind, name) = (text(source.get("kind")), text(source.get("name")));
        let optional = source.get("optional").and_then(yaml::Value::as_bool).unwrap_or_default();
        (ObjectRef::new(&kind, "", namespace, &name), optional)
    };
    from.into_iter().flatten().map(one).collect()
}

/// Does it for one Kustomization with this spec.
pub(super) fn finish(one: &mut Rendered, spec: &yaml::Value, maps: &Maps) {
    let mut set = Variables::default();
    for (source, optional) in named(spec, &one.namespace) {
        match maps.get(&one.env, &source) {
            Some(known) => set.extend(known.clone()),
            None if optional => {}
            None => {
                set.may_be_others();
                one.unknown.push(format!("{}/{}/{}", source.kind, source.namespace, source.name));
            }
        }
    }
    let post = spec.get("postBuild");
    let inline = post.and_then(|post| post.get("substitute")).and_then(yaml::Value::as_mapping);
    for (key, value) in inline.into_iter().flatten() {
        if let (Some(key), Some(value)) = (key.as_str(), scalar(value)) {
            set.set(key, value);
        }
    }
    let runs = post.is_some() && !set.is_empty();
    for object in &mut one.objects {
        if runs && !substitute::is_disabled(&object.body) {
            one.undefined.extend(substitute::substitute(&mut object.body, &set));
        }
        for field in ["labels", "annotations"] {
            let common = spec.get("commonMetadata").and_then(|common| common.get(field));
            for (key, value) in common.and_then(yaml::Value::as_mapping).into_iter().flatten() {
                if let (Some(key), Some(value)) = (key.as_str(), scalar(value)) {
                    put(&mut object.body, field, key, value);
                }
            }
        }
    }
    one.undefined.sort_unstable();
    one.undefined.dedup();
}

/// Returns the variables that a ConfigMap or a Secret defines, without the values that a Secret holds or that are no text.
fn variables(object: &Object) -> Named {
    let is_secret = object.is("", "Secret");
    let own = |field: &str| object.body.get(field).and_then(Value::as_object).into_iter().flatten();
    // What a Secret holds is put into no other object, where it would be shown and kept: its names are known, and that is enough.
    let plain = |value: &Value| value.as_str().filter(|_| !is_secret).map(str::to_owned);
    let data = own("data").map(|(key, value)| (key, plain(value)));
    let text = own("stringData").map(|(key, value)| (key, plain(value)));
    // Flux takes the line ends out.
    let without_line_ends = |text: String| text.replace('\n', "");
    data.chain(text).map(|(key, value)| (key.clone(), value.map(without_line_ends))).collect()
}

/// Sets a label or an annotation.
fn put(body: &mut Value, field: &str, key: &str, value: String) {
    let Some(metadata) = body.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    let own = metadata.entry(field).or_insert_with(|| Value::Object(serde_json::Map::new()));
    if let Some(own) = own.as_object_mut() {
        own.insert(key.to_owned(), value.into());
    }
}

fn scalar(value: &yaml::Value) -> Option<String> {
    match value {
        yaml::Value::String(text) => Some(text.clone()),
        yaml::Value::Number(number) => Some(number.to_string()),
        yaml::Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::render::Origin;

    fn of(body: Value) -> Vec<(String, Option<String>)> {
        variables(&Object::new(body, Origin::default(), Vec::new())).into_iter().collect()
    }

    #[test]
    fn what_is_substituted_from_is_read_as_flux_reads_it() {
        let pairs = |pairs: &[(&str, Option<&str>)]| -> Vec<(String, Option<String>)> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned))).collect()
        };
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "b\nc\n"}});
        assert_eq!(of(map), pairs(&[("a", Some("bc"))]));
        let secret =
            json!({"apiVersion": "v1", "kind": "Secret", "data": {"a": "Yg==", "c": "ZA=="}, "stringData": {"c": "e"}});
        assert_eq!(of(secret), pairs(&[("a", None), ("c", None)]), "what a Secret holds gets into no other object");
        let closed = json!({"apiVersion": "v1", "kind": "Secret", "stringData": {"a": "ENC[a]"}, "sops": {}});
        assert_eq!(of(closed), pairs(&[("a", None)]), "the names of an encrypted Secret are readable");
    }
}
