//! An image set to its present tag.

use std::collections::BTreeSet;
use std::path::Path;

use super::{ComponentFiles, File, component_files, files, manifests, word};
use crate::check::{Context, Finding, Rule, RuleInput};
use crate::repo::{contents, path};
use crate::yaml::Value;

pub(in crate::check) const RULE: Rule = Rule {
    id: "kustomize-same-tag",
    about: "an entry of images that sets the tag which the manifests have already, or that fits no image",
    check: RuleInput::Repository(check),
};

fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    let mut same: Vec<(String, Finding)> = Vec::new();
    let mut other: BTreeSet<String> = BTreeSet::new();
    for file in files(context).iter().filter(|file| file.items("images").next().is_some()) {
        let reached = component_files(context, file);
        let root = &context.snapshot.root;
        let manifests = manifests(context, &reached.files);
        let texts: Vec<&str> = manifests.iter().flatten().map(|one| one.text.as_str()).collect();
        // Patches may add images too.
        let patches = file.items("patches").chain(file.items("patchesStrategicMerge"));
        let patches: Vec<String> = patches.filter_map(|patch| text_of(root, file, patch)).collect();
        for image in file.items("images") {
            let (name, new_name, tag) = (word(image, "name"), word(image, "newName"), word(image, "newTag"));
            let line = file.line(&format!("name: {name}"));
            let is_known = reached.whole && reached.as_written && !name.is_empty();
            let in_patches = patches.iter().any(|text| says(text, name));
            let in_texts = texts.iter().any(|text| says(text, name));
            if is_known && !in_texts && !in_patches {
                let message = format!("images names {name}, and no manifest below has such an image");
                let why = "kustomize says nothing about it, and the version that it should set is not set";
                let fix = "write the name as the manifest has it, without the tag, or take the entry out";
                found.push(Finding { line, ..Finding::new(RULE.id, &file.path, message, why, fix).warning() });
                continue;
            }
            let written: Vec<&str> = texts.iter().flat_map(|text| images(text, name)).collect();
            let is_same = |value: &&str| **value == format!("{name}:{tag}");
            let all_same = !tag.is_empty() && new_name.is_empty() && !written.is_empty() && written.iter().all(is_same);
            if !is_known || in_patches || !all_same {
                other.insert(name.to_owned());
                continue;
            }
            if !is_needless(context, file, &reached, name) {
                continue;
            }
            let message = format!("images sets {name} to {tag}, which it is already");
            let why = "a version that is raised in one place is not raised in the other";
            let fix = "take the entry out, or the tag out of the manifest, so that one place says it";
            same.push((
                name.to_owned(),
                Finding { line, ..Finding::new(RULE.id, &file.path, message, why, fix).hint() },
            ));
        }
    }
    // If another overlay sets another tag, each one is explicit on purpose.
    found.extend(same.into_iter().filter(|(name, _)| !other.contains(name)).map(|(_, finding)| finding));
}

/// Tells whether an entry is surely needless: the manifests are in the same folder, or another overlay of the same base
/// has no such entry. If every overlay names its version, that is how a version is promoted between environments.
fn is_needless(context: &Context<'_>, file: &File, reached: &ComponentFiles, name: &str) -> bool {
    let below = |file: &File| -> BTreeSet<String> {
        let entries = file.items("resources").chain(file.items("bases")).filter_map(Value::as_str);
        entries.filter_map(|entry| path::resolve(path::parent(&file.path), entry)).collect()
    };
    let own = below(file);
    let folders: BTreeSet<&String> = own.iter().filter(|entry| !reached.files.contains(entry)).collect();
    let does_without = |other: &&File| {
        other.path != file.path
            && below(other).iter().any(|entry| folders.contains(entry))
            && !other.items("images").any(|image| word(image, "name") == name)
    };
    folders.is_empty() || files(context).iter().any(|other| does_without(&other))
}

/// Iterates over the values of `image:` in a manifest, for one image.
fn images<'a>(text: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let values = text.lines().filter_map(|line| line.trim_start().trim_start_matches("- ").strip_prefix("image:"));
    let values = values.map(|value| value.trim().trim_matches(['"', '\'']));
    values.filter(move |value| {
        value.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '@']))
    })
}

/// Tells whether a text names an image, and not one with a longer name.
fn says(text: &str, name: &str) -> bool {
    let goes_on = |after: &str| {
        after.starts_with(|letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.' | '/'))
    };
    text.match_indices(name).any(|(at, found)| !goes_on(text.get(at.saturating_add(found.len())..).unwrap_or_default()))
}

/// Returns the content of a patch: inline, or from its file.
fn text_of(root: &Path, file: &File, patch: &Value) -> Option<String> {
    let inline = patch.as_str().unwrap_or_else(|| word(patch, "patch"));
    if inline.contains('\n') {
        return Some(inline.to_owned());
    }
    let named = patch.as_str().unwrap_or_else(|| word(patch, "path"));
    contents::text(root, &path::resolve(path::parent(&file.path), named)?).ok()
}
