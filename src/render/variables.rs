//! The variables of `spec.postBuild`: the value of each, its origin, the origins that it overrides, and its uses.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::envsubst::{self, Known, expand};
use super::masked::MASK;
use super::substitute::Variables;
use super::{Object, Origin, Rendered};
use crate::model::ObjectRef;
use crate::repo::contents;
use crate::yaml::confidential::is_surely_confidential;

/// Describes a variable of a Kustomization, for display: a value that must stay secret is masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value; `None` if it is not known here, or if nothing defines it.
    pub value: Option<String>,
    /// The place that defines it.
    #[serde(flatten)]
    pub definition: VariableDefinition,
    /// The definitions that it overrides, the one that would come next first.
    pub overrides: Vec<OverriddenDefinition>,
    /// Its uses, in the order of the objects.
    pub used: Vec<VariableUse>,
}

/// Names the place that defines a variable.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct VariableDefinition {
    /// `substitute` for the Kustomization itself, the object of `substituteFrom`, `default` for the default of its
    /// form, `undefined`, or `unknown` where an object that the repository does not hold may define it.
    pub origin: String,
    /// The file, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
}

/// Describes a definition without an effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OverriddenDefinition {
    /// Its place.
    #[serde(flatten)]
    pub definition: VariableDefinition,
    /// Its value; `None` if it is not known here.
    pub value: Option<String>,
}

/// Names a use of a variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VariableUse {
    /// The object, `Kind/namespace/name`.
    pub object: String,
    /// The path of the value in it.
    pub path: String,
    /// The form, as it is written.
    pub form: String,
    /// The file that has it, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
}

/// Where a variable is defined.
#[derive(Debug, Clone, PartialEq, Eq)]
enum DefinedBy {
    Kustomization,
    Object(ObjectRef),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Definition {
    name: String,
    value: Option<String>,
    by: DefinedBy,
    origin: Origin,
}

/// A form in an object, before anything was put in.
#[derive(Debug, Clone, PartialEq, Eq)]
struct FormUse {
    /// The object's index.
    object: usize,
    name: String,
    path: String,
    form: String,
    /// The line of the value that has the form, which tells its place in a file from others of the same form.
    around: String,
    /// The result of the form where nothing defines the variable; `None` without a default.
    default: Option<String>,
    /// Whether nothing in the repository defines it, and something elsewhere may.
    is_open: bool,
}

/// Records the substitution of a Kustomization.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Substitution {
    /// In the order of precedence, the last one counts.
    definitions: Vec<Definition>,
    uses: Vec<FormUse>,
    /// The variables that are secrets by the values of Secrets in which they are used.
    kept: BTreeSet<String>,
    /// The variables whose value may come from an object that the repository does not hold.
    doubtful: BTreeSet<String>,
}

impl Substitution {
    /// Adds the definition of an object of `substituteFrom`, or without one of the Kustomization itself.
    pub(super) fn define(&mut self, name: &str, value: Option<&str>, by: Option<&ObjectRef>, origin: &Origin) {
        let by = by.map_or(DefinedBy::Kustomization, |object| DefinedBy::Object(object.clone()));
        let (name, value) = (name.to_owned(), value.map(str::to_owned));
        self.doubtful.remove(&name);
        self.definitions.push(Definition { name, value, by, origin: origin.clone() });
    }

    /// Notes at this point an object that is not known and may redefine all before it.
    pub(super) fn may_be_others(&mut self) {
        self.doubtful.extend(self.definitions.iter().map(|one| one.name.clone()));
    }

    /// Notes the variables that are secrets where they are used.
    pub(super) fn keep(&mut self, names: BTreeSet<String>) {
        self.kept = names;
    }

    /// Records the forms of an object before the substitution.
    pub(super) fn record(&mut self, index: usize, object: &Object, known: &Variables) {
        let mut found = Vec::new();
        collect(&object.body, &mut String::new(), &mut found);
        for (path, text) in found {
            // A refused form is the rendering's own finding.
            for (name, form) in envsubst::forms(text).unwrap_or_default() {
                let state = known.known(&name);
                let is_missing = matches!(state, Known::Missing | Known::Perhaps);
                let lookup = |other: &str| if other == name { Known::Missing } else { known.known(other) };
                let default = (is_missing && envsubst::has_default(&form))
                    .then(|| expand(&form, &lookup).ok().map(|expansion| expansion.text))
                    .flatten();
                let is_open = matches!(state, Known::Hidden | Known::Perhaps) && default.is_none();
                let around = text.lines().find(|line| line.contains(&form)).unwrap_or(&form).trim().to_owned();
                self.uses.push(FormUse { object: index, name, path: path.clone(), form, around, default, is_open });
            }
        }
    }
}

/// Collects the texts with forms of an object, each with its path; keys may have forms, too.
fn collect<'a>(value: &'a Value, path: &mut String, found: &mut Vec<(String, &'a str)>) {
    let length = path.len();
    match value {
        Value::Object(fields) => {
            for (key, field) in fields {
                step(path, key);
                if key.contains("${") {
                    found.push((path.clone(), key));
                }
                collect(field, path, found);
                path.truncate(length);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                path.extend(["[", &index.to_string(), "]"]);
                collect(item, path, found);
                path.truncate(length);
            }
        }
        Value::String(text) if text.contains("${") => found.push((path.clone(), text)),
        _ => {}
    }
}

fn step(path: &mut String, key: &str) {
    let is_plain = !key.is_empty() && key.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-'));
    if !is_plain {
        path.extend([format!("[{key:?}]")]);
        return;
    }
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(key);
}

/// Lists the variables of a Kustomization by name, with the files and lines of a tree.
pub fn variables(rendered: &Rendered, root: &Path) -> Vec<Variable> {
    let own = &rendered.substitution;
    let mut lines = Lines::new(root);
    let mut names: BTreeMap<&str, Vec<&Definition>> = BTreeMap::new();
    for definition in &own.definitions {
        names.entry(&definition.name).or_default().push(definition);
    }
    let mut uses: BTreeMap<(&str, bool, Option<&str>), Vec<&FormUse>> = BTreeMap::new();
    for one in &own.uses {
        let is_defined = names.contains_key(one.name.as_str());
        let (is_open, default) = if is_defined { (false, None) } else { (one.is_open, one.default.as_deref()) };
        uses.entry((&one.name, is_open, default)).or_default().push(one);
    }
    let mut found = Vec::new();
    for (name, definitions) in &names {
        let mut of = definitions
            .iter()
            .rev()
            .map(|one| OverriddenDefinition { definition: lines.definition(one), value: own.shown(one) });
        let Some(first) = of.next() else { continue };
        let overrides = of.collect();
        let places = uses.remove(&(*name, false, None)).unwrap_or_default();
        let places = places.into_iter().filter_map(|one| lines.place(one, rendered)).collect();
        let value = first.value.filter(|_| !own.doubtful.contains(*name));
        found.push(Variable { name: (*name).to_owned(), value, definition: first.definition, overrides, used: places });
    }
    for ((name, is_open, default), places) in uses {
        let origin = match default {
            Some(_) => "default",
            None if is_open => "unknown",
            None => "undefined",
        };
        let value = default.map(|text| if is_surely_confidential(name, text) { MASK } else { text }.to_owned());
        let places = places.into_iter().filter_map(|one| lines.place(one, rendered)).collect();
        let definition = VariableDefinition { origin: origin.to_owned(), file: None, line: None };
        found.push(Variable { name: name.to_owned(), value, definition, overrides: Vec::new(), used: places });
    }
    found.sort_by(|one, other| (&one.name, &one.definition).cmp(&(&other.name, &other.definition)));
    found
}

impl Substitution {
    /// Lists the Secrets, and the objects that are not known, whose variables are used and stay as they are written.
    pub fn hidden_sources(&self) -> Vec<String> {
        let is_used = |one: &&Definition| one.value.is_none() && self.uses.iter().any(|other| other.name == one.name);
        let mut found: Vec<String> = self
            .definitions
            .iter()
            .filter(is_used)
            .filter_map(|one| match &one.by {
                DefinedBy::Object(object) => Some(object.to_string()),
                DefinedBy::Kustomization => None,
            })
            .collect();
        found.sort();
        found.dedup();
        found
    }

    /// Returns the value of a definition for display.
    fn shown(&self, one: &Definition) -> Option<String> {
        let is_secret = matches!(&one.by, DefinedBy::Object(object) if object.kind == "Secret");
        if is_secret {
            return Some(MASK.to_owned());
        }
        let value = one.value.as_ref()?;
        let is_kept = self.kept.contains(&one.name) || is_surely_confidential(&one.name, value);
        Some(if is_kept { MASK.to_owned() } else { value.clone() })
    }
}

/// Finds lines, reading each file once.
struct Lines<'r> {
    root: &'r Path,
    read: BTreeMap<String, Option<String>>,
}

impl<'r> Lines<'r> {
    fn new(root: &'r Path) -> Self {
        Self { root, read: BTreeMap::new() }
    }

    /// Finds the line of a text in a file, from a line on.
    fn line(&mut self, file: &str, from: Option<usize>, text: &str) -> Option<usize> {
        let root = self.root;
        let content = self.read.entry(file.to_owned()).or_insert_with(|| contents::text(root, file).ok());
        let before = from.unwrap_or(1).saturating_sub(1);
        let found = content.as_deref()?.lines().skip(before).position(|line| line.contains(text))?;
        Some(found.saturating_add(before).saturating_add(1))
    }

    fn definition(&mut self, one: &Definition) -> VariableDefinition {
        let origin = match &one.by {
            DefinedBy::Kustomization => "substitute".to_owned(),
            DefinedBy::Object(object) => object.to_string(),
        };
        let Origin { file, line, .. } = &one.origin;
        if file.is_empty() {
            return VariableDefinition { origin, file: one.origin.remote.clone(), line: None };
        }
        let found = self.line(file, *line, &format!("{}:", one.name));
        VariableDefinition { origin, file: Some(file.clone()), line: found.or(*line) }
    }

    /// Finds the place of a use: in the file that declares the object, or in one that changes it.
    fn place(&mut self, one: &FormUse, rendered: &Rendered) -> Option<VariableUse> {
        let object = rendered.objects.get(one.object)?;
        let of = |file: Option<String>, line| VariableUse {
            object: object.object.to_string(),
            path: one.path.clone(),
            form: one.form.clone(),
            file,
            line,
        };
        for text in [&one.around, &one.form] {
            for file in object.files() {
                let from = object.origin.line.filter(|_| file == object.origin.file);
                if let Some(line) = self.line(file, from, text) {
                    return Some(of(Some(file.to_owned()), Some(line)));
                }
            }
        }
        let file =
            if object.origin.file.is_empty() { &object.origin.remote } else { &Some(object.origin.file.clone()) };
        Some(of(file.clone(), object.origin.line))
    }
}

impl std::fmt::Display for VariableDefinition {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.origin)?;
        match (&self.file, self.line) {
            (Some(file), Some(line)) => write!(formatter, " ({file}:{line})"),
            (Some(file), None) => write!(formatter, " ({file})"),
            (None, _) => Ok(()),
        }
    }
}

impl VariableUse {
    /// Returns the file and the line in brackets, after a space; nothing if the file is not known.
    pub fn place(&self) -> String {
        match (&self.file, self.line) {
            (Some(file), Some(line)) => format!(" ({file}:{line})"),
            (Some(file), None) => format!(" ({file})"),
            (None, _) => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Object, Origin, Rendered, Substitution, Variables, variables};

    #[test]
    fn a_form_that_stands_in_several_values_has_the_line_of_each() {
        let root = tempfile::tempdir().unwrap();
        let text =
            "kind: ConfigMap\ndata:\n  first: a.${domain}\n  more: |\n    x\n    b.${domain}\n  same: \"${domain}\"\n";
        std::fs::write(root.path().join("map.yaml"), text).unwrap();
        let body = json!({"kind": "ConfigMap", "data": {"more": "x\nb.${domain}\n", "first": "a.${domain}"}});
        let origin = Origin { file: "map.yaml".to_owned(), line: Some(1), ..Origin::default() };
        let object = Object::new(body, origin, Vec::new());
        let mut substitution = Substitution::default();
        substitution.record(0, &object, &Variables::default());
        let rendered = Rendered { objects: vec![object], substitution, ..Rendered::default() };
        let found = variables(&rendered, root.path());
        let lines: Vec<_> = found[0].used.iter().map(|used| (used.path.as_str(), used.line)).collect();
        assert_eq!(lines, [("data.more", Some(6)), ("data.first", Some(3))]);
    }
}
