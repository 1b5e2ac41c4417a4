//! Values that reach a Secret from another file than its own: variables that Flux substitutes after the build, from
//! `spec.postBuild` of a Kustomization or from a `ConfigMap` that it names, and the values of a
//! `ResourceSetInputProvider` that a set inserts into its objects.
//!
//! The search uses the feeds and the files alone, without rendering, so it works on staged files, too.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use super::path;
use super::{Declared, Feed, FluxKustomization, Role, Snapshot};
use crate::model::{ObjectRef, known};
use crate::sops;
use crate::yaml::secrets::{self, SecretInputs, ValueTemplate};
use crate::yaml::{Value, manifest};

/// The most Kustomizations that pass a variable from one to the next.
const DEEPEST: usize = 4;

/// Names a plain-text value that becomes a value of a Secret, never the value itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarriedValue {
    /// The file with the value.
    pub file: String,
    /// Its line there, from one.
    pub line: usize,
    /// The name of the value there: `spec.postBuild.substitute.PASSWORD`.
    pub name: String,
    /// The name of the value in the Secret: `stringData.password`.
    pub shown: String,
    /// The file of the Secret, or of the set that creates it.
    pub taker: String,
    /// The object that inserts it, in words: `Kustomization apps of staging`.
    pub by: String,
}

/// Finds such values; `read` returns the text of a file, and `files` are searched beside those that Kustomizations
/// read.
pub fn carried_values<'f>(
    snapshot: &Snapshot,
    files: impl IntoIterator<Item = &'f str>,
    read: impl Fn(&str) -> Option<String>,
) -> Vec<CarriedValue> {
    let mut search = Search { snapshot, read: &read, known: RefCell::default(), found: BTreeMap::new() };
    for one in snapshot.kustomizations.iter().filter(|one| has_variables(one)) {
        let feed = snapshot.feeds.get(&one.env, &one.namespace, &one.name);
        for file in feed.iter().flat_map(|feed| feed.files.keys()) {
            for template in &search.parts(file).templates {
                search.follow(one, template, file, 0);
            }
        }
    }
    search.sets(files);
    search.found.into_values().collect()
}

fn has_variables(one: &FluxKustomization) -> bool {
    one.spec.get("postBuild").is_some_and(Value::is_mapping)
}

/// Holds the relevant parts of a file.
#[derive(Default)]
struct FileParts {
    /// The values of Secrets that contain variables.
    templates: Vec<ValueTemplate>,
    /// The sets that put inputs into Secrets.
    sets: Vec<InputSet>,
    /// The providers of inputs.
    providers: Vec<Provider>,
}

struct InputSet {
    namespace: String,
    name: String,
    inputs: SecretInputs,
    /// The names and the selectors of its providers.
    from: Vec<Value>,
}

struct Provider {
    namespace: String,
    name: String,
    labels: Value,
    defaults: Value,
}

/// Holds a variable's value.
struct Variable {
    value: String,
    file: String,
    line: usize,
    shown: String,
}

struct Search<'a> {
    snapshot: &'a Snapshot,
    read: &'a dyn Fn(&str) -> Option<String>,
    known: RefCell<HashMap<String, Rc<FileParts>>>,
    found: BTreeMap<(String, usize, String), CarriedValue>,
}

impl Search<'_> {
    fn parts(&self, file: &str) -> Rc<FileParts> {
        if let Some(known) = self.known.borrow().get(file) {
            return Rc::clone(known);
        }
        let parts = Rc::new((self.read)(file).map(|text| FileParts::parse(&text)).unwrap_or_default());
        self.known.borrow_mut().insert(file.to_owned(), Rc::clone(&parts));
        parts
    }

    /// Finds the variables of a Kustomization that turn a value of a Secret into one that must stay secret.
    fn follow(&mut self, one: &FluxKustomization, template: &ValueTemplate, taker: &str, depth: usize) {
        let variables = self.variables(one, &template.variables());
        for (name, variable) in variables {
            let carries = template.with(&name, &variable.value);
            if variable.value.contains("${") && depth < DEEPEST {
                // The value may come from a variable of the Kustomization that applies the defining file.
                for other in self.snapshot.kustomizations_of(&one.env).filter(|other| has_variables(other)) {
                    let feed = self.snapshot.feeds.get(&other.env, &other.namespace, &other.name);
                    if feed.is_some_and(|feed| feed.files.contains_key(&variable.file)) {
                        self.follow(other, &carries, taker, depth.saturating_add(1));
                    }
                }
            }
            if template.is_kept_in(&name, &variable.value) {
                let by = format!("Kustomization {} of {}", one.shown(), one.env);
                self.add(variable, template.shown(), taker, by);
            }
        }
    }

    fn add(&mut self, variable: Variable, shown: String, taker: &str, by: String) {
        let Variable { file, line, shown: name, .. } = variable;
        let key = (file.clone(), line, name.clone());
        self.found.entry(key).or_insert(CarriedValue { file, line, name, shown, taker: taker.to_owned(), by });
    }

    /// Returns those of some variables that a Kustomization defines, with the precedence of Flux: its own come before
    /// those of the objects that it names, and later objects before earlier ones.
    fn variables(&self, one: &FluxKustomization, wanted: &BTreeSet<&str>) -> BTreeMap<String, Variable> {
        let mut found = BTreeMap::new();
        let text = (self.read)(&one.file).unwrap_or_default();
        let is_it = |document: &Value| {
            let object = object_of(document);
            object.kind == "Kustomization"
                && object.group == known::KUSTOMIZE
                && object.name == one.name
                && (object.namespace.is_empty() || object.namespace == one.namespace)
        };
        let documents =
            if sops::sniff(&text).is_some() { Vec::new() } else { manifest::documents(&text).unwrap_or_default() };
        let spec = documents.iter().find(|document| is_it(document)).and_then(|document| document.get("spec"));
        let post = spec.unwrap_or(&one.spec).get("postBuild");
        let from = post.and_then(|post| post.get("substituteFrom")).and_then(Value::as_sequence);
        for source in from.into_iter().flatten().filter(|source| word(source, "kind") == "ConfigMap") {
            let object = ObjectRef::new("ConfigMap", "", &one.namespace, word(source, "name"));
            self.of_map(&one.env, &object, wanted, &mut found);
        }
        let own = post.and_then(|post| post.get("substitute")).and_then(Value::as_mapping);
        for (name, value) in own.into_iter().flatten() {
            let Some((name, value)) = name.as_str().filter(|name| wanted.contains(name)).zip(scalar(value)) else {
                continue;
            };
            let line = line_of(&text, name, one.line);
            let shown = format!("spec.postBuild.substitute.{name}");
            found.insert(name.to_owned(), Variable { value, file: one.file.clone(), line, shown });
        }
        found
    }

    /// Adds the variables of a `ConfigMap`: one that a file declares or changes, or that a generator of kustomize
    /// creates.
    fn of_map(&self, env: &str, object: &ObjectRef, wanted: &BTreeSet<&str>, found: &mut BTreeMap<String, Variable>) {
        let mut add = |name: &str, value: String, file: &str, text: &str| {
            if wanted.contains(name) {
                let line = line_of(text, name, 1);
                let variable = Variable {
                    value,
                    file: file.to_owned(),
                    line,
                    shown: format!("{name} of ConfigMap {}", object.name),
                };
                found.insert(name.to_owned(), variable);
            }
        };
        // An environment's folder need not be applied by a Kustomization inside of it.
        let of_env: Vec<&Feed> =
            self.snapshot.feeds.iter().chain(self.snapshot.feeds.roots()).filter(|feed| feed.env == env).collect();
        let is_declared = |declared: &&Declared| {
            let (own, asked) = (&declared.object.namespace, &object.namespace);
            declared.object.kind == "ConfigMap"
                && declared.object.name == object.name
                && (own.is_empty() || own == asked)
        };
        let declared: BTreeSet<&str> = of_env
            .iter()
            .flat_map(|feed| feed.declared.iter().filter(is_declared))
            .map(|declared| declared.file.as_str())
            .collect();
        for file in declared {
            let Some(text) = (self.read)(file).filter(|text| sops::sniff(text).is_none()) else { continue };
            let documents = manifest::documents(&text).unwrap_or_default();
            let is_it = |document: &&Value| {
                let one = object_of(document);
                one.kind == "ConfigMap" && one.name == object.name
            };
            for document in documents.iter().filter(is_it) {
                for (name, value) in document.get("data").and_then(Value::as_mapping).into_iter().flatten() {
                    if let Some((name, value)) = name.as_str().zip(scalar(value)) {
                        add(name, value, file, &text);
                    }
                }
            }
        }
        let is_kustomization = |(_, role): &(&String, &Role)| **role == Role::Kustomization;
        let kustomizations: BTreeSet<&String> =
            of_env.iter().flat_map(|feed| feed.files.iter().filter(is_kustomization)).map(|(file, _)| file).collect();
        for file in kustomizations {
            let Some(text) = (self.read)(file).filter(|text| text.contains("configMapGenerator")) else { continue };
            let documents = manifest::documents(&text).unwrap_or_default();
            let items = |value: &'_ Value, key: &str| -> Vec<Value> {
                value.get(key).and_then(Value::as_sequence).cloned().unwrap_or_default()
            };
            let generators = documents.iter().flat_map(|document| items(document, "configMapGenerator"));
            for generator in generators.filter(|generator| word(generator, "name") == object.name) {
                for literal in items(&generator, "literals") {
                    if let Some((name, value)) = literal.as_str().and_then(|text| text.split_once('=')) {
                        add(name, value.trim_matches(['"', '\'']).to_owned(), file, &text);
                    }
                }
                let one = generator.get("env").cloned();
                for env in items(&generator, "envs").into_iter().chain(one) {
                    let Some(env) = env.as_str().and_then(|env| path::resolve(path::parent(file), env)) else {
                        continue;
                    };
                    let Some(text) = (self.read)(&env).filter(|text| sops::sniff(text).is_none()) else { continue };
                    for (name, value) in text.lines().filter_map(|line| line.trim_start().split_once('=')) {
                        add(name.trim_end(), value.to_owned(), &env, &text);
                    }
                }
                for entry in items(&generator, "files") {
                    let Some(entry) = entry.as_str() else { continue };
                    let (name, source) = entry.split_once('=').unwrap_or((path::name(entry), entry));
                    let Some(source) = path::resolve(path::parent(file), source) else { continue };
                    if let Some(value) = (self.read)(&source).filter(|text| sops::sniff(text).is_none()) {
                        add(name, value, &source, "");
                    }
                }
            }
        }
    }

    /// Finds values that providers of inputs bring to Secrets of sets; both must be of one environment, or of none.
    fn sets<'f>(&mut self, files: impl IntoIterator<Item = &'f str>) {
        let feeds = || self.snapshot.feeds.iter().chain(self.snapshot.feeds.roots());
        let fed = feeds().flat_map(|feed| feed.files.keys()).cloned();
        let all: BTreeSet<String> =
            files.into_iter().filter(|file| is_yaml(file)).map(str::to_owned).chain(fed).collect();
        let all: Vec<(&String, Rc<FileParts>)> = all.iter().map(|file| (file, self.parts(file))).collect();
        let envs = |file: &str| -> BTreeSet<&str> {
            feeds().filter(|feed| feed.files.contains_key(file)).map(|feed| feed.env.as_str()).collect()
        };
        let mut carried = Vec::new();
        for (taker, parts) in all.iter().filter(|(_, parts)| !parts.sets.is_empty()) {
            for (file, others) in all.iter().filter(|(_, parts)| !parts.providers.is_empty()) {
                let (own, other) = (envs(taker), envs(file));
                if own.is_disjoint(&other) && !(own.is_empty() && other.is_empty()) {
                    continue;
                }
                for set in &parts.sets {
                    for provider in others.providers.iter().filter(|provider| set.takes(provider)) {
                        carried.extend(self.provided(set, taker, provider, file));
                    }
                }
            }
        }
        for one in carried {
            self.found.entry((one.file.clone(), one.line, one.name.clone())).or_insert(one);
        }
    }

    fn provided(&self, set: &InputSet, taker: &str, provider: &Provider, file: &str) -> Vec<CarriedValue> {
        let text = (self.read)(file).unwrap_or_default();
        let begin = text.lines().position(|line| line.contains("defaultValues")).unwrap_or_default();
        let held = set.inputs.among(&provider.name, &provider.defaults);
        let one = |held: &secrets::Held| CarriedValue {
            file: file.to_owned(),
            line: line_of(&text, &held.key, begin.saturating_add(1)),
            name: held.path.clone(),
            shown: held.shown.clone(),
            taker: taker.to_owned(),
            by: format!("ResourceSet {}", set.name),
        };
        held.iter().filter(|held| held.is_plain(false)).map(one).collect()
    }
}

impl FileParts {
    fn parse(text: &str) -> Self {
        let has_templates = text.contains("${") && manifest::may_hold_secrets(text);
        let has_sets = text.contains("ResourceSet");
        if !has_sets && (!has_templates || sops::sniff(text).is_some()) {
            return Self::default();
        }
        let documents = manifest::documents(text).unwrap_or_default();
        let mut parts = Self::default();
        for document in &documents {
            if has_templates {
                parts.templates.extend(secrets::templates(document));
            }
            let object = object_of(document);
            if object.group != known::OPERATOR {
                continue;
            }
            let spec = document.get("spec").cloned().unwrap_or_default();
            let of = |key: &str| spec.get(key).cloned().unwrap_or_default();
            match object.kind.as_str() {
                "ResourceSet" => {
                    let from: Vec<Value> = of("inputsFrom").as_sequence().cloned().unwrap_or_default();
                    let inputs = (!from.is_empty()).then(|| SecretInputs::of(document)).flatten();
                    parts.sets.extend(inputs.map(|inputs| InputSet {
                        namespace: object.namespace,
                        name: object.name,
                        inputs,
                        from,
                    }));
                }
                "ResourceSetInputProvider" => parts.providers.push(Provider {
                    namespace: object.namespace,
                    name: object.name,
                    labels: document
                        .get("metadata")
                        .and_then(|metadata| metadata.get("labels"))
                        .cloned()
                        .unwrap_or_default(),
                    defaults: of("defaultValues"),
                }),
                _ => {}
            }
        }
        parts
    }
}

impl InputSet {
    /// Tells whether a set uses a provider. Expressions of a selector count as a match.
    fn takes(&self, provider: &Provider) -> bool {
        let is_open = |one: &str, other: &str| one.is_empty() || other.is_empty() || one == other;
        let labelled = |selector: &Value| {
            let exact = selector.get("matchLabels").and_then(Value::as_mapping);
            exact.into_iter().flatten().all(|(key, value)| provider.labels.get(key) == Some(value))
        };
        is_open(&self.namespace, &provider.namespace)
            && self.from.iter().any(|from| match from.get("selector") {
                Some(selector) if word(from, "name").is_empty() => labelled(selector),
                _ => word(from, "name") == provider.name,
            })
    }
}

fn is_yaml(file: &str) -> bool {
    [".yaml", ".yml", ".json"].iter().any(|end| file.ends_with(end))
}

fn word<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn object_of(document: &Value) -> ObjectRef {
    let nothing = Value::Null;
    let metadata = document.get("metadata").unwrap_or(&nothing);
    let group = crate::model::api_group(word(document, "apiVersion"));
    ObjectRef::new(word(document, "kind"), group, word(metadata, "namespace"), word(metadata, "name"))
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Finds the line that has a name as a key, from a line on, else from the first.
fn line_of(text: &str, name: &str, from: usize) -> usize {
    let is_key = |line: &str| {
        line.match_indices(name).any(|(at, found)| {
            let before = line.get(..at).unwrap_or_default();
            let after = line.get(at.saturating_add(found.len())..).unwrap_or_default();
            let after = after.trim_start_matches(['"', '\'']).trim_start();
            (before.is_empty() || before.ends_with(['{', ',', ' ', '\t', '"', '\'', '-', '[']))
                && after.starts_with([':', '='])
        })
    };
    let numbered = || (1_usize..).zip(text.lines());
    let below = numbered().find(|(number, line)| *number >= from && is_key(line));
    below.or_else(|| numbered().find(|(_, line)| is_key(line))).map_or(1, |(number, _)| number)
}
