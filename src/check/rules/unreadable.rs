//! An encrypted file that cannot be read.

use super::super::{Context, File, Finding, Look, Rule};
use crate::sops::SopsError;

pub(in crate::check) const RULE: Rule = Rule {
    id: "secret-unreadable",
    about: "an encrypted file that is damaged, so that nobody can open it",
    look: Look::File(look),
};

fn look(file: &File, _context: &Context<'_>, found: &mut Vec<Finding>) {
    let Some(error) = file.damage() else { return };
    let fault = error.fault(&file.path, None);
    if matches!(error, SopsError::Joined { .. }) {
        let why = "nobody can view, change or rotate it as a file; Flux applies it all the same, object by object";
        found.push(Finding::new(RULE.id, &file.path, fault.why, why, fault.todo).warning());
        return;
    }
    let why = "the Kustomization that reads it fails, and everything that it applies stays as it was";
    let finding = Finding::new(RULE.id, &file.path, fault.why, why, fault.todo);
    found.push(match error {
        SopsError::Yaml { line, .. } | SopsError::Shape { line, .. } => finding.on(*line),
        _ => finding,
    });
}
