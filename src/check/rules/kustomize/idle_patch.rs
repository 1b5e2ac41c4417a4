//! A patch whose target does not exist.

use super::{File, component_files, documents, files, manifests, matches, word};
use crate::check::{Context, Finding, Rule, RuleInput};
use crate::render::{Object, Rendered};
use crate::repo::Feed;
use crate::yaml::Value;

pub(in crate::check) const RULE: Rule = Rule {
    id: "kustomize-idle-patch",
    about: "a patch whose target selects nothing",
    check: RuleInput::Repository(check),
};

fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    // Following a file is slow: it is done only where a patch has a target.
    let has_target = |patch: &Value| patch.get("target").is_some_and(Value::is_mapping);
    for file in files(context).iter().filter(|file| file.items("patches").any(has_target)) {
        if word(&file.body, "kind") == "Component" {
            component(context, file, found);
            continue;
        }
        let reached = component_files(context, file);
        // Generated objects have no file.
        let generates = ["configMapGenerator", "secretGenerator"].iter().any(|key| file.body.get(*key).is_some());
        if !reached.whole || generates {
            continue;
        }
        let manifests = manifests(context, &reached.files);
        let Some(objects) = documents(&manifests) else { continue };
        for patch in file.items("patches") {
            let Some(target) = patch.get("target").filter(|target| target.is_mapping()) else { continue };
            // Transformers may add labels and annotations.
            if target.get("labelSelector").is_some() || target.get("annotationSelector").is_some() {
                continue;
            }
            let fits = |object: &&Value| {
                let metadata = object.get("metadata").cloned().unwrap_or_default();
                matches(word(target, "kind"), word(object, "kind"))
                    && matches(word(target, "name"), word(&metadata, "name"))
            };
            if objects.iter().any(fits) {
                continue;
            }
            let wanted = [word(target, "kind"), word(target, "name")].join("/");
            let message = format!("the patch of {wanted} changes nothing: no object below matches it");
            let why = "kustomize says nothing about it, and what the patch should do does not happen";
            let fix = "correct kind and name of the target, or take the patch out";
            let line = file.line(&format!("name: {}", word(target, "name"))).or_else(|| file.line("patches:"));
            found.push(Finding { line, ..Finding::new(RULE.id, &file.path, message, why, fix).warning() });
        }
    }
}

/// Fields of a kustomization that rename objects, so that a patch may target another name.
const RENAMES: [&str; 4] = ["namePrefix", "nameSuffix", "configMapGenerator", "secretGenerator"];

/// Checks the patches of a component against the rendered objects of its users.
fn component(context: &Context<'_>, file: &File, found: &mut Vec<Finding>) {
    let Some(rendering) = context.rendering else { return };
    let users: Vec<&Feed> = context.snapshot.feeds.iter().filter(|feed| feed.files.contains_key(&file.path)).collect();
    let renames = |user: &&Feed| {
        let own = files(context).iter().filter(|other| user.files.contains_key(&other.path));
        own.into_iter().any(|other| RENAMES.iter().any(|key| other.body.get(*key).is_some()))
    };
    let of = |user: &&Feed| {
        let is_it = |one: &&Rendered| (&one.env, &one.namespace, &one.name) == (&user.env, &user.namespace, &user.name);
        rendering.of.iter().find(is_it).filter(|one| one.is_whole())
    };
    let rendered: Option<Vec<&Rendered>> = users.iter().map(of).collect();
    let Some(rendered) = rendered.filter(|all| !all.is_empty() && !users.iter().any(renames)) else {
        return;
    };
    for patch in file.items("patches") {
        let Some(target) = patch.get("target").filter(|target| target.is_mapping()) else { continue };
        let selects = target.get("labelSelector").is_some() || target.get("annotationSelector").is_some();
        // The rendering no longer contains objects that a patch deletes.
        if selects || patch.get("path").is_some() || word(patch, "patch").contains("$patch") {
            continue;
        }
        let fits = |object: &Object| {
            matches(word(target, "kind"), object.kind()) && matches(word(target, "name"), &object.object.name)
        };
        if !rendered.iter().any(|one| one.objects.iter().any(fits)) {
            found.push(idle(file, target));
        }
    }
}

fn idle(file: &File, target: &Value) -> Finding {
    let wanted = [word(target, "kind"), word(target, "name")].join("/");
    let message =
        format!("the patch of {wanted} changes nothing: no user of the component renders an object that matches it");
    let why = "kustomize says nothing about it, and what the patch should do does not happen";
    let fix = "correct kind and name of the target, or take the patch out";
    let line = file.line(&format!("name: {}", word(target, "name"))).or_else(|| file.line("patches:"));
    Finding { line, ..Finding::new(RULE.id, &file.path, message, why, fix).warning() }
}
