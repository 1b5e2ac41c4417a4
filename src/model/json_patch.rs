//! JSON patches (RFC 6902), all or nothing: of kustomize, flux-operator and the simulated API server.

use serde_json::Value;

/// Applies a JSON patch; `None` if one of its operations fails, and the caller must discard the target then.
pub fn apply(target: &mut Value, operations: &Value) -> Option<()> {
    for step in operations.as_array().into_iter().flatten() {
        let text = |key: &str| step.get(key).and_then(Value::as_str).unwrap_or_default();
        let path = text("path");
        match text("op") {
            "add" => add(target, path, step.get("value")?.clone())?,
            "remove" => drop(remove(target, path)?),
            "replace" => *target.pointer_mut(path)? = step.get("value")?.clone(),
            "move" => {
                let moved = remove(target, text("from"))?;
                add(target, path, moved)?;
            }
            "copy" => {
                let copied = target.pointer(text("from"))?.clone();
                add(target, path, copied)?;
            }
            "test" => (target.pointer(path)? == step.get("value")?).then_some(())?,
            _ => return None,
        }
    }
    Some(())
}

/// Splits a pointer into its parent's pointer and the last key, unescaped.
fn split(path: &str) -> Option<(&str, String)> {
    let (parent, key) = path.rsplit_once('/')?;
    Some((parent, key.replace("~1", "/").replace("~0", "~")))
}

fn add(target: &mut Value, path: &str, value: Value) -> Option<()> {
    if path.is_empty() {
        *target = value;
        return Some(());
    }
    let (parent, key) = split(path)?;
    match target.pointer_mut(parent)? {
        Value::Object(map) => drop(map.insert(key, value)),
        Value::Array(all) if key == "-" => all.push(value),
        Value::Array(all) => {
            let place = key.parse().ok().filter(|place| *place <= all.len())?;
            all.insert(place, value);
        }
        _ => return None,
    }
    Some(())
}

fn remove(target: &mut Value, path: &str) -> Option<Value> {
    let (parent, key) = split(path)?;
    match target.pointer_mut(parent)? {
        Value::Object(map) => map.shift_remove(&key),
        Value::Array(all) => key.parse().ok().filter(|place| *place < all.len()).map(|place| all.remove(place)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::apply;
    use serde_json::json;

    #[test]
    fn a_json_patch_follows_the_rfc() {
        let mut target = json!({"a": {"x/y": 1}, "list": [1, 3]});
        let patch = json!([
            {"op": "test", "path": "/a/x~1y", "value": 1},
            {"op": "add", "path": "/list/1", "value": 2},
            {"op": "add", "path": "/list/-", "value": 4},
            {"op": "copy", "from": "/list/0", "path": "/first"},
            {"op": "move", "from": "/a/x~1y", "path": "/moved"},
            {"op": "replace", "path": "/a", "value": null},
            {"op": "remove", "path": "/list/0"},
        ]);
        apply(&mut target, &patch).unwrap();
        assert_eq!(target, json!({"a": null, "list": [2, 3, 4], "first": 1, "moved": 1}));
        assert!(apply(&mut target, &json!([{"op": "remove", "path": "/none"}])).is_none());
        assert!(apply(&mut target, &json!([{"op": "test", "path": "/moved", "value": 2}])).is_none());
        assert!(apply(&mut target, &json!([{"op": "add", "path": "/list/9", "value": 2}])).is_none());
    }
}
