//! A manifest that nothing reads.

use crate::check::{Context, Finding, Look, Rule};
use crate::repo::{contents, path};

pub(in crate::check) const RULE: Rule = Rule {
    id: "flux-unread",
    about: "a manifest among those of Flux that no Kustomization reads",
    look: Look::Repository(look),
};

fn look(context: &Context<'_>, found: &mut Vec<Finding>) {
    let snapshot = context.snapshot;
    if context.rendering.is_none_or(|rendering| rendering.of.iter().any(|one| one.finding.is_some())) {
        return;
    }
    // Only folders from which something is read belong to Flux for sure; examples and workflows lie elsewhere.
    let own: std::collections::BTreeSet<&str> =
        snapshot.feeds.iter().flat_map(|feed| feed.files.keys()).map(|file| path::parent(file)).collect();
    for file in context.listed() {
        let is_yaml = matches!(file.rsplit('.').next(), Some("yaml" | "yml"));
        if !is_yaml || path::name(file).starts_with('.') || !own.contains(path::parent(file)) {
            continue;
        }
        if !snapshot.fed_by(file).is_empty() {
            continue;
        }
        let Ok(text) = contents::text(&snapshot.root, file) else { continue };
        let has = |key: &str| text.lines().any(|line| line.starts_with(key));
        if !(has("apiVersion:") && has("kind:")) {
            continue;
        }
        let message = "no Kustomization reads it";
        let why = "what is changed in it changes nothing in any environment";
        let fix = format!(
            "add it to the resources of a kustomization.yaml, such as {}/kustomization.yaml, or delete it",
            path::parent(file)
        );
        found.push(Finding::new(RULE.id, file, message, why, fix).on(1).warning());
    }
}
