//! The kustomization that kustomize-controller would build for a Flux Kustomization, written so that it can lie outside of the
//! repository.
//!
//! The controller changes the kustomization file in its own copy of the source (github.com/fluxcd/pkg/kustomize, `WriteFile`). Here the
//! repository stays as it is: the file is written into a folder of its own, with every path in it leading back.

use std::path::{Component, Path, PathBuf};

use super::tool::{Tool, Unrendered};
use crate::repo::path;
use crate::repo::{Feed, FluxKustomization, Role, contents};
use crate::yaml::{self, Mapping, Value};

/// Fields that list paths, or documents written in place.
const LISTS: [&str; 6] = ["resources", "bases", "components", "patchesStrategicMerge", "crds", "configurations"];

/// Fields that list configurations of plug-ins: paths, or documents written in place.
const PLUGINS: [&str; 3] = ["generators", "transformers", "validators"];

/// Prepares the kustomization of `one`, to be written into `work`; `root` is the repository, both without links. A folder of plug-ins is
/// built by `tool` first. With `origins` kustomize
/// writes on each object where it comes from.
///
/// # Errors
/// Says why the controller could not build it either.
pub(super) fn prepare(
    root: &Path,
    work: &Path,
    tool: &Tool,
    one: &FluxKustomization,
    feed: &Feed,
    origins: bool,
) -> Result<String, Unrendered> {
    let mut body = match own_file(one, feed) {
        Some(file) => read(root, &file)?,
        None => generated(one, feed),
    };
    let paths = Paths { root, work, folder: &one.path, tool };
    paths.rewrite(&mut body)?;
    paths.apply_spec(&mut body, &one.spec);
    if origins {
        push(&mut body, "buildMetadata", "originAnnotations".into());
    }
    yaml::to_string(&Value::Mapping(body)).map_err(|error| error.to_string().into())
}

/// Returns the kustomization file of the Kustomization's own folder.
pub(super) fn own_file(one: &FluxKustomization, feed: &Feed) -> Option<String> {
    let is_own = |file: &str| path::parent(file) == one.path;
    let mut found = feed.files.iter().filter(|(_, role)| **role == Role::Kustomization);
    found.find(|(file, _)| is_own(file)).map(|(file, _)| file.clone())
}

/// Reads a kustomization file.
///
/// # Errors
/// Says why it is none.
pub(super) fn read(root: &Path, file: &str) -> Result<Mapping, String> {
    let text = contents::text(root, file).map_err(|error| format!("{file}: {error}"))?;
    match yaml::from_str::<Value>(&text) {
        Ok(Value::Mapping(body)) => Ok(body),
        Ok(Value::Null) => Ok(Mapping::new()),
        Ok(_) => Err(format!("{file} is no mapping")),
        Err(error) => Err(format!("{file}: {error}")),
    }
}

/// The kustomization that the controller generates where there is none: every manifest below, and every folder that has its own.
fn generated(one: &FluxKustomization, feed: &Feed) -> Mapping {
    let below = |file: &&String| path::is_within(file, &one.path);
    let folders: Vec<&str> = feed
        .files
        .iter()
        .filter(|(file, role)| **role == Role::Kustomization && below(file))
        .map(|(file, _)| path::parent(file))
        .collect();
    // A folder below one that is taken as a whole is not taken by itself.
    let is_inside = |file: &str| folders.iter().any(|folder| path::is_within(file, folder) && file != *folder);
    let mut entries: Vec<String> =
        folders.iter().filter(|folder| !is_inside(folder)).map(|&one| one.to_owned()).collect();
    let files = feed.files.iter().filter(|(file, role)| **role == Role::Resource && below(file) && !is_inside(file));
    entries.extend(files.map(|(file, _)| file.clone()));
    let relative = |entry: String| {
        let rest = entry.strip_prefix(&one.path).unwrap_or(&entry).trim_start_matches('/').to_owned();
        Value::from(rest)
    };
    let mut body = Mapping::new();
    body.insert("apiVersion".into(), "kustomize.config.k8s.io/v1beta1".into());
    body.insert("kind".into(), "Kustomization".into());
    body.insert("resources".into(), Value::Sequence(entries.into_iter().map(relative).collect()));
    body
}

struct Paths<'a> {
    root: &'a Path,
    work: &'a Path,
    folder: &'a str,
    tool: &'a Tool,
}

impl Paths<'_> {
    /// Returns a path of the kustomization as it must be written in the folder of work. What leads elsewhere was refused before; what is
    /// missing is missing there too, where from the folder of work the same words could find something.
    fn back(&self, reference: &str) -> String {
        let target = path::resolve(self.folder, reference).filter(|_| !reference.contains('\n'));
        target.map_or_else(|| reference.to_owned(), |target| between(self.work, &self.root.join(target)))
    }

    fn rewrite(&self, body: &mut Mapping) -> Result<(), Unrendered> {
        for key in LISTS {
            for item in items(body, key) {
                self.text(Some(item));
            }
        }
        for key in PLUGINS {
            for item in items(body, key) {
                self.plugins(item)?;
            }
        }
        for key in ["patches", "patchesJson6902", "replacements"] {
            for item in items(body, key) {
                self.text(item.get_mut("path"));
            }
        }
        for key in ["configMapGenerator", "secretGenerator"] {
            for generator in items(body, key) {
                self.generator(generator);
            }
        }
        for chart in items(body, "helmCharts") {
            self.text(chart.get_mut("valuesFile"));
        }
        if let Some(openapi) = body.get_mut("openapi") {
            self.text(openapi.get_mut("path"));
        }
        Ok(())
    }

    /// Writes configurations of plug-ins in place where they name paths, which count from the folder of the kustomization.
    fn plugins(&self, item: &mut Value) -> Result<(), Unrendered> {
        let Value::String(written) = item else { return Ok(()) };
        let file = if written.contains('\n') { None } else { path::resolve(self.folder, written) };
        let text = match &file {
            None => written.clone(),
            Some(folder) if self.root.join(folder).is_dir() => self.tool.build(&self.root.join(folder))?,
            Some(file) => contents::text(self.root, file).map_err(|error| format!("{file}: {error}"))?,
        };
        if file.is_some() && !self.is_moved(&text) {
            *written = self.back(written);
            return Ok(());
        }
        let parts = self.moved(&text).iter().map(yaml::to_string).collect::<Result<Vec<String>, _>>();
        *written = parts.map_err(|error| error.to_string())?.join("---\n");
        Ok(())
    }

    /// Returns configurations of plug-ins with their paths as they must be written in the folder of work.
    fn moved(&self, text: &str) -> Vec<Value> {
        let mut documents = yaml::documents(text).unwrap_or_default();
        for config in &mut documents {
            self.plugin(config);
        }
        documents
    }

    fn is_moved(&self, text: &str) -> bool {
        yaml::documents(text).is_ok_and(|documents| documents != self.moved(text))
    }

    fn plugin(&self, config: &mut Value) {
        self.generator(config);
        for key in ["path", "valuesFile"] {
            self.text(config.get_mut(key));
        }
        for key in ["paths", "replacements"] {
            for item in config.get_mut(key).and_then(Value::as_sequence_mut).into_iter().flatten() {
                match item {
                    Value::Mapping(_) => self.text(item.get_mut("path")),
                    item => self.text(Some(item)),
                }
            }
        }
    }

    fn text(&self, value: Option<&mut Value>) {
        if let Some(Value::String(text)) = value {
            *text = self.back(text);
        }
    }

    fn generator(&self, generator: &mut Value) {
        self.text(generator.get_mut("env"));
        if let Some(Value::Sequence(envs)) = generator.get_mut("envs") {
            for item in envs {
                self.text(Some(item));
            }
        }
        if let Some(Value::Sequence(files)) = generator.get_mut("files") {
            for item in files {
                let Value::String(text) = item else { continue };
                let (key, file) = text.split_once('=').unwrap_or((path::name(text), text));
                *text = format!("{key}={}", self.back(file));
            }
        }
    }

    /// Lays the fields of `spec` over the file, as the controller does.
    fn apply_spec(&self, body: &mut Mapping, spec: &Value) {
        for (field, key) in
            [("targetNamespace", "namespace"), ("namePrefix", "namePrefix"), ("nameSuffix", "nameSuffix")]
        {
            if let Some(text) = spec.get(field).and_then(Value::as_str).filter(|text| !text.is_empty()) {
                body.insert(key.into(), text.into());
            }
        }
        for patch in sequence(spec, "patches") {
            push(body, "patches", patch.clone());
        }
        for component in sequence(spec, "components").filter_map(Value::as_str) {
            push(body, "components", self.back(component).into());
        }
        for image in sequence(spec, "images") {
            let replaced = items(body, "images").find(|known| known.get("name") == image.get("name"));
            if let Some(known) = replaced {
                *known = image.clone();
                continue;
            }
            push(body, "images", image.clone());
        }
    }
}

/// Returns the way from one folder to a path, both absolute.
pub(super) fn between(from: &Path, to: &Path) -> String {
    let (from, to): (Vec<Component<'_>>, Vec<Component<'_>>) = (from.components().collect(), to.components().collect());
    let shared = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
    let up = from.iter().skip(shared).map(|_| Component::ParentDir);
    let way: PathBuf = up.chain(to.into_iter().skip(shared)).collect();
    way.to_string_lossy().into_owned()
}

fn items<'a>(body: &'a mut Mapping, key: &str) -> impl Iterator<Item = &'a mut Value> {
    body.get_mut(key).and_then(Value::as_sequence_mut).into_iter().flatten()
}

fn sequence<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_sequence).into_iter().flatten()
}

/// Adds to a list of the body, which is made where there is none.
fn push(body: &mut Mapping, key: &str, value: Value) {
    match body.entry(key.into()).or_insert_with(|| Value::Sequence(Vec::new())) {
        Value::Sequence(items) => items.push(value),
        other => *other = Value::Sequence(vec![value]),
    }
}
