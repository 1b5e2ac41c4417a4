//! Which files of a Kustomization change an object on its way: patches, images, replicas.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use regex::Regex;
use serde_json::Value as Json;

use super::prepare;
use crate::model::ObjectRef;
use crate::repo::path;
use crate::repo::{Feed, Role, contents};
use crate::yaml::{self, Mapping, Value};

/// Fields that lead to what is changed.
const INSIDE: [&str; 3] = ["resources", "bases", "components"];

/// Holds the kustomization files of one Flux Kustomization.
pub(super) struct Changes<'a> {
    root: &'a Path,
    /// By folder: the file, what is in it, and the files that it reaches.
    known: BTreeMap<String, Known>,
}

struct Known {
    file: String,
    body: Mapping,
    reaches: BTreeSet<String>,
}

impl<'a> Changes<'a> {
    pub(super) fn new(root: &'a Path, feed: &Feed) -> Self {
        let mut known: BTreeMap<String, Known> = BTreeMap::new();
        for (file, _) in feed.files.iter().filter(|(_, role)| **role == Role::Kustomization) {
            if let Ok(body) = prepare::read(root, file) {
                let one = Known { file: file.clone(), body, reaches: BTreeSet::new() };
                known.insert(path::parent(file).to_owned(), one);
            }
        }
        let folders: Vec<String> = known.keys().cloned().collect();
        for folder in folders {
            let mut reached = BTreeSet::new();
            reach(&known, &folder, &mut reached);
            if let Some(one) = known.get_mut(&folder) {
                one.reaches = reached;
            }
        }
        Self { root, known }
    }

    /// Iterates over the kustomization files.
    pub(super) fn kustomizations(&self) -> impl Iterator<Item = &Mapping> {
        self.known.values().map(|known| &known.body)
    }

    /// Returns the files that change an object, the nearest to it first.
    pub(super) fn of(&self, origin: &str, object: &ObjectRef, body: &Json) -> Vec<String> {
        let mut found: Vec<(usize, String)> = Vec::new();
        for (folder, known) in self.known.iter().filter(|(_, known)| known.reaches.contains(origin)) {
            let mut add = |file: String| found.push((known.reaches.len(), file));
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
        // Whoever reaches fewer files stands nearer.
        found.sort();
        let mut seen = BTreeSet::new();
        found.into_iter().map(|(_, file)| file).filter(|file| seen.insert(file.clone())).collect()
    }

    /// Returns the file of a patch, if it is one of the object.
    fn patch(&self, folder: &str, file: &str, item: &Value, object: &ObjectRef) -> Option<String> {
        // An entry of patchesStrategicMerge is a path or a document.
        let written = item.as_str().or_else(|| item.get("path").and_then(Value::as_str));
        let inline =
            item.get("patch").and_then(Value::as_str).or_else(|| item.as_str().filter(|text| text.contains('\n')));
        let patch_file = written.filter(|text| !text.contains('\n')).and_then(|text| path::resolve(folder, text));
        let hits = if let Some(target) = item.get("target") {
            let fits = |key: &str, value: &str| {
                let wanted = word(target, key);
                wanted.is_empty() || Regex::new(&format!("^(?:{wanted})$")).is_ok_and(|regex| regex.is_match(value))
            };
            fits("kind", &object.kind) && fits("name", &object.name) && fits("group", &object.group)
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

fn reach(known: &BTreeMap<String, Known>, folder: &str, reached: &mut BTreeSet<String>) {
    let Some(one) = known.get(folder) else { return };
    if !reached.insert(one.file.clone()) {
        return;
    }
    for key in INSIDE {
        for entry in items(&one.body, key).filter_map(Value::as_str) {
            let Some(target) = path::resolve(folder, entry) else { continue };
            if known.contains_key(&target) {
                reach(known, &target, reached);
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
