//! A value in plain text that a variable or an input carries into a Secret from another file.

use std::collections::{BTreeSet, HashMap};

use super::plain_secret::WHY;
use super::plain_source::text_of;
use crate::check::sources::ListedFile;
use crate::check::{Context, Finding, Rule, RuleInput};
use crate::repo::{carried_values, contents};

pub(in crate::check) const RULE: Rule = Rule {
    id: "secret-variable-plaintext",
    about: "a variable or an input that Flux puts into a Secret, in plain text",
    check: RuleInput::Files(check),
};

/// The fix for a variable.
const VARIABLE: &str = "put it into a Secret that is encrypted with sops, and name that below spec.postBuild.substituteFrom; change the value if it was ever pushed";

/// The fix for an input.
const INPUT: &str = "put it into a Secret of its own in an encrypted file; change the value if it was ever pushed";

fn check(files: &[ListedFile], context: &Context<'_>, found: &mut Vec<Finding>) {
    let listed: HashMap<&str, &ListedFile> = files.iter().map(|file| (file.path.as_str(), file)).collect();
    let read = |file: &str| match listed.get(file) {
        Some(listed) => text_of(listed),
        None => contents::text(&context.snapshot.root, file).ok(),
    };
    let all = listed.keys().copied().chain(context.listed().iter().map(String::as_str));
    let mut told = BTreeSet::new();
    for one in carried_values(context.snapshot, all, read) {
        // If neither file is checked, there is no finding.
        let (at, line) = match (listed.contains_key(one.file.as_str()), listed.contains_key(one.taker.as_str())) {
            (true, _) => (&one.file, Some(one.line)),
            (false, true) => (&one.taker, None),
            (false, false) => continue,
        };
        if !told.insert((at.clone(), one.file.clone(), one.name.clone())) {
            continue;
        }
        let place = if *at == one.file { String::new() } else { format!(" of {}", one.file) };
        let whose = if one.taker == one.file { String::new() } else { format!(" of {}", one.taker) };
        let message = format!(
            "{}{place} is in plain text, and {} puts it into the value {} of a Secret{whose}",
            one.name, one.by, one.shown
        );
        let fix = if one.name.starts_with("spec.defaultValues") { INPUT } else { VARIABLE };
        let finding = Finding::new(RULE.id, at, message, WHY, fix);
        found.push(line.into_iter().fold(finding, Finding::on));
    }
}
