//! An image set to the tag that it has already.

use super::{files, reach, word};
use crate::check::{Context, Finding, Look, Rule};
use crate::repo::contents;

pub(in crate::check) const RULE: Rule = Rule {
    id: "kustomize-same-tag",
    about: "an entry of images that sets the tag which the manifests have already, or that fits no image",
    look: Look::Repository(look),
};

fn look(context: &Context<'_>, found: &mut Vec<Finding>) {
    for file in files(context).iter().filter(|file| file.items("images").next().is_some()) {
        let reached = reach(context, file);
        if !reached.whole {
            continue;
        }
        let root = &context.snapshot.root;
        let texts: Vec<String> = reached.files.iter().filter_map(|path| contents::text(root, path).ok()).collect();
        // Inner kustomizations may have renamed or set it before.
        let inner = reached.files.len() == file.items("resources").count();
        for image in file.items("images") {
            let (name, new_name, tag) = (word(image, "name"), word(image, "newName"), word(image, "newTag"));
            let written: Vec<&str> = texts
                .iter()
                .flat_map(|text| text.lines())
                .filter_map(|line| line.trim_start().trim_start_matches("- ").strip_prefix("image:"))
                .map(|value| value.trim().trim_matches(['"', '\'']))
                .filter(|value| {
                    value.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '@']))
                })
                .collect();
            let same = |value: &&str| **value == format!("{name}:{tag}");
            if written.is_empty() || tag.is_empty() || !new_name.is_empty() || !inner || !written.iter().all(same) {
                continue;
            }
            let message = format!("images sets {name} to {tag}, which it is already");
            let why = "whoever raises the version in the one place does not raise it in the other";
            let fix = "take the entry out, or the tag out of the manifest, so that one place says it";
            let finding = Finding::new(RULE.id, &file.path, message, why, fix).hint();
            found.push(Finding { line: file.line(&format!("name: {name}")), ..finding });
        }
    }
}
