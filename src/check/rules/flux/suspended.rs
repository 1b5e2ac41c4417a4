//! A Kustomization or `HelmRelease` that is suspended in Git.

use crate::check::world::World;
use crate::check::{Finding, Rule, RuleInput};
use crate::model::known;
use crate::render::Object;
use crate::repo::contents;

pub(in crate::check) const RULE: Rule = Rule {
    id: "flux-suspended",
    about: "what is suspended in Git and so is never reconciled",
    check: RuleInput::World(check),
};

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    for object in world.objects().filter(|object| known::is_flux(&object.object.group)) {
        if object.body.pointer("/spec/suspend").and_then(serde_json::Value::as_bool) == Some(true)
            && !is_explained(world, object)
        {
            let message = "it is suspended in Git";
            let why = "what it applies no longer follows the repository, and the next reconcile undoes `flux resume`";
            let fix = "take spec.suspend out, or say beside it why it stays: # fluxdeck:ignore flux-suspended REASON";
            found.push(world.finding(&RULE, object, "suspend:", message, why, fix).warning());
        }
    }
}

/// Tells whether an annotation, or a comment of the document, explains the suspension.
fn is_explained(world: &World<'_>, object: &Object) -> bool {
    let is_said = |text: &str| text.to_lowercase().contains("suspend");
    let annotations = object.body.pointer("/metadata/annotations").and_then(serde_json::Value::as_object);
    if annotations.into_iter().flatten().any(|(_, value)| value.as_str().is_some_and(is_said)) {
        return true;
    }
    let (file, line) = world.place(object, "suspend:");
    let text = contents::text(world.root(), &file).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let at = line.unwrap_or(1).saturating_sub(1).min(lines.len());
    let (before, after) = lines.split_at(at);
    let is_apart = |line: &&&str| !line.starts_with("---");
    let mut own = before.iter().rev().take_while(is_apart).chain(after.iter().take_while(is_apart));
    let behind = after.first().and_then(|line| line.split_once(" #")).is_some();
    behind || own.any(|line| line.split_once('#').is_some_and(|(_, comment)| is_said(comment)))
}

#[cfg(test)]
mod tests {
    use crate::check::testing::assert_rule;

    const FIRES: &[&str] = &["---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  path: ./apps
  prune: true
  suspend: true
"];
    const SILENT: &[&str] = &[
        "---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system, annotations: {kubernetes.io/description: Suspended until it is provisioned}}
spec: {path: ./apps, prune: true, suspend: true}
",
        "---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  path: ./apps
  prune: true
  suspend: false
",
        "---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  path: ./apps
  prune: true
",
    ];

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        assert_rule(&super::RULE, FIRES, SILENT);
    }
}
