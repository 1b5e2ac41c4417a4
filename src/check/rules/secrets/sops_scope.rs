//! An encrypted file whose own rule encrypts other values than its creation rule would.

use crate::check::{Context, File, Finding, Rule, RuleInput};

/// The most values that a finding names.
const NAMED: usize = 3;

pub(in crate::check) const RULE: Rule = Rule {
    id: "secret-scope",
    about: "an encrypted file whose own rule covers other values than the rule of .sops.yaml that is for it",
    check: RuleInput::File(check),
};

fn check(file: &File, context: &Context<'_>, found: &mut Vec<Finding>) {
    let Some(sealed) = file.sealed() else { return };
    // A file without a creation rule cannot differ from it.
    let Ok(creation) = context.snapshot.creation(&file.path) else { return };
    let mut differing = sealed.diverges(creation.rule.values.as_ref());
    // The fields that identify an object are no secret, and must be readable before decryption.
    differing.retain(|one| {
        let path = one.path.to_string();
        let is_named = ["metadata.", "metadata["].iter().any(|start| path.starts_with(start));
        !(one.wanted && (is_named || matches!(path.as_str(), "apiVersion" | "kind" | "type" | "immutable")))
    });
    let (left, more): (Vec<_>, Vec<_>) = differing.into_iter().partition(|one| one.wanted);
    let told = if left.is_empty() { &more } else { &left };
    let Some(first) = told.first() else { return };
    let named: Vec<String> = told.iter().take(NAMED).map(|one| one.path.to_string()).collect();
    let rest = told.len().saturating_sub(NAMED);
    let rest = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    let (own, wanted) = (sealed.rule_text(), creation.rule.values_text());
    let does = if left.is_empty() { "also encrypts" } else { "leaves" };
    let plain = if left.is_empty() { "" } else { " plain" };
    let message =
        format!("its own rule {own} {does} {}{rest}{plain}; {} has {wanted}", named.join(", "), creation.name());
    let fix = format!("fluxdeck secret encrypt --again {}, or mend .sops.yaml where that is what is wrong", file.path);
    let finding = if left.is_empty() {
        let why = "sops and fluxdeck go by the file's own rule on each change, so it says something else than the configuration";
        Finding::new(RULE.id, &file.path, message, why, fix).warning()
    } else {
        let why = "on each change sops goes by the file's own rule: a value that is set there is written in plain text";
        Finding::new(RULE.id, &file.path, message, why, fix)
    };
    found.push(finding.on(first.line));
}
