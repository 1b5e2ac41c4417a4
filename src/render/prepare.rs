//! The kustomization that kustomize-controller would build for a Flux Kustomization.
//!
//! The controller changes the kustomization file in its own copy of the source (github.com/fluxcd/pkg/kustomize,
//! `WriteFile`). Here the repository stays unchanged: the changes are written into the folder of work
//! ([`super::gather`]).

use crate::repo::path;
use crate::repo::{Feed, FluxKustomization, Role};
use crate::yaml::{Mapping, Value};

/// The fields of `spec.images`, and of an image in a kustomization.
const OF_IMAGES: [&str; 4] = ["name", "newName", "newTag", "digest"];

/// The fields of `spec.patches`; Flux has no path there, and a patch that kustomize reads from a file is none of these.
const OF_PATCHES: [&str; 2] = ["patch", "target"];

/// Returns the kustomization file of the Kustomization's own folder.
pub(super) fn own_file(one: &FluxKustomization, feed: &Feed) -> Option<String> {
    let is_own = |file: &str| path::parent(file) == one.path;
    let mut found = feed.files.iter().filter(|(_, role)| **role == Role::Kustomization);
    found.find(|(file, _)| is_own(file)).map(|(file, _)| file.clone())
}

/// The kustomization that the controller generates if there is none: every manifest below, and every folder that has
/// its own.
pub(super) fn generated(one: &FluxKustomization, feed: &Feed) -> Mapping {
    let below = |file: &&String| path::is_within(file, &one.path);
    let folders: Vec<&str> = feed
        .files
        .iter()
        .filter(|(file, role)| **role == Role::Kustomization && below(file))
        .map(|(file, _)| path::parent(file))
        .collect();
    // A folder inside of an included folder is not listed itself.
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

/// The word of `buildMetadata` with which kustomize notes where each object comes from.
const ORIGINS: &str = "originAnnotations";

/// Applies what the controller does to a file without resources, which kustomize would refuse as empty: it asks for the
/// origins of objects, which then stay in the cluster, in place of any other build metadata.
pub(super) fn keep_from_being_empty(body: &mut Mapping) {
    let resources = body.get("resources").and_then(Value::as_sequence);
    if resources.is_none_or(Vec::is_empty) {
        body.insert("buildMetadata".into(), Value::Sequence(vec![ORIGINS.into()]));
    }
}

/// Tells whether a file asks for the origins of objects.
pub(super) fn asks_for_origins(body: &Mapping) -> bool {
    let words = body.get("buildMetadata").and_then(Value::as_sequence);
    words.into_iter().flatten().any(|word| word == ORIGINS)
}

/// Applies the fields of `spec` to the file, as the controller does; of each entry only the fields of Flux, and of the
/// components those that are built.
pub(super) fn apply_spec(body: &mut Mapping, spec: &Value, components: &[String]) {
    for (field, key) in [("targetNamespace", "namespace"), ("namePrefix", "namePrefix"), ("nameSuffix", "nameSuffix")] {
        if let Some(text) = spec.get(field).and_then(Value::as_str).filter(|text| !text.is_empty()) {
            body.insert(key.into(), text.into());
        }
    }
    // Since kustomize-controller 1.10.
    for word in sequence(spec, "buildMetadata") {
        push(body, "buildMetadata", word.clone());
    }
    for patch in sequence(spec, "patches") {
        push(body, "patches", only(patch, &OF_PATCHES));
    }
    for component in components {
        push(body, "components", component.as_str().into());
    }
    for image in sequence(spec, "images").map(|image| only(image, &OF_IMAGES)) {
        let known = body.get_mut("images").and_then(Value::as_sequence_mut).into_iter().flatten();
        let replaced = known.into_iter().find(|known| known.get("name") == image.get("name"));
        if let Some(known) = replaced {
            *known = image;
            continue;
        }
        push(body, "images", image);
    }
}

/// Returns these fields of a mapping.
fn only(value: &Value, fields: &[&str]) -> Value {
    let known = |field: &&str| Some((Value::from(*field), value.get(*field)?.clone()));
    Value::Mapping(fields.iter().filter_map(known).collect())
}

fn sequence<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_sequence).into_iter().flatten()
}

/// Adds to a list of the body, and creates it if it is missing.
pub(super) fn push(body: &mut Mapping, key: &str, value: Value) {
    match body.entry(key.into()).or_insert_with(|| Value::Sequence(Vec::new())) {
        Value::Sequence(items) => items.push(value),
        other => *other = Value::Sequence(vec![value]),
    }
}
