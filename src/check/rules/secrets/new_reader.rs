//! A recipient that the next commit adds to secrets.

use super::encrypted;
use crate::check::{Context, File, Finding, Rule, RuleInput};
use crate::model::Fault;
use crate::repo::readers;

pub(in crate::check) const RULE: Rule = Rule {
    id: "new-reader",
    about: "a recipient in an encrypted file or a .sops.yaml whom the last commit does not know",
    check: RuleInput::File(check),
};

fn check(file: &File, context: &Context<'_>, found: &mut Vec<Finding>) {
    let text = file.text.as_deref().unwrap_or_default();
    let is_config = readers::is_config(&file.path);
    if !is_config && file.sealed().is_none() {
        return;
    }
    // Without recipients in the last commit, none is new.
    let known = match context.committed().configured() {
        Ok(Some(known)) => known,
        Ok(None) => return,
        Err(fault) => return found.push(unknown(file, fault)),
    };
    let mut new: Vec<String> =
        readers::recipients(&file.path, text).into_iter().filter(|one| !known.contains(one)).collect();
    if new.is_empty() {
        return;
    }
    // A recipient that no configuration names may be old; the rule about recipients reports it.
    if !is_config {
        match context.committed().text(&file.path) {
            Ok(before) => {
                let before = before.map(|text| readers::recipients(&file.path, &text)).unwrap_or_default();
                new.retain(|one| !before.contains(one));
            }
            Err(fault) => return found.push(unknown(file, &fault)),
        }
    }
    for recipient in new {
        let reads = if is_config { falling_under(file, context) } else { readers::reads(&file.path, text) };
        let message = format!("{recipient} is a new reader: it can read {reads}");
        let why = "no .sops.yaml of the last commit names it: whoever added it can read these values once they are encrypted for it";
        let fix = "see that you know whose key it is before you commit; else take it out, and rotate what was encrypted for it";
        let line = file.lines().find(|(_, line)| line.contains(&recipient)).map(|(number, _)| number);
        found.push(Finding { line, ..Finding::new(RULE.id, &file.path, message, why, fix).warning() });
    }
}

/// Reports that a new recipient of a file cannot be determined.
fn unknown(file: &File, fault: &Fault) -> Finding {
    let message = "whether somebody is a new reader is not known";
    let why = format!("{}: {}; who reads it cannot be compared with that", fault.what, fault.why);
    Finding::new(RULE.id, &file.path, message, why, fault.todo.clone()).warning()
}

/// Names the encrypted files that a configuration matches, and their recipients that it no longer names.
fn falling_under(config: &File, context: &Context<'_>) -> String {
    let under: Vec<_> = encrypted::all(context).iter().filter(|one| one.config == config.path).collect();
    if under.is_empty() {
        return format!("whatever is encrypted by {} from now on", config.path);
    }
    let files: Vec<&str> = under.iter().map(|one| one.file.as_str()).collect();
    let known = context.committed().configured().ok().flatten();
    let mut former: Vec<&str> = Vec::new();
    for reader in under.iter().flat_map(|one| one.readers.iter().filter(|reader| !one.wanted.contains(reader))) {
        if known.is_some_and(|known| known.contains(reader)) && !former.contains(&reader.as_str()) {
            former.push(reader);
        }
    }
    let before = if former.is_empty() {
        String::new()
    } else {
        format!("; whom it named before reads them still: {}", former.join(", "))
    };
    format!("{}, once they are encrypted again{before}", encrypted::named(&files))
}
