//! A kustomization file as kustomize must see it: read as every reader reads it, with no unknown field in it.
//!
//! kustomize matches names of fields in any case (Go's `encoding/json`), so that `Files` is `files` to it, but not to
//! code that reads `files`. Here, fields get the names that kustomize takes them for (its `types.Kustomization`), and
//! every other one is emptied: a second one in another case, and one with letters beyond ASCII that Go folds.

use crate::yaml::strict::{self, Refusal};
use crate::yaml::{Mapping, Value};

/// Holds a kustomization file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Body {
    /// The fields; unknown ones are null, which kustomize refuses if it does not know them either.
    pub fields: Mapping,
    /// The first unknown field.
    pub unknown: Option<String>,
}

/// The allowed form of a value.
enum Shape {
    /// Anything: nothing in it names a file.
    Any,
    /// A list of such.
    List(&'static Shape),
    /// A mapping with these fields.
    Fields(&'static [(&'static str, Shape)]),
}

use Shape::{Any, Fields, List};

const PATCH: Shape = Fields(&[("path", Any), ("patch", Any), ("target", Any), ("options", Any)]);

const GENERATOR: Shape = Fields(&[
    ("name", Any),
    ("namespace", Any),
    ("behavior", Any),
    ("type", Any),
    ("literals", Any),
    ("files", Any),
    ("envs", Any),
    ("env", Any),
    ("options", Any),
]);

const REPLACEMENT: Shape = Fields(&[("path", Any), ("source", Any), ("sourceValue", Any), ("targets", Any)]);

const KUSTOMIZATION: &[(&str, Shape)] = &[
    ("apiVersion", Any),
    ("kind", Any),
    ("metadata", Any),
    ("openapi", Any),
    ("namePrefix", Any),
    ("nameSuffix", Any),
    ("namespace", Any),
    ("commonLabels", Any),
    ("commonAnnotations", Any),
    ("labels", Any),
    ("patchesStrategicMerge", Any),
    ("patchesJson6902", List(&PATCH)),
    ("patches", List(&PATCH)),
    ("images", Any),
    ("imageTags", Any),
    ("replacements", List(&REPLACEMENT)),
    ("replicas", Any),
    ("vars", Any),
    ("sortOptions", Any),
    ("resources", Any),
    ("components", Any),
    ("crds", Any),
    ("bases", Any),
    ("configMapGenerator", List(&GENERATOR)),
    ("secretGenerator", List(&GENERATOR)),
    // Charts are never inflated: neither Flux nor this program lets kustomize run Helm.
    ("helmGlobals", Any),
    ("helmCharts", Any),
    ("helmChartInflationGenerator", Any),
    ("generatorOptions", Any),
    ("configurations", Any),
    ("generators", Any),
    ("transformers", Any),
    ("validators", Any),
    ("buildMetadata", Any),
];

/// Fields of kustomize's own plug-ins that name files or hold such fields, as [`super::references::of_plugin`] follows
/// them.
const OF_PLUGINS: [&str; 9] =
    ["env", "envs", "files", "path", "paths", "replacements", "valuesFile", "additionalValuesFiles", "items"];

/// Reads a kustomization file: the first document of the text, as kustomize does.
///
/// # Errors
/// Returns the reason that the file is refused.
pub fn read(text: &str) -> Result<Body, Refusal> {
    let fields = match strict::documents(text)?.into_iter().next() {
        None | Some(Value::Null) => Mapping::new(),
        Some(Value::Mapping(fields)) => fields,
        Some(_) => return Err(Refusal::Syntax("it is not a mapping".to_owned())),
    };
    let mut body = Body { fields, unknown: None };
    empty(&mut body.fields, KUSTOMIZATION, &mut body.unknown);
    Ok(body)
}

/// Renames fields in another case to their known names.
fn rename(fields: &mut Mapping, known: &[(&str, Shape)]) {
    let meant = |fields: &Mapping, key: &Value| {
        let name = key.as_str()?;
        let (known, _) = known.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        (*known != name && !fields.contains_key(*known)).then_some(*known)
    };
    if !fields.keys().any(|key| meant(fields, key).is_some()) {
        return;
    }
    let mut renamed = Mapping::new();
    for (key, value) in fields.iter() {
        // Of several, the first counts.
        let name = meant(fields, key).filter(|name| !renamed.contains_key(*name));
        renamed.insert(name.map_or_else(|| key.clone(), Value::from), value.clone());
    }
    *fields = renamed;
}

/// Empties unknown fields.
fn empty(fields: &mut Mapping, known: &[(&str, Shape)], unknown: &mut Option<String>) {
    rename(fields, known);
    for (key, value) in fields.iter_mut() {
        let name = key.as_str().unwrap_or_default();
        match known.iter().find(|(known, _)| *known == name) {
            None => {
                *value = Value::Null;
                unknown.get_or_insert_with(|| name.to_owned());
            }
            Some((_, shape)) => within(value, shape, unknown),
        }
    }
}

fn within(value: &mut Value, shape: &Shape, unknown: &mut Option<String>) {
    match (shape, value) {
        (List(shape), Value::Sequence(items)) => {
            for item in items {
                within(item, shape, unknown);
            }
        }
        (Fields(known), Value::Mapping(fields)) => empty(fields, known, unknown),
        _ => {}
    }
}

/// Returns the configurations of plug-ins if an entry of `generators`, `transformers` or `validators` is inline; `None`
/// if kustomize takes it for a path.
pub fn in_place(entry: &str) -> Option<Vec<Value>> {
    let documents = strict::documents(entry).ok()?;
    let is_object = |document: &Value| {
        let kind = document.get("kind").and_then(Value::as_str).unwrap_or_default();
        let name = document.get("metadata").and_then(|metadata| metadata.get("name")).and_then(Value::as_str);
        let is_list = kind.ends_with("List") && document.get("items").is_some_and(Value::is_sequence);
        !kind.is_empty() && (is_list || name.is_some_and(|name| !name.is_empty()))
    };
    (!documents.is_empty() && documents.iter().all(is_object)).then_some(documents)
}

/// Checks the configuration of a plug-in: each of its fields must look the same to every reader.
///
/// # Errors
/// Names the field that does not.
pub fn check_plugin(config: &Value) -> Result<(), String> {
    let Value::Mapping(fields) = config else {
        return Err("the configuration of a plug-in is not a mapping".to_owned());
    };
    for (key, value) in fields {
        let name = key.as_str().unwrap_or_default();
        let is_word = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_word || OF_PLUGINS.iter().any(|known| *known != name && known.eq_ignore_ascii_case(name)) {
            return Err(format!("kustomize may take the field {name} of a plug-in for another one"));
        }
        if matches!(name, "items" | "replacements") {
            // Replacements are mappings, or paths of files with them.
            value.as_sequence().into_iter().flatten().filter(|item| item.is_mapping()).try_for_each(check_plugin)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_the_names_that_kustomize_takes_them_for() {
        for (text, read_as) in [
            ("apiversion: a\nKIND: b\n", "apiVersion: a\nkind: b\n"),
            ("Resources: [a]\n", "resources: [a]\n"),
            ("ConfigMapGenerator: [{Files: [a]}]\n", "configMapGenerator: [{files: [a]}]\n"),
            ("patches: [{Path: a}]\n", "patches: [{path: a}]\n"),
        ] {
            assert_eq!(read(text).unwrap(), read(read_as).unwrap(), "{text}");
            assert_eq!(read(text).unwrap().unknown, None);
        }
    }

    #[test]
    fn every_field_that_is_not_known_is_emptied() {
        for (text, unknown) in [
            ("resources: [a]\nnamespace: b\n", None),
            ("resources: []\nResources: [a]\n", Some("Resources")),
            ("Resources: []\nRESOURCES: [a]\n", Some("RESOURCES")),
            ("configMapGenerator: [{files: [], Files: [a]}]\n", Some("Files")),
            ("re\u{17f}ources: [a]\n", Some("re\u{17f}ources")),
            ("x: {path: a}\n", Some("x")),
        ] {
            let body = read(text).unwrap();
            assert_eq!(body.unknown.as_deref(), unknown, "{text}");
            let written = serde_json::to_string(&body.fields).unwrap();
            assert_eq!(written.contains("null"), unknown.is_some(), "{written}");
            assert_eq!(unknown.is_some(), !written.contains("\"a\""), "{written}");
        }
    }

    #[test]
    fn what_is_written_in_place_is_told_from_paths() {
        for (entry, count) in [
            ("{\"kind\": \"A\", \"metadata\": {\"name\": \"a\"}}", Some(1)),
            ("kind: A\nmetadata: {name: a}\n---\nkind: AList\nitems: []\n", Some(2)),
            ("plugins/a.yaml", None),
            ("http://127.0.0.1/a: b", None),
            ("http://127.0.0.1/\n", None),
            ("kind: A\n", None),
        ] {
            assert_eq!(in_place(entry).map(|documents| documents.len()), count, "{entry}");
        }
    }

    #[test]
    fn fields_of_plugins_are_what_they_look_like() {
        let check = |text: &str| check_plugin(&strict::documents(text).unwrap()[0]);
        assert!(check("kind: A\nfiles: [a]\nitems: [{kind: B, path: a}]\nreplacements: [{path: a}, b]\n").is_ok());
        for text in
            ["Files: [a]\n", "items: [{PATH: a}]\n", "replacements: [{Path: a}]\n", "file\u{17f}: [a]\n", "- a\n"]
        {
            assert!(check(text).is_err(), "{text}");
        }
    }
}
