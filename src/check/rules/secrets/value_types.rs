//! A number or boolean where a Secret holds text.

use super::head_object;
use crate::check::{Context, File, Finding, Rule, RuleInput};

pub(in crate::check) const RULE: Rule = Rule {
    id: "secret-value-type",
    about: "a number or truth value in stringData or data, which the API server rejects",
    check: RuleInput::File(check),
};

fn check(file: &File, _context: &Context<'_>, found: &mut Vec<Finding>) {
    let Some(sealed) = file.sealed() else { return };
    let heads = sealed.documents();
    for (document, line, path, kind) in sealed.not_texts() {
        let message = format!("{path} is {kind}, and a Secret holds text only");
        let why = "the API server rejects the Secret, and the whole Kustomization fails";
        let fix = format!("set it again, as text: fluxdeck secret set {} {path}", file.path);
        let object = heads.get(document).and_then(head_object);
        found.push(Finding::new(RULE.id, &file.path, message, why, fix).on(line).about(object));
    }
}
