//! Image automation: policies, repositories, sources and markers that do not fit together.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::check::{Context, Finding, Rule, RuleInput};
use crate::model::{ObjectRef, known};
use crate::render::{Object, Rendering, at};
use crate::repo::contents;

pub(in crate::check) const RULE: Rule = Rule {
    id: "image-automation",
    about: "an $imagepolicy marker, ImagePolicy or ImageUpdateAutomation that names what is declared nowhere, or is not read",
    check: RuleInput::Repository(check),
};

/// The word that begins a marker (github.com/fluxcd/image-automation-controller, `SetterShortHand`).
const WORD: &str = "$imagepolicy";

/// The parts of an image that a marker may ask for.
const PARTS: [&str; 3] = ["tag", "name", "digest"];

fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    let Some(rendering) = context.rendering else { return };
    // Where something could not be rendered, a policy may be in it.
    let is_whole = rendering.of.iter().all(crate::render::Rendered::is_whole);
    for (one, object) in rendering.of.iter().flat_map(|one| one.objects.iter().map(move |object| (one, object))) {
        if object.object.group != known::IMAGE {
            continue;
        }
        let (kind, pointer) = match object.kind() {
            "ImagePolicy" => ("ImageRepository", "/spec/imageRepositoryRef"),
            "ImageUpdateAutomation" => ("", "/spec/sourceRef"),
            _ => continue,
        };
        let named = at(&object.body, pointer);
        let name = at(named, "/name").as_str().unwrap_or_default();
        let kind = if kind.is_empty() { at(named, "/kind").as_str().unwrap_or("GitRepository") } else { kind };
        let namespace = object.namespace_of(named);
        let is_bootstrap = (namespace, name) == ("flux-system", "flux-system");
        let is_open = name.is_empty() || name.contains("${") || is_bootstrap || !is_whole;
        if is_open || has(rendering, &one.env, kind, namespace, name) {
            continue;
        }
        let message = format!("it names {}, which is declared nowhere", ObjectRef::bare(kind, namespace, name));
        let why = "the controller finds nothing to read or to write, and no image is ever updated";
        let fix = "declare it, or correct its name or namespace";
        found.push(told(object, &one.env, message, why, fix));
    }
    let policies: BTreeSet<String> = rendering
        .of
        .iter()
        .flat_map(|one| &one.objects)
        .filter(|object| object.is(known::IMAGE, "ImagePolicy"))
        .map(|object| format!("{}:{}", object.object.namespace, object.object.name))
        .collect();
    // Without a policy the automation is elsewhere, as is what it names.
    if policies.is_empty() {
        return;
    }
    let is_yaml = |file: &&String| [".yaml", ".yml"].iter().any(|end| file.ends_with(end));
    for file in context.listed().iter().filter(is_yaml) {
        let Ok(text) = contents::text(&context.snapshot.root, file) else { continue };
        if !text.contains(WORD) {
            continue;
        }
        for (index, line) in text.lines().enumerate() {
            let Some(fault) = fault(line, &policies, is_whole) else { continue };
            let why = "image-automation-controller passes over the line without a word, and the image stays as it is";
            let fix = "write it behind the value as # {\"$imagepolicy\": \"NAMESPACE:NAME\"}, with :tag, :name or :digest behind it for a part";
            found.push(Finding::new(RULE.id, file, fault, why, fix).on(index.saturating_add(1)).warning());
        }
    }
}

fn told(object: &Object, env: &str, message: String, why: &str, fix: &str) -> Finding {
    let finding = Finding::new(RULE.id, &object.origin.file, message, why, fix);
    let line = object.origin.line;
    Finding { line, ..finding.in_environment(env).about(Some(object.object.to_string())) }
}

fn has(rendering: &Rendering, env: &str, kind: &str, namespace: &str, name: &str) -> bool {
    rendering
        .objects(env)
        .any(|(_, object)| object.kind() == kind && object.object.namespace == namespace && object.object.name == name)
}

/// Returns the fault of a line with a marker.
fn fault(line: &str, policies: &BTreeSet<String>, is_whole: bool) -> Option<String> {
    let (before, comment) = line.split_once('#')?;
    if !comment.contains(WORD) || comment.contains('#') {
        return None;
    }
    // A commented-out line, and an example in a document, set nothing.
    if before.trim().is_empty() || before.trim_start().starts_with('`') {
        return None;
    }
    let Ok(marker) = serde_json::from_str::<Value>(comment.trim()) else {
        return Some(format!("the marker {} is no JSON", comment.trim()));
    };
    let named = marker.get(WORD)?.as_str().unwrap_or_default();
    let parts: Vec<&str> = named.split(':').collect();
    let policy = match parts.as_slice() {
        [namespace, name] => format!("{namespace}:{name}"),
        [namespace, name, part] if PARTS.contains(part) => format!("{namespace}:{name}"),
        [_, _, part] => return Some(format!("the marker asks for {part}, and only tag, name and digest are known")),
        _ => return Some(format!("the marker names {named:?}, which is not of the form NAMESPACE:NAME")),
    };
    (is_whole && !policies.contains(&policy) && !policy.contains("${"))
        .then(|| format!("the marker names the ImagePolicy {}, which is declared nowhere", policy.replace(':', "/")))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::fault;

    #[test]
    fn markers_are_read_as_the_controller_reads_them() {
        let policies = BTreeSet::from(["flux-system:web".to_owned()]);
        let marked = |marker: &str| fault(&format!("  image: a/b:1.0 # {marker}"), &policies, true);
        for right in [
            r#"{"$imagepolicy": "flux-system:web"}"#,
            r#"{"$imagepolicy": "flux-system:web:tag"}"#,
            r#"{"$imagepolicy":"flux-system:web:digest"}"#,
            "a comment",
        ] {
            assert_eq!(marked(right), None, "{right}");
        }
        for wrong in [
            r#"{"$imagepolicy": "flux-system:other"}"#,
            r#"{"$imagepolicy": "web"}"#,
            r#"{"$imagepolicy": "flux-system/web"}"#,
            r#"{"$imagepolicy": flux-system:web}"#,
            r#"{"$imagepolicy": "flux-system:web:version"}"#,
            r"{'$imagepolicy': 'flux-system:web'}",
        ] {
            assert!(marked(wrong).is_some(), "{wrong}");
        }
        assert_eq!(fault(r#"# image: a # {"$imagepolicy": "gone"}"#, &policies, true), None);
        let gone = r#"image: a # {"$imagepolicy": "flux-system:other"}"#;
        assert_eq!(fault(gone, &policies, false), None);
    }
}
