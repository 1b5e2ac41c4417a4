//! A MAC that does not vouch for the file's values.

use crate::check::{Context, File, Finding, Rule, RuleInput};
use crate::sops::SopsError;

pub(in crate::check) const RULE: Rule = Rule {
    id: "secret-mac",
    about: "an encrypted file whose values are not those that were saved",
    check: RuleInput::File(check),
};

fn check(file: &File, _context: &Context<'_>, found: &mut Vec<Finding>) {
    let (Some(sealed), Some(SopsError::MacMismatch)) = (file.sealed(), file.mistake()) else { return };
    let fault = SopsError::MacMismatch.fault(&file.path, None);
    let why = "sops refuses to open it; Flux does not look at the MAC and applies whatever stands there";
    let finding = Finding::new(RULE.id, &file.path, fault.why, why, fault.todo);
    found.push(sealed.line_of("mac").map_or(finding.clone(), |line| finding.on(line)));
}
