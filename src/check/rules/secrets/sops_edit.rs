//! Content that sops itself would damage on its next edit.

use crate::check::{Context, File, Finding, Rule, RuleInput};

pub(in crate::check) const RULE: Rule = Rule {
    id: "secret-sops-edit",
    about: "a comment, merge key or alias that sops itself would spoil on its next edit of the file",
    check: RuleInput::File(check),
};

fn check(file: &File, _context: &Context<'_>, found: &mut Vec<Finding>) {
    let Some(sealed) = file.sealed() else { return };
    for hazard in sealed.hazards() {
        let why = "fluxdeck leaves it as it is; `sops edit` and `sops set` write the whole file anew";
        let fix = "edit it with fluxdeck, or move the comment above a key and write out what is shared";
        found.push(Finding::new(RULE.id, &file.path, hazard.what, why, fix).on(hazard.line).warning());
    }
}
