//! The fields in which two forms of an object differ, and the text of that difference.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use similar::TextDiff;

pub(super) use crate::model::managed_fields::below;
use crate::yaml;

/// The fields that identify the items of Kubernetes' lists, each list by the first that all of its items have.
const KEYS: [&str; 8] = ["name", "key", "mountPath", "containerPort", "port", "type", "ip", "topologyKey"];

/// The maps of names, which have no other fields.
const MAPS: [&str; 3] = ["/metadata/labels", "/metadata/annotations", "/data"];

/// The number of unchanged lines around a change.
const CONTEXT: usize = 3;

/// Describes one field that differs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FieldChange {
    /// The JSON Pointer, in the form that has the field; in the first where both do.
    pub(super) pointer: String,
    /// The path for people, `spec.containers[app].image`.
    pub(super) path: String,
    /// The value in the first form.
    pub(super) from: Option<Value>,
    /// The value in the second form.
    pub(super) to: Option<Value>,
}

/// Names a field in both spellings.
#[derive(Debug, Clone, Default)]
struct Place {
    pointer: String,
    path: String,
}

impl Place {
    fn field(&self, key: &str) -> Self {
        let plain = key.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_'));
        let path = match (plain, self.path.is_empty()) {
            (true, true) => key.to_owned(),
            (true, false) => format!("{}.{key}", self.path),
            (false, _) => format!("{}[\"{key}\"]", self.path),
        };
        Self { pointer: below(&self.pointer, key), path }
    }

    fn item(&self, index: usize, name: &str) -> Self {
        Self { pointer: below(&self.pointer, &index.to_string()), path: format!("{}[{name}]", self.path) }
    }
}

/// Writes a JSON Pointer as a path for people; `whole` holds the field.
pub(super) fn path_of(whole: &Value, pointer: &str) -> String {
    let (mut place, mut value) = (Place::default(), Some(whole));
    for token in pointer.split('/').skip(1) {
        let key = token.replace("~1", "/").replace("~0", "~");
        let index = key.parse::<usize>().ok();
        match (value, index) {
            (Some(Value::Array(items)), Some(index)) => {
                let item = items.get(index);
                let name = KEYS.iter().find_map(|key| item.and_then(|item| word(item, key)));
                place = place.item(index, &name.unwrap_or_else(|| index.to_string()));
                value = item;
            }
            (inner, _) => {
                place = place.field(&key);
                value = inner.and_then(|inner| inner.get(&key));
            }
        }
    }
    place.path
}

/// Returns the part of an object that Flux compares: labels, annotations, and everything else but metadata and status.
pub(super) fn comparable(object: &Value) -> Value {
    let Some(whole) = object.as_object() else { return object.clone() };
    let mut part = Map::new();
    for key in ["apiVersion", "kind"] {
        part.extend(whole.get(key).map(|value| (key.to_owned(), value.clone())));
    }
    let mut metadata = Map::new();
    for key in ["name", "namespace", "labels", "annotations"] {
        let own = whole.get("metadata").and_then(|metadata| metadata.get(key));
        let is_empty = own.and_then(Value::as_object).is_some_and(Map::is_empty);
        metadata.extend(own.filter(|own| !is_empty && !own.is_null()).map(|own| (key.to_owned(), own.clone())));
    }
    part.insert("metadata".to_owned(), Value::Object(metadata));
    for (key, value) in whole {
        if !matches!(key.as_str(), "apiVersion" | "kind" | "metadata" | "status") {
            part.insert(key.clone(), value.clone());
        }
    }
    Value::Object(part)
}

/// Lists the fields that differ; items of lists are matched by their names.
pub(super) fn changes(from: &Value, to: &Value) -> Vec<FieldChange> {
    let mut found = Vec::new();
    walk(Some(from), Some(to), &Place::default(), &mut found);
    found
}

fn walk(from: Option<&Value>, to: Option<&Value>, place: &Place, found: &mut Vec<FieldChange>) {
    // The server leaves out what is null.
    let (from, to) = (from.filter(|value| !value.is_null()), to.filter(|value| !value.is_null()));
    if from == to {
        return;
    }
    // A map of names that one form lacks is an empty one, so that each name has its own line.
    let is_named = MAPS.contains(&place.pointer.as_str()) && [from, to].iter().flatten().all(|value| value.is_object());
    let (nothing, is_one) = (Value::Object(Map::new()), from.is_none() || to.is_none());
    let (from, to) = if is_named && is_one { (from.or(Some(&nothing)), to.or(Some(&nothing))) } else { (from, to) };
    match (from, to) {
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for key in keys {
                walk(old.get(key), new.get(key), &place.field(key), found);
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) => {
            let before = found.len();
            if let Some(key) = identity(old, new) {
                by_identity(old, new, key, place, found);
            }
            // Only their order differs, or they have no names.
            if found.len() == before {
                found.push(change(from, to, place));
            }
        }
        _ => found.push(change(from, to, place)),
    }
}

fn change(from: Option<&Value>, to: Option<&Value>, place: &Place) -> FieldChange {
    let Place { pointer, path } = place.clone();
    FieldChange { pointer, path, from: from.cloned(), to: to.cloned() }
}

fn by_identity(old: &[Value], new: &[Value], key: &str, place: &Place, found: &mut Vec<FieldChange>) {
    let same = |items: &[Value], name: &str| items.iter().position(|item| word(item, key).as_deref() == Some(name));
    for (index, item) in old.iter().enumerate() {
        let Some(name) = word(item, key) else { continue };
        let other = same(new, &name).and_then(|index| new.get(index));
        walk(Some(item), other, &place.item(index, &name), found);
    }
    for (index, item) in new.iter().enumerate() {
        let Some(name) = word(item, key) else { continue };
        if same(old, &name).is_none() {
            walk(None, Some(item), &place.item(index, &name), found);
        }
    }
}

/// Finds the field that identifies the items of both lists.
fn identity(old: &[Value], new: &[Value]) -> Option<&'static str> {
    let is_one = |items: &[Value], key: &str| {
        let mut seen = BTreeSet::new();
        items.iter().all(|item| word(item, key).is_some_and(|name| seen.insert(name)))
    };
    KEYS.into_iter().find(|key| is_one(old, key) && is_one(new, key))
}

fn word(item: &Value, key: &str) -> Option<String> {
    match item.get(key)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Removes fields and items, by JSON Pointers.
pub(super) fn without<'a>(value: &mut Value, pointers: impl IntoIterator<Item = &'a str>) {
    let tokens = |pointer: &'a str| {
        pointer.split('/').skip(1).map(|token| (token.parse::<usize>().ok(), token)).collect::<Vec<_>>()
    };
    let mut all: Vec<_> = pointers.into_iter().map(|pointer| (tokens(pointer), pointer)).collect();
    // The last item of a list goes first, so that the places of the others stay.
    all.sort_by(|one, other| other.0.cmp(&one.0));
    for (_, pointer) in all {
        let Some((parent, token)) = pointer.rsplit_once('/') else { continue };
        let key = token.replace("~1", "/").replace("~0", "~");
        match value.pointer_mut(parent) {
            Some(Value::Object(fields)) => drop(fields.shift_remove(&key)),
            Some(Value::Array(items)) => {
                if let Some(index) = key.parse::<usize>().ok().filter(|index| *index < items.len()) {
                    items.remove(index);
                }
            }
            _ => {}
        }
    }
}

/// Writes the unified difference of two forms as YAML; a missing form is empty.
pub(super) fn unified(from: Option<&Value>, to: Option<&Value>) -> String {
    let text = |value: Option<&Value>| value.and_then(|value| yaml::to_string(value).ok()).unwrap_or_default();
    TextDiff::from_lines(&*text(from), &*text(to)).unified_diff().context_radius(CONTEXT).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{changes, comparable, path_of, without};

    #[test]
    fn items_of_lists_are_matched_by_their_names() {
        let old = json!({"spec": {"replicas": 1, "containers": [{"name": "a", "image": "x:1"}, {"name": "b"}]}});
        let new = json!({"spec": {"containers": [{"name": "b"}, {"name": "a", "image": "x:2"}, {"name": "c"}]}});
        let told: Vec<_> = changes(&old, &new)
            .into_iter()
            .map(|one| (one.path, one.pointer, one.from.is_some(), one.to.is_some()))
            .collect();
        let image = ("spec.containers[a].image".to_owned(), "/spec/containers/0/image".to_owned(), true, true);
        let added = ("spec.containers[c]".to_owned(), "/spec/containers/2".to_owned(), false, true);
        let replicas = ("spec.replicas".to_owned(), "/spec/replicas".to_owned(), true, false);
        assert_eq!(told, [image, added, replicas]);
        assert_eq!(path_of(&old, "/spec/containers/0/image"), "spec.containers[a].image");
    }

    #[test]
    fn lists_without_names_and_their_order_are_one_change() {
        for (old, new) in [
            (json!({"a": ["x", "y"]}), json!({"a": ["y", "x"]})),
            (json!({"a": [{"name": "x"}, {"name": "y"}]}), json!({"a": [{"name": "y"}, {"name": "x"}]})),
        ] {
            assert_eq!(changes(&old, &new).iter().map(|one| one.path.as_str()).collect::<Vec<_>>(), ["a"]);
        }
        assert_eq!(changes(&json!({"a": null}), &json!({})), []);
        let labelled = json!({"metadata": {"labels": {"x": "y"}}});
        assert_eq!(changes(&labelled, &json!({"metadata": {}}))[0].pointer, "/metadata/labels/x");
    }

    #[test]
    fn what_controllers_write_is_not_compared() {
        let object = json!({
            "kind": "Deployment", "status": {"replicas": 1}, "spec": {},
            "metadata": {"uid": "1", "generation": 3, "labels": {"a.b/c": "d"}, "annotations": {}, "managedFields": []}
        });
        let part = comparable(&object);
        assert_eq!(part, json!({"kind": "Deployment", "metadata": {"labels": {"a.b/c": "d"}}, "spec": {}}));
        assert_eq!(path_of(&part, "/metadata/labels/a.b~1c"), "metadata.labels[\"a.b/c\"]");
    }

    #[test]
    fn removing_items_leaves_the_others() {
        let mut value = json!({"list": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10], "map": {"a/b": 1, "c": 2}});
        without(&mut value, ["/list/2", "/list/10", "/map/a~1b", "/nowhere/1", "/list/99"]);
        assert_eq!(value, json!({"list": [0, 1, 3, 4, 5, 6, 7, 8, 9], "map": {"c": 2}}));
    }
}
