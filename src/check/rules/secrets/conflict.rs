//! Conflict markers of a merge.

use crate::check::{Context, File, Finding, Rule, RuleInput};

pub(in crate::check) const RULE: Rule =
    Rule { id: "conflict", about: "a conflict of a merge that nobody has solved", check: RuleInput::File(check) };

fn check(file: &File, _context: &Context<'_>, found: &mut Vec<Finding>) {
    let begins = file.lines().find(|(_, line)| line.starts_with("<<<<<<< "));
    let Some((line, _)) = begins.filter(|_| file.lines().any(|(_, line)| line.starts_with(">>>>>>> "))) else { return };
    let why = "Flux cannot read the file, and the Kustomization that reads it fails";
    let fix =
        "keep what is right and take the marks out; for a secret: fluxdeck secret edit, on the version of one side";
    found.push(
        Finding::new(
            RULE.id,
            &file.path,
            "it holds a conflict that is not solved: lines between <<<<<<< and >>>>>>>",
            why,
            fix,
        )
        .on(line),
    );
}
