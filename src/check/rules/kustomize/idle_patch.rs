//! A patch whose target does not exist.

use super::{documents, files, manifests, matches, reach, word};
use crate::check::{Context, Finding, Look, Rule};
use crate::yaml::Value;

pub(in crate::check) const RULE: Rule =
    Rule { id: "kustomize-idle-patch", about: "a patch whose target selects nothing", look: Look::Repository(look) };

fn look(context: &Context<'_>, found: &mut Vec<Finding>) {
    // Reading what a file reaches takes long: only where there is a target to look for.
    let has_target = |patch: &Value| patch.get("target").is_some_and(Value::is_mapping);
    for file in files(context).iter().filter(|file| file.items("patches").any(has_target)) {
        let reached = reach(context, file);
        // What generators make has no file.
        let generates = ["configMapGenerator", "secretGenerator"].iter().any(|key| file.body.get(*key).is_some());
        if !reached.whole || generates {
            continue;
        }
        let manifests = manifests(context, &reached.files);
        let Some(objects) = documents(&manifests) else { continue };
        for patch in file.items("patches") {
            let Some(target) = patch.get("target").filter(|target| target.is_mapping()) else { continue };
            // Labels and annotations may come from transformers.
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
            let message = format!("the patch of {wanted} changes nothing: no object below is such a one");
            let why = "kustomize says nothing about it, and what the patch should do does not happen";
            let fix = "correct kind and name of the target, or take the patch out";
            let line = file.line(&format!("name: {}", word(target, "name"))).or_else(|| file.line("patches:"));
            found.push(Finding { line, ..Finding::new(RULE.id, &file.path, message, why, fix).warning() });
        }
    }
}
