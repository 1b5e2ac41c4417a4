//! The files of a Kustomization that change an object on its way: patches, images, replicas.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use regex::Regex;
use serde_json::Value as Json;

use crate::model::ObjectRef;
use crate::repo::path;
use crate::repo::{Feed, FluxKustomization, Role, contents, kustomization};
use crate::yaml::{self, Mapping, Value};

/// Fields that lead to the changed objects.
const INSIDE: [&str; 3] = ["resources", "bases", "components"];

/// Holds the kustomization files of one Flux Kustomization.
pub(super) struct Changes<'a> {
    root: &'a Path,
    /// By folder: the file, its content, and the files that it reaches.
    known: BTreeMap<String, Known>,
    /// The changes by `spec` of the Flux Kustomization, in its file.
    spec: Known,
}

struct Known {
    file: String,
    body: Mapping,
    reaches: BTreeSet<String>,
}

/// Reads the fields of a kustomization file that kustomize knows; an invalid file changes nothing.
fn fields(root: &Path, file: &str) -> Option<Mapping> {
    kustomization::read(&contents::text(root, file).ok()?).ok().map(|body| body.fields)
}

impl<'a> Changes<'a> {
    pub(super) fn new(root: &'a Path, feed: &Feed, one: &FluxKustomization) -> Self {
        let mut known: BTreeMap<String, Known> = BTreeMap::new();
        for (file, _) in feed.files.iter().filter(|(_, role)| **role == Role::Kustomization) {
            if let Some(body) = fields(root, file) {
                let one = Known { file: file.clone(), body, reaches: BTreeSet::new() };
                known.insert(path::parent(file).to_owned(), one);
            }
        }
        let folders: Vec<String> = known.keys().cloned().collect();
        for folder in folders {
            let mut reached = BTreeSet::new();
            add_reached(&known, &folder, &mut reached);
            if let Some(one) = known.get_mut(&folder) {
                one.reaches = reached;
            }
        }
        let spec = of_spec(one, feed);
        for component in items(&spec.body, "components").filter_map(Value::as_str) {
            let reached = known.get(&one.path).map_or_else(|| spec.reaches.clone(), |own| own.reaches.clone());
            let component = path::resolve(&one.path, component).and_then(|folder| known.get_mut(&folder));
            if let Some(component) = component {
                component.reaches.extend(reached);
            }
        }
        reach_users(&mut known);
        Self { root, known, spec }
    }

    /// Iterates over the kustomization files.
    pub(super) fn kustomizations(&self) -> impl Iterator<Item = &Mapping> {
        self.known.values().map(|known| &known.body)
    }

    /// Returns the files that change an object, the nearest to it first.
    pub(super) fn files_changing(&self, origin: &str, object: &ObjectRef, body: &Json) -> Vec<String> {
        let mut found: Vec<(usize, String)> = Vec::new();
        let spec = std::iter::once((path::parent(&self.spec.file), &self.spec));
        let own = self.known.iter().map(|(folder, known)| (folder.as_str(), known));
        for (folder, known) in own.chain(spec).filter(|(_, known)| known.reaches.contains(origin)) {
            // The controller's changes to everything come last.
            let distance = if std::ptr::eq(known, &raw const self.spec) { usize::MAX } else { known.reaches.len() };
            let mut add = |file: String| found.push((distance, file));
            for file in self.transformers(folder, known, object) {
                add(file);
            }
            for key in ["patches", "patchesStrategicMerge", "patchesJson6902"] {
                for item in items(&known.body, key) {
                    if let Some(file) = self.patch(folder, &known.file, item, object) {
                        add(file);
                    }
                }
            }
            let is_image = |item: &Value| {
                let (name, new) = (word(item, "name"), word(item, "newName"));
                let wanted = if new.is_empty() { name } else { new };
                !wanted.is_empty() && has_image(body, wanted)
            };
            let is_replicas =
                |item: &Value| word(item, "name") == object.name && body.pointer("/spec/replicas").is_some();
            if items(&known.body, "images").any(is_image) || items(&known.body, "replicas").any(is_replicas) {
                add(known.file.clone());
            }
        }
        // The kustomization that reaches fewer files is nearer.
        found.sort();
        let mut seen = BTreeSet::new();
        found.into_iter().map(|(_, file)| file).filter(|file| seen.insert(file.clone())).collect()
    }

    /// Returns the files of a kustomization's transformers that may change an object.
    fn transformers(&self, folder: &str, known: &Known, object: &ObjectRef) -> Vec<String> {
        let mut found = Vec::new();
        for entry in items(&known.body, "transformers").filter_map(Value::as_str) {
            let (file, text) = if entry.contains('\n') {
                (known.file.clone(), entry.to_owned())
            } else {
                let Some(file) = path::resolve(folder, entry) else { continue };
                let Ok(text) = contents::text(self.root, &file) else { continue };
                (file, text)
            };
            let hits = |config: &Value| config.get("target").is_none_or(|target| fits(target, object));
            if yaml::documents(&text).unwrap_or_default().iter().any(hits) {
                found.push(file);
            }
        }
        found
    }

    /// Returns the file of a patch, if it is one of the object.
    fn patch(&self, folder: &str, file: &str, item: &Value, object: &ObjectRef) -> Option<String> {
        // An entry of patchesStrategicMerge is a path or a document.
        let written = item.as_str().or_else(|| item.get("path").and_then(Value::as_str));
        let inline =
            item.get("patch").and_then(Value::as_str).or_else(|| item.as_str().filter(|text| text.contains('\n')));
        let patch_file = written.filter(|text| !text.contains('\n')).and_then(|text| path::resolve(folder, text));
        let hits = if let Some(target) = item.get("target") {
            fits(target, object)
        } else {
            let text = match (&patch_file, inline) {
                (Some(file), _) => contents::text(self.root, file).ok()?,
                (None, Some(text)) => text.to_owned(),
                (None, None) => return None,
            };
            yaml::documents(&text).unwrap_or_default().iter().any(|document| {
                let name = document.get("metadata").map_or("", |metadata| word(metadata, "name"));
                word(document, "kind") == object.kind && object.name.contains(name) && !name.is_empty()
            })
        };
        hits.then(|| patch_file.unwrap_or_else(|| file.to_owned()))
    }
}

/// Tells whether a target selects an object, as far as its names show.
fn fits(target: &Value, object: &ObjectRef) -> bool {
    let fits = |key: &str, value: &str| {
        let wanted = word(target, key);
        wanted.is_empty() || Regex::new(&format!("^(?:{wanted})$")).is_ok_and(|regex| regex.is_match(value))
    };
    fits("kind", &object.kind) && fits("name", &object.name) && fits("group", &object.group)
}

/// Describes the changes by `spec` of a Flux Kustomization: they reach everything that it reads.
fn of_spec(one: &FluxKustomization, feed: &Feed) -> Known {
    let field = |key: &str| Some((Value::from(key), one.spec.get(key)?.clone()));
    let body = ["patches", "images", "components"].into_iter().filter_map(field).collect();
    Known { file: one.file.clone(), body, reaches: feed.files.keys().cloned().collect() }
}

/// Extends the reach of components: a component changes the objects of its users, before it and below it.
fn reach_users(known: &mut BTreeMap<String, Known>) {
    // Components may use components.
    for _ in 0..known.len() {
        let mut more: Vec<(String, BTreeSet<String>)> = Vec::new();
        for (folder, user) in known.iter() {
            for entry in items(&user.body, "components").filter_map(Value::as_str) {
                let Some(target) = path::resolve(folder, entry) else { continue };
                if known.get(&target).is_some_and(|component| !component.reaches.is_superset(&user.reaches)) {
                    more.push((target, user.reaches.clone()));
                }
            }
        }
        if more.is_empty() {
            return;
        }
        for (folder, reached) in more {
            if let Some(component) = known.get_mut(&folder) {
                component.reaches.extend(reached);
            }
        }
    }
}

fn add_reached(known: &BTreeMap<String, Known>, folder: &str, reached: &mut BTreeSet<String>) {
    let Some(one) = known.get(folder) else { return };
    if !reached.insert(one.file.clone()) {
        return;
    }
    for key in INSIDE {
        for entry in items(&one.body, key).filter_map(Value::as_str) {
            let Some(target) = path::resolve(folder, entry) else { continue };
            if known.contains_key(&target) {
                add_reached(known, &target, reached);
            } else {
                reached.insert(target);
            }
        }
    }
}

/// Tells whether an object runs an image of a name, whatever its tag.
fn has_image(body: &Json, name: &str) -> bool {
    match body {
        Json::Object(fields) => fields.iter().any(|(key, value)| match (key.as_str(), value) {
            ("image", Json::String(image)) => {
                image.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '@']))
            }
            _ => has_image(value, name),
        }),
        Json::Array(items) => items.iter().any(|item| has_image(item, name)),
        _ => false,
    }
}

fn items<'a>(body: &'a Mapping, key: &str) -> impl Iterator<Item = &'a Value> {
    body.get(key).and_then(Value::as_sequence).into_iter().flatten()
}

fn word<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}
