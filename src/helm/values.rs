//! Effective values with their origins: chart defaults, then `valuesFrom` in order, then inline values; a later one
//! wins.
//!
//! `targetPath` is the exception, and a trap (fluxcd/pkg chartutil): before such a value is set, the inline values are
//! merged in, and Go's maps are shared. So inline wins over a `targetPath` at the top level, and below a map from an
//! earlier reference; but below a map that only the inline values have, the inline values themselves are changed, and
//! the `targetPath` wins.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::release::ValuesReference;
use super::strvals::{self, PathStep};

/// Holds one value. Its `Debug` omits a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct ValueRow {
    /// The path, with keys joined by dots; a dot within a key is escaped as in helm.
    pub path: String,
    /// The value: a scalar, a list, or an empty map. `null` removes the chart's default.
    pub value: Value,
    /// The origin: `chart`, `ConfigMap/name key`, `Secret/name key`, `inline`.
    pub origin: String,
    /// Whether it must be masked.
    pub secret: bool,
}

impl ValueRow {
    /// Returns the value for display: secrets are masked.
    pub fn shown(&self) -> Value {
        if self.secret { Value::String("(masked)".to_owned()) } else { self.value.clone() }
    }
}

impl std::fmt::Debug for ValueRow {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.secret {
            write!(formatter, "{}: (masked) from {}", self.path, self.origin)
        } else {
            write!(formatter, "{}: {} from {}", self.path, self.value, self.origin)
        }
    }
}

/// Holds a source of values with its text; `None` where an optional one is missing.
pub type Referenced = (ValuesReference, Option<String>);

#[derive(Clone)]
enum Node {
    Map(BTreeMap<String, Node>, Origin),
    Leaf(Value, Origin),
}

#[derive(Clone, PartialEq, Eq)]
struct Origin {
    name: String,
    secret: bool,
}

/// Merges values with their origins.
///
/// # Errors
/// Fails with the reference that cannot be read or set, and the reason; never with a value.
pub fn effective(defaults: &Value, references: &[Referenced], inline: &Value) -> Result<Vec<ValueRow>, String> {
    let mut inline = document(inline, &origin("inline", false));
    let mut result = Node::Map(BTreeMap::new(), origin("inline", false));
    for (reference, text) in references {
        let Some(text) = text else { continue };
        let name = format!("{}/{} {}", reference.kind, reference.name, reference.key());
        let from = origin(&name, reference.kind == "Secret");
        if reference.target_path.is_empty() {
            // The parser's message may quote the text that it cannot parse.
            let values: crate::yaml::Value =
                crate::yaml::from_str(text).map_err(|_| format!("{name} is not YAML, or not a map of values"))?;
            let values = serde_json::to_value(values).map_err(|_| format!("{name} has a key that is not text"))?;
            if !values.is_object() && !values.is_null() {
                return Err(format!("{name} is not a map of values"));
            }
            merge(&mut result, document(&values, &from));
            continue;
        }
        let settings = strvals::parse(&reference.target_path, text)
            .map_err(|why| format!("{name} at {}: {why}", reference.target_path))?;
        let before = result.clone();
        merge(&mut result, inline.clone());
        for (path, value) in settings {
            if is_inline_alone(&before, &inline, &path) {
                set(&mut inline, &path, &value, &from);
            }
            set(&mut result, &path, &value, &from);
        }
    }
    merge(&mut result, inline);
    let mut all = document(defaults, &origin("chart", false));
    merge(&mut all, result);
    let mut rows = Vec::new();
    flatten(&all, &mut String::new(), &mut rows);
    Ok(rows)
}

/// Lists the values of a stored revision: the configured ones, over the chart's defaults. Their origins are not stored,
/// so values that are secret now, or have names like secrets, are marked.
pub fn of_revision(defaults: &Value, config: &Value, now: &[ValueRow]) -> Vec<ValueRow> {
    let mut all = document(defaults, &origin("chart", false));
    merge(&mut all, document(config, &origin("configured", false)));
    let mut rows = Vec::new();
    flatten(&all, &mut String::new(), &mut rows);
    for row in &mut rows {
        let known = now.iter().any(|other| other.secret && (other.path == row.path || inside(&other.path, &row.path)));
        row.secret = row.origin != "chart" && (known || sounds_secret(&row.path));
    }
    rows
}

fn inside(one: &str, other: &str) -> bool {
    let below = |outer: &str, inner: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('.'));
    below(one, other) || below(other, one)
}

fn sounds_secret(path: &str) -> bool {
    let last = path.rsplit('.').next().unwrap_or_default().to_lowercase();
    ["password", "passwd", "secret", "token", "apikey", "api_key", "privatekey", "private_key", "credential", "dsn"]
        .iter()
        .any(|word| last.contains(word))
}

fn origin(name: &str, secret: bool) -> Origin {
    Origin { name: name.to_owned(), secret }
}

/// Converts a document of values; a missing one counts as an empty map.
fn document(value: &Value, from: &Origin) -> Node {
    if value.is_null() { Node::Map(BTreeMap::new(), from.clone()) } else { node(value, from) }
}

/// Converts a value; a `null` within a document is a value, which removes the default.
fn node(value: &Value, from: &Origin) -> Node {
    match value {
        Value::Object(map) => {
            Node::Map(map.iter().map(|(key, value)| (key.clone(), node(value, from))).collect(), from.clone())
        }
        other => Node::Leaf(other.clone(), from.clone()),
    }
}

/// Merges maps into maps; any other value is replaced.
fn merge(into: &mut Node, from: Node) {
    match (into, from) {
        (Node::Map(into, _), Node::Map(from, _)) => {
            for (key, value) in from {
                match into.get_mut(&key) {
                    Some(existing) => merge(existing, value),
                    None => {
                        into.insert(key, value);
                    }
                }
            }
        }
        (into, from) => *into = from,
    }
}

/// Tells whether a path leads into a map that only the inline values have: a map that was in the result before is a
/// copy.
fn is_inline_alone(before: &Node, inline: &Node, path: &[PathStep]) -> bool {
    let (mut before, mut inline) = (Some(before), Some(inline));
    let parents = path.split_last().map(|(_, parents)| parents).unwrap_or_default();
    for step in parents {
        let PathStep::Key(key) = step else { return false };
        before = before.and_then(|node| child(node, key));
        inline = inline.and_then(|node| child(node, key));
        let is_map = |node: Option<&Node>| matches!(node, Some(Node::Map(..)));
        match (is_map(before), is_map(inline)) {
            (false, true) => return true,
            (_, false) => return false,
            (true, true) => {}
        }
    }
    false
}

fn child<'a>(node: &'a Node, key: &str) -> Option<&'a Node> {
    if let Node::Map(map, _) = node { map.get(key) } else { None }
}

fn set(at: &mut Node, path: &[PathStep], value: &Value, from: &Origin) {
    match path {
        [] => *at = Node::Leaf(value.clone(), from.clone()),
        [PathStep::Key(key), rest @ ..] => {
            if !matches!(at, Node::Map(..)) {
                *at = Node::Map(BTreeMap::new(), from.clone());
            }
            if let Node::Map(map, _) = at {
                let next = map.entry(key.clone()).or_insert_with(|| Node::Map(BTreeMap::new(), from.clone()));
                set(next, rest, value, from);
            }
        }
        // For the rows a list is one value: it takes the origin of the last change in it.
        [PathStep::Index(_), ..] => {
            let mut plain = match &*at {
                Node::Leaf(value, _) => value.clone(),
                Node::Map(..) => Value::Array(Vec::new()),
            };
            set_plain(&mut plain, path, value);
            *at = Node::Leaf(plain, from.clone());
        }
    }
}

fn set_plain(at: &mut Value, path: &[PathStep], value: &Value) {
    match path {
        [] => *at = value.clone(),
        [PathStep::Key(key), rest @ ..] => {
            if !at.is_object() {
                *at = Value::Object(Map::new());
            }
            if let Value::Object(map) = at {
                set_plain(map.entry(key.clone()).or_insert(Value::Null), rest, value);
            }
        }
        [PathStep::Index(index), rest @ ..] => {
            if !at.is_array() {
                *at = Value::Array(Vec::new());
            }
            if let Value::Array(items) = at {
                if items.len() <= *index {
                    items.resize(index + 1, Value::Null);
                }
                if let Some(item) = items.get_mut(*index) {
                    set_plain(item, rest, value);
                }
            }
        }
    }
}

fn flatten(node: &Node, path: &mut String, rows: &mut Vec<ValueRow>) {
    match node {
        Node::Map(map, _) if !map.is_empty() => {
            for (key, child) in map {
                let length = path.len();
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(&key.replace('.', "\\."));
                flatten(child, path, rows);
                path.truncate(length);
            }
        }
        // An empty document has no values.
        Node::Map(..) if path.is_empty() => {}
        Node::Map(_, from) => rows.push(row(path, Value::Object(Map::new()), from)),
        Node::Leaf(value, from) => rows.push(row(path, value.clone(), from)),
    }
}

fn row(path: &str, value: Value, from: &Origin) -> ValueRow {
    ValueRow { path: path.to_owned(), value, origin: from.name.clone(), secret: from.secret }
}

#[cfg(test)]
mod tests {
    use super::{Referenced, ValueRow, effective, of_revision};
    use serde_json::json;

    fn from(reference: &serde_json::Value, text: &str) -> Referenced {
        (serde_json::from_value(reference.clone()).unwrap(), Some(text.to_owned()))
    }

    fn written(rows: &[ValueRow]) -> Vec<String> {
        rows.iter().map(|row| format!("{row:?}")).collect()
    }

    #[test]
    fn later_ones_win_and_each_value_knows_its_origin() {
        let rows = effective(
            &json!({"colour": "red", "nested": {"a": 1, "b": 1, "c": 1}, "list": [1, 2], "gone": {"x": 1}, "empty": {}}),
            &[
                from(&json!({"kind": "ConfigMap", "name": "base"}), "colour: green\nnested: {a: 2, b: 2}\n"),
                from(&json!({"kind": "Secret", "name": "s", "valuesKey": "v"}), "password: hunter2\nlist: [3]\n"),
                (serde_json::from_value(json!({"kind": "Secret", "name": "none", "optional": true})).unwrap(), None),
            ],
            &json!({"nested": {"b": 3}, "gone": null}),
        );
        assert_eq!(
            written(&rows.unwrap()),
            [
                "colour: \"green\" from ConfigMap/base values.yaml",
                "empty: {} from chart",
                "gone: null from inline",
                "list: (masked) from Secret/s v",
                "nested.a: 2 from ConfigMap/base values.yaml",
                "nested.b: 3 from inline",
                "nested.c: 1 from chart",
                "password: (masked) from Secret/s v",
            ]
        );
    }

    #[test]
    fn a_target_path_wins_only_in_a_map_that_inline_owns_alone() {
        let path = |target: &str| from(&json!({"kind": "Secret", "name": "s", "targetPath": target}), "path");
        let base = from(&json!({"kind": "ConfigMap", "name": "c"}), "map: {x: base}\n");
        let value = |references: &[Referenced], inline: serde_json::Value, at: &str| {
            let rows = effective(&json!({}), references, &inline).unwrap();
            rows.into_iter().find(|row| row.path == at).unwrap().value
        };
        assert_eq!(value(&[path("top")], json!({"top": "inline"}), "top"), "inline");
        assert_eq!(value(&[base, path("map.key")], json!({"map": {"key": "inline"}}), "map.key"), "inline");
        assert_eq!(value(&[path("map.key")], json!({"map": {"key": "inline"}}), "map.key"), "path");
        assert_eq!(value(&[path("map.key")], json!({"map": {"other": "inline"}}), "map.key"), "path");
        // By the second one, the inline values are merged in already, as a copy.
        let twice = [path("map.key"), path("map.second")];
        assert_eq!(value(&twice, json!({"map": {"key": "a", "second": "inline"}}), "map.second"), "inline");
        assert_eq!(value(&[path("list[1].name")], json!({}), "list"), json!([null, {"name": "path"}]));
    }

    #[test]
    fn what_cannot_be_read_is_named_without_its_text() {
        let broken = from(&json!({"kind": "Secret", "name": "s"}), "{hunter2");
        let why = effective(&json!({}), &[broken], &json!({})).unwrap_err();
        assert_eq!(why, "Secret/s values.yaml is not YAML, or not a map of values");
        let text = from(&json!({"kind": "Secret", "name": "s"}), "hunter2");
        assert!(!effective(&json!({}), &[text], &json!({})).unwrap_err().contains("hunter2"));
    }

    #[test]
    fn a_stored_revision_masks_what_is_secret_now_or_sounds_so() {
        let now = [ValueRow { path: "a".into(), value: json!(1), origin: "Secret/s k".into(), secret: true }];
        let rows =
            of_revision(&json!({"token": ""}), &json!({"a": {"b": 1}, "db": {"adminPassword": "x"}, "c": 1}), &now);
        assert_eq!(
            written(&rows),
            [
                "a.b: (masked) from configured",
                "c: 1 from configured",
                "db.adminPassword: (masked) from configured",
                "token: \"\" from chart",
            ]
        );
    }
}
