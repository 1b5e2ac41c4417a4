//! An encrypted file that a Kustomization without `decryption` reads.

use crate::check::{Context, File, Finding, Rule, RuleInput};

pub(in crate::check) const RULE: Rule = Rule {
    id: "secret-without-decryption",
    about: "an encrypted file that a Kustomization without spec.decryption reads",
    check: RuleInput::File(check),
};

fn check(file: &File, context: &Context<'_>, found: &mut Vec<Finding>) {
    if !file.is_encrypted() {
        return;
    }
    for feed in context.snapshot.fed_by(&file.path) {
        let known = context
            .snapshot
            .kustomizations_of(&feed.env)
            .find(|one| (&one.name, &one.namespace) == (&feed.name, &feed.namespace));
        let Some(kustomization) = known.filter(|one| one.decryption.is_none() && one.unsure.is_none()) else {
            continue;
        };
        let message = format!("Kustomization {} of {} reads it and has no spec.decryption", feed.name, feed.env);
        let why = "Flux applies the ciphertext as it stands, or fails on the sops block";
        let fix = format!(
            "add decryption: {{provider: sops, secretRef: {{name: sops-age}}}} to its spec in {}, line {}",
            kustomization.file, kustomization.line
        );
        found.push(Finding::new(RULE.id, &file.path, message, why, fix).in_environment(&feed.env));
    }
}
