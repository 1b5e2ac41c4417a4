//! An encrypted file that cannot be read.

use crate::check::{Context, File, Finding, Rule, RuleInput};
use crate::sops::{Format, SopsError};

pub(in crate::check) const RULE: Rule = Rule {
    id: "secret-unreadable",
    about: "an encrypted file that is damaged, so that nobody can open it",
    check: RuleInput::File(check),
};

fn check(file: &File, _context: &Context<'_>, found: &mut Vec<Finding>) {
    let Some(error) = file.damage() else { return };
    let fault = error.fault(&file.path, None);
    if matches!(error, SopsError::Joined { .. }) {
        let why = "nobody can view, change or rotate it as a file; Flux applies it all the same, object by object";
        found.push(Finding::new(RULE.id, &file.path, fault.why, why, fault.todo).warning());
        return;
    }
    let why = "the Kustomization that reads it fails, and everything that it applies stays as it was";
    // sops accepts a duplicate key in such a file, and uses the last value.
    let is_lenient = Format::from_path(&file.path) == Format::Dotenv
        && matches!(error, SopsError::Shape { message, .. } if message.contains("stands there twice"));
    if let (true, SopsError::Shape { line, .. }) = (is_lenient, error) {
        let why = "sops opens it and uses the lower line alone; it cannot be changed here";
        let fix = "open it with sops, and take one of the lines out";
        found.push(Finding::new(RULE.id, &file.path, fault.why, why, fix).on(*line).warning());
        return;
    }
    let finding = Finding::new(RULE.id, &file.path, fault.why, why, fault.todo);
    found.push(match error {
        SopsError::Yaml { line, .. } | SopsError::Shape { line, .. } => finding.on(*line),
        _ => finding,
    });
}
