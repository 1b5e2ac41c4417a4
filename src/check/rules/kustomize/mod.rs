//! Kustomization files. One file a rule.

use std::path::Path;
use std::sync::{Arc, PoisonError};

use regex::Regex;

use crate::check::{Context, Rule};
use crate::repo::kustomize::NAMES;
use crate::repo::{Role, contents, path};
use crate::yaml::{self, Value};

rules! { deprecated, hash, idle_patch, same_patch, same_tag, sealed_input }

/// Holds a kustomization file.
pub(in crate::check) struct File {
    path: String,
    text: String,
    body: Value,
}

impl File {
    /// Returns the first line that contains a needle outside of comments.
    fn line(&self, needle: &str) -> Option<usize> {
        let has = |line: &str| !line.trim_start().starts_with('#') && line.contains(needle);
        self.text.lines().position(has).map(|index| index.saturating_add(1))
    }

    fn items(&self, key: &str) -> impl Iterator<Item = &Value> {
        self.body.get(key).and_then(Value::as_sequence).into_iter().flatten()
    }
}

/// Returns every kustomization file that a Kustomization reads.
fn files<'a>(context: &'a Context<'_>) -> &'a [File] {
    context.once.kustomizations.get_or_init(|| read_all(context))
}

fn read_all(context: &Context<'_>) -> Vec<File> {
    let mut paths: Vec<&String> = context
        .snapshot
        .feeds
        .iter()
        .flat_map(|feed| feed.files.iter().filter(|(_, role)| **role == Role::Kustomization))
        .map(|(file, _)| file)
        .collect();
    paths.sort();
    paths.dedup();
    paths.into_iter().filter_map(|path| read(&context.snapshot.root, path)).collect()
}

fn read(root: &Path, path: &str) -> Option<File> {
    let text = contents::text(root, path).ok()?;
    let body: Value = yaml::from_str(&text).ok()?;
    body.is_mapping().then(|| File { path: path.to_owned(), text, body })
}

/// Holds the files of resources that a kustomization reaches, whether all of them are known, and whether they are
/// unchanged.
struct ComponentFiles {
    files: Vec<String>,
    whole: bool,
    as_written: bool,
}

/// Fields of a kustomization file that change the objects below it.
const CHANGES: [&str; 13] = [
    "patches",
    "patchesStrategicMerge",
    "patchesJson6902",
    "images",
    "replicas",
    "replacements",
    "transformers",
    "configurations",
    "labels",
    "commonLabels",
    "commonAnnotations",
    "vars",
    "components",
];

/// Follows resources, bases and components of a kustomization file.
fn component_files(context: &Context<'_>, file: &File) -> ComponentFiles {
    let mut found = ComponentFiles { files: Vec::new(), whole: true, as_written: true };
    follow(context, file, &mut found, 0);
    found
}

fn follow(context: &Context<'_>, file: &File, found: &mut ComponentFiles, depth: usize) {
    let root = &context.snapshot.root;
    if depth > 32 {
        found.whole = false;
        return;
    }
    // Generated and transformed objects have names that are not in the files.
    let opaque = ["generators", "transformers", "helmCharts", "namePrefix", "nameSuffix", "replacements", "components"];
    found.whole &= depth == 0 || !opaque.iter().any(|key| file.body.get(*key).is_some());
    found.whole &= !["generators", "helmCharts", "components"].iter().any(|key| file.body.get(*key).is_some());
    found.as_written &= depth == 0 || !CHANGES.iter().any(|key| file.body.get(*key).is_some());
    for entry in file.items("resources").chain(file.items("bases")).filter_map(Value::as_str) {
        let Some(target) = path::resolve(path::parent(&file.path), entry) else {
            found.whole = false;
            continue;
        };
        if root.join(&target).is_file() {
            found.files.push(target);
            continue;
        }
        let paths = NAMES.map(|name| path::join(&target, name));
        let known = files(context).iter().find(|file| paths.contains(&file.path));
        match known {
            Some(inner) => follow(context, inner, found, depth.saturating_add(1)),
            None => found.whole = false,
        }
    }
}

/// Tells whether a name matches a target's pattern: an anchored regular expression; an empty one matches all.
fn matches(pattern: &str, name: &str) -> bool {
    pattern.is_empty() || Regex::new(&format!("^(?:{pattern})$")).is_ok_and(|regex| regex.is_match(name))
}

/// Holds a file of resources.
pub(in crate::check) struct Manifest {
    text: String,
    /// The documents; `None` where the file is not YAML.
    documents: Option<Vec<Value>>,
}

/// Reads files of resources; `None` is an unreadable one. Every overlay uses its base, so each file is read once.
fn manifests(context: &Context<'_>, files: &[String]) -> Vec<Option<Arc<Manifest>>> {
    let mut known = context.once.manifests.lock().unwrap_or_else(PoisonError::into_inner);
    let mut manifest = |file: &String| {
        let read = || {
            let text = contents::text(&context.snapshot.root, file).ok()?;
            let documents = yaml::documents(&text).ok();
            Some(Arc::new(Manifest { text, documents }))
        };
        known.entry(file.clone()).or_insert_with(read).clone()
    };
    files.iter().map(&mut manifest).collect()
}

/// Iterates over the documents of manifests; `None` where one of them cannot be read.
fn documents(manifests: &[Option<Arc<Manifest>>]) -> Option<Vec<&Value>> {
    let all: Option<Vec<&Vec<Value>>> = manifests.iter().map(|one| one.as_ref()?.documents.as_ref()).collect();
    Some(all?.into_iter().flatten().collect())
}

fn word<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}
