//! What Flux does after the build: substitution, and its own labels and annotations of `spec.commonMetadata`.

use std::collections::HashMap;

use serde_json::Value;

use super::substitute::{self, Named, Variables};
use super::{Object, Rendering};
use crate::model::ObjectRef;
use crate::repo::FluxKustomization;
use crate::yaml;

/// Does it for every Kustomization.
pub(super) fn finish(rendering: &mut Rendering, kustomizations: &[FluxKustomization]) {
    let mut maps: HashMap<(String, ObjectRef), Named> = HashMap::new();
    for one in &rendering.of {
        for object in one.objects.iter().filter(|object| object.is("", "ConfigMap") || object.is("", "Secret")) {
            maps.insert((one.env.clone(), object.object.clone()), variables(object));
        }
    }
    for one in &mut rendering.of {
        let is_own = |known: &&FluxKustomization| {
            known.env == one.env && known.name == one.name && known.namespace == one.namespace
        };
        let Some(spec) = kustomizations.iter().find(is_own).map(|known| &known.spec) else { continue };
        let text = |value: Option<&yaml::Value>| value.and_then(yaml::Value::as_str).unwrap_or_default().to_owned();
        let mut set = Variables::default();
        let post = spec.get("postBuild");
        let from = post.and_then(|post| post.get("substituteFrom")).and_then(yaml::Value::as_sequence);
        for source in from.into_iter().flatten() {
            let (kind, name) = (text(source.get("kind")), text(source.get("name")));
            let optional = source.get("optional").and_then(yaml::Value::as_bool).unwrap_or_default();
            match maps.get(&(one.env.clone(), ObjectRef::new(&kind, "", &one.namespace, &name))) {
                Some(known) => set.extend(known.clone()),
                None if optional => {}
                None => {
                    set.may_be_others();
                    one.unknown.push(format!("{kind}/{}/{name}", one.namespace));
                }
            }
        }
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
