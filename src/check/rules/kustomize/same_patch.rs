//! A patch that changes nothing, because the manifest has the same values.

use super::{File, component_files, documents, files, manifests, matches, word};
use crate::check::{Context, Finding, Rule, RuleInput};
use crate::repo::{contents, path};
use crate::yaml::{self, Value};

pub(in crate::check) const RULE: Rule = Rule {
    id: "kustomize-same-patch",
    about: "a patch that sets only what the manifest has already",
    check: RuleInput::Repository(check),
};

/// API versions whose kinds merge lists by the names of items, such as containers and variables; in others a list
/// replaces the whole.
const MERGED: [&str; 3] = ["v1", "apps/v1", "batch/v1"];

/// Holds a patch of a kustomization file: its target, and its content.
struct Patch {
    kind: String,
    name: String,
    /// Whether kind and name are patterns.
    by_target: bool,
    /// Whether it has further selectors, so that it may match less.
    by_more: bool,
    body: Value,
    /// A piece of the line that names it.
    needle: String,
}

fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    for file in files(context).iter().filter(|file| file.items("patches").next().is_some()) {
        let reached = component_files(context, file);
        if !reached.whole || !reached.as_written {
            continue;
        }
        let manifests = manifests(context, &reached.files);
        let Some(objects) = documents(&manifests) else { continue };
        let patches: Vec<Option<Patch>> = file.items("patches").map(|patch| read(context, file, patch)).collect();
        for (place, patch) in patches.iter().enumerate() {
            let Some(patch) = patch.as_ref().filter(|patch| !patch.by_more) else { continue };
            let hit: Vec<&Value> = objects.iter().copied().filter(|object| patch.selects(object)).collect();
            // An object that an earlier patch changed differs from its file.
            let before = patches.get(..place).unwrap_or_default();
            let is_first = before.iter().all(|earlier| {
                earlier.as_ref().is_some_and(|earlier| !hit.iter().any(|object| earlier.selects(object)))
            });
            if hit.is_empty() || !is_first || !hit.iter().all(|object| says_so_already(object, &patch.body)) {
                continue;
            }
            let wanted = [patch.kind.as_str(), patch.name.as_str()].join("/");
            let message = format!("the patch of {wanted} changes nothing: it sets what the manifest has already");
            let why = "a change in one place is not made in the other, and the two drift apart unnoticed";
            let fix = "take the patch out, or the value out of the manifest, so that one place says it";
            let line = file.line(&patch.needle).or_else(|| file.line("patches:"));
            found.push(Finding { line, ..Finding::new(RULE.id, &file.path, message, why, fix).hint() });
        }
    }
}

impl Patch {
    fn selects(&self, object: &Value) -> bool {
        let name = object.get("metadata").map(|metadata| word(metadata, "name")).unwrap_or_default();
        let kind = word(object, "kind");
        if self.by_target {
            matches(&self.kind, kind) && matches(&self.name, name)
        } else {
            self.kind == kind && self.name == name
        }
    }
}

/// Parses a patch; `None` where its form is not supported.
fn read(context: &Context<'_>, file: &File, patch: &Value) -> Option<Patch> {
    let inline = word(patch, "patch");
    let text = if inline.is_empty() {
        contents::text(&context.snapshot.root, &path::resolve(path::parent(&file.path), word(patch, "path"))?).ok()?
    } else {
        inline.to_owned()
    };
    let body: Value = yaml::from_str(&text).ok()?;
    let target = patch.get("target").filter(|target| target.is_mapping());
    let (kind, name) = match target {
        Some(target) => (word(target, "kind").to_owned(), word(target, "name").to_owned()),
        None => (word(&body, "kind").to_owned(), word(body.get("metadata")?, "name").to_owned()),
    };
    let more = ["labelSelector", "annotationSelector", "namespace", "group", "version"];
    let by_more = target.is_some_and(|target| more.iter().any(|key| target.get(*key).is_some()));
    let needle = if inline.is_empty() { word(patch, "path").to_owned() } else { format!("name: {name}") };
    Some(Patch { kind, name, by_target: target.is_some(), by_more, body, needle })
}

fn says_so_already(object: &Value, patch: &Value) -> bool {
    match patch {
        Value::Sequence(steps) => {
            let is_test = |step: &&Value| word(step, "op") == "test";
            let mut steps = steps.iter().filter(|step| !is_test(step)).peekable();
            steps.peek().is_some() && steps.all(|step| is_done(object, step))
        }
        Value::Mapping(fields) => {
            // Fields that only identify the object change nothing.
            let mut own =
                fields.iter().filter(|(key, _)| !matches!(key.as_str(), Some("apiVersion" | "kind"))).peekable();
            let merges = MERGED.contains(&word(object, "apiVersion"));
            own.peek().is_some()
                && own.all(|(key, value)| object.get(key).is_some_and(|known| has(known, value, merges)))
        }
        _ => false,
    }
}

/// Tells whether a step of a JSON patch (RFC 6902) sets a field to its present value.
fn is_done(object: &Value, step: &Value) -> bool {
    let path = word(step, "path");
    let Some((parent, last)) = path.rsplit_once('/') else { return false };
    let Some(parent) = pointed(object, parent) else { return false };
    let is_set = match word(step, "op") {
        "replace" => true,
        // An `add` to a list appends an item.
        "add" => parent.is_mapping(),
        _ => false,
    };
    is_set && step.get("value").is_some() && child(parent, last) == step.get("value")
}

fn pointed<'a>(object: &'a Value, pointer: &str) -> Option<&'a Value> {
    pointer.split('/').skip(1).try_fold(object, child)
}

fn child<'a>(value: &'a Value, segment: &str) -> Option<&'a Value> {
    let segment = segment.replace("~1", "/").replace("~0", "~");
    match value {
        Value::Sequence(list) => list.get(segment.parse::<usize>().ok()?),
        _ => value.get(segment.as_str()),
    }
}

/// Tells whether a value contains all of a strategic patch, so that merging changes nothing; false where that is
/// unsure.
fn has(known: &Value, patch: &Value, merges: bool) -> bool {
    match (known, patch) {
        (Value::Mapping(known), Value::Mapping(patch)) => patch.iter().all(|(key, value)| {
            let is_directive = key.as_str().is_none_or(|key| key.starts_with('$'));
            !is_directive && known.get(key).is_some_and(|known| has(known, value, merges))
        }),
        (Value::Sequence(known), Value::Sequence(patch)) if merges && known != patch => patch.iter().all(|item| {
            let name = word(item, "name");
            let same = known.iter().find(|known| !name.is_empty() && word(known, "name") == name);
            same.is_some_and(|known| has(known, item, merges))
        }),
        _ => known == patch,
    }
}

#[cfg(test)]
mod tests {
    use super::says_so_already;
    use crate::yaml;

    const OBJECT: &str = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {replicas: 1, template: {spec: {containers: [{name: b, image: x}, {name: a, image: y, args: [one, two]}]}}}}";

    #[test]
    fn only_what_is_surely_the_same_is_told() {
        let object: yaml::Value = yaml::from_str(OBJECT).unwrap();
        for (patch, same) in [
            ("{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {replicas: 1}}", true),
            ("{metadata: {name: a}, spec: {template: {spec: {containers: [{name: a, image: y}]}}}}", true),
            ("{metadata: {name: a}, spec: {template: {spec: {containers: [{name: a, args: [one, two]}]}}}}", true),
            ("[{op: replace, path: /spec/replicas, value: 1}]", true),
            ("[{op: test, path: /spec/replicas, value: 1}, {op: add, path: /spec/replicas, value: 1}]", true),
            ("[{op: replace, path: /spec/template/spec/containers/1/image, value: y}]", true),
            ("{metadata: {name: a}, spec: {replicas: 2}}", false),
            ("{metadata: {name: a}, spec: {replicas: null}}", false),
            ("{metadata: {name: a}, spec: {paused: true}}", false),
            ("{metadata: {name: a}, spec: {$patch: replace, replicas: 1}}", false),
            ("{metadata: {name: a}, spec: {template: {spec: {containers: [{name: c, image: y}]}}}}", false),
            ("{metadata: {name: a}, spec: {template: {spec: {containers: [{name: a, args: [two, one]}]}}}}", false),
            ("[{op: replace, path: /spec/replicas, value: 2}]", false),
            (
                "[{op: add, path: /spec/template/spec/containers/1, value: {name: a, image: y, args: [one, two]}}]",
                false,
            ),
            ("[{op: remove, path: /spec/replicas}]", false),
            ("[{op: test, path: /spec/replicas, value: 1}]", false),
            ("{apiVersion: apps/v1, kind: Deployment}", false),
            ("[]", false),
            ("text", false),
        ] {
            assert_eq!(says_so_already(&object, &yaml::from_str(patch).unwrap()), same, "{patch}");
        }
        let custom = yaml::from_str(&OBJECT.replace("apps/v1", "example.org/v1")).unwrap();
        let patch = "{metadata: {name: a}, spec: {template: {spec: {containers: [{name: a, image: y}]}}}}";
        assert!(!says_so_already(&custom, &yaml::from_str(patch).unwrap()), "a list of a custom resource is replaced");
    }
}
