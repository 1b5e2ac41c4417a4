//! A value that the file's own rule covers and that is not encrypted.

use crate::check::{Context, File, Finding, Rule, RuleInput};

pub(in crate::check) const RULE: Rule = Rule {
    id: "secret-unencrypted-value",
    about: "a value in an encrypted file that should be encrypted and is not",
    check: RuleInput::File(check),
};

fn check(file: &File, _context: &Context<'_>, found: &mut Vec<Finding>) {
    let Some(sealed) = file.sealed() else { return };
    for (line, path) in sealed.unencrypted() {
        let message = format!("{path} is in plain text, though the file's rule encrypts it");
        let why = "anyone who can read the repository can read it, and sops cannot open the file";
        let fix = format!(
            "fluxdeck secret edit {} does not open it either: take the line out, then set the value again with `fluxdeck secret set`",
            file.path
        );
        found.push(Finding::new(RULE.id, &file.path, message, why, fix).on(line));
    }
    // sops leaves empty values as they are.
    if !sealed.holds_ciphertext() && !sealed.reaches_empty_values() {
        let message = format!("nothing in it is encrypted: the rule {} reaches no value", sealed.rule_text());
        let why = "the file passes for a secret, and anyone who can read the repository can read it";
        let fix =
            "mend the rule in .sops.yaml (for Kubernetes: encrypted_regex: ^(data|stringData)$) and encrypt it again";
        found.push(Finding::new(RULE.id, &file.path, message, why, fix));
    }
}
