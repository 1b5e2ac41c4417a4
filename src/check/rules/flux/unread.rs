//! A manifest that nothing reads.

use crate::check::{Context, Finding, Rule, RuleInput};
use std::path::Path;

use crate::repo::kustomize::NAMES;
use crate::repo::{Snapshot, contents, path};

pub(in crate::check) const RULE: Rule = Rule {
    id: "flux-unread",
    about: "a manifest among those of Flux that no Kustomization reads",
    check: RuleInput::Repository(check),
};

fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    let snapshot = context.snapshot;
    if context.rendering.is_none_or(|rendering| rendering.of.iter().any(|one| one.finding.is_some())) {
        return;
    }
    // Only folders with some file that Flux reads surely belong to Flux; examples and workflows lie elsewhere.
    let own: std::collections::BTreeSet<&str> =
        snapshot.feeds.iter().flat_map(|feed| feed.files.keys()).map(|file| path::parent(file)).collect();
    let is_meant = |file: &&str| {
        let is_yaml = matches!(file.rsplit('.').next(), Some("yaml" | "yml"));
        is_yaml && !path::name(file).starts_with('.') && own.contains(path::parent(file))
    };
    let unread = context.listed().iter().map(String::as_str).filter(is_meant);
    let unread: Vec<&str> =
        unread.filter(|file| snapshot.fed_by(file).is_empty() && !declares(snapshot, file)).collect();
    let left_out = snapshot.left_out(unread.iter().copied());
    for file in unread {
        // A file that is excluded from the artifact is not meant for Flux.
        if left_out.contains(file) {
            continue;
        }
        let text = contents::text(&snapshot.root, file).unwrap_or_default();
        if !is_manifest(&text) || is_commented_out(&snapshot.root, file) {
            continue;
        }
        let message = "no Kustomization reads it";
        let why = "what is changed in it changes nothing in any environment";
        let fix = format!(
            "add it to the resources of a kustomization.yaml, such as {}/kustomization.yaml, or delete it",
            path::parent(file)
        );
        let habit = "no Kustomization reads some manifests that stand among others";
        let finding = Finding::new(RULE.id, file, message, why, fix).on(1);
        found.push(if is_by_hand(file, &text) {
            finding.hint().habit("no Kustomization reads some manifests that seem to be applied by hand")
        } else {
            finding.warning().habit(habit)
        });
    }
}

/// Tells whether a file declares a known Kustomization: it was applied by hand, and needs no reader.
pub(super) fn declares(snapshot: &Snapshot, file: &str) -> bool {
    snapshot.kustomizations.iter().any(|one| one.file == file)
}

/// Tells whether a text is a manifest of Kubernetes.
pub(super) fn is_manifest(text: &str) -> bool {
    let has = |key: &str| text.lines().any(|line| line.starts_with(key));
    has("apiVersion:") && has("kind:")
}

/// Words in the names of manifests that are applied by hand.
const BY_HAND: [&str; 10] =
    ["restore", "recovery", "recover", "rescue", "debug", "manual", "migrate", "migration", "oneshot", "once"];

/// Tells whether a manifest seems to be applied by hand: by its name, or because all of its objects run once.
fn is_by_hand(file: &str, text: &str) -> bool {
    let name = path::name(file).to_ascii_lowercase();
    let mut words = name.split(['-', '_', '.']);
    let mut kinds =
        text.lines().filter_map(|line| line.strip_prefix("kind:")).map(|kind| kind.trim().trim_matches('"'));
    words.any(|word| BY_HAND.contains(&word)) || kinds.all(|kind| matches!(kind, "Job" | "Pod"))
}

/// Tells whether a kustomization of the folder, or of one above, names a file or folder in a comment: it was removed on
/// purpose.
pub(super) fn is_commented_out(root: &Path, file: &str) -> bool {
    let mut folder = path::parent(file);
    loop {
        let says = |name: &&str| {
            let text = contents::text(root, &path::join(folder, name)).unwrap_or_default();
            text.lines().any(|line| line.trim_start().starts_with('#') && line.contains(path::name(file)))
        };
        if NAMES.iter().any(says) {
            return true;
        }
        if folder.is_empty() {
            return false;
        }
        folder = path::parent(folder);
    }
}

#[cfg(test)]
mod tests {
    use super::is_by_hand;

    #[test]
    fn what_is_applied_in_need_is_known_by_its_name_or_its_kind() {
        let of = |kind: &str| format!("apiVersion: v1\nkind: {kind}\nmetadata: {{name: a}}\n");
        assert!(is_by_hand("apps/db/restore-pvc.yaml", &of("PersistentVolumeClaim")));
        assert!(is_by_hand("apps/db/shell.yaml", &of("Pod")));
        assert!(!is_by_hand("apps/db/service.yaml", &of("Service")));
        assert!(!is_by_hand("apps/db/jobs.yaml", &[of("Job"), of("Service")].concat()));
    }
}
