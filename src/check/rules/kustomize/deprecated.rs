//! Deprecated fields of kustomize.

use super::files;
use crate::check::{Context, Finding, Rule, RuleInput};

pub(in crate::check) const RULE: Rule = Rule {
    id: "kustomize-deprecated",
    about: "a field of a kustomization file that kustomize has deprecated",
    check: RuleInput::Repository(check),
};

/// Deprecated fields and their replacements (kubectl.docs.kubernetes.io, kustomization fields; `kustomize edit fix`
/// rewrites them).
const FIELDS: [(&str, &str); 6] = [
    ("bases", "resources"),
    ("patchesStrategicMerge", "patches with path"),
    ("patchesJson6902", "patches with target and path"),
    ("commonLabels", "labels with pairs, and includeSelectors only where it is meant"),
    ("vars", "replacements"),
    ("imageTags", "images"),
];

fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    for file in files(context) {
        for (field, instead) in FIELDS {
            if file.body.get(field).is_none() {
                continue;
            }
            let message = format!("{field} is deprecated");
            let why = "later versions of kustomize, and so of Flux, no longer read it";
            let fix = format!("write {instead}; `kustomize edit fix` in the folder rewrites it");
            let finding = Finding::new(RULE.id, &file.path, message, why, fix).hint();
            found.push(Finding { line: file.line(&format!("{field}:")), ..finding });
        }
    }
}
