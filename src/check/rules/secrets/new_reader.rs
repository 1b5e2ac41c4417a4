//! Somebody who becomes a reader of secrets with the next commit.

use crate::check::{Context, File, Finding, Rule, RuleInput};
use crate::model::Fault;
use crate::repo::readers;

pub(in crate::check) const RULE: Rule = Rule {
    id: "new-reader",
    about: "a recipient in an encrypted file or a .sops.yaml whom the last commit does not know",
    look: RuleInput::File(look),
};

fn look(file: &File, context: &Context<'_>, found: &mut Vec<Finding>) {
    let text = file.text.as_deref().unwrap_or_default();
    let is_config = readers::is_config(&file.path);
    if !is_config && file.sealed().is_none() {
        return;
    }
    // Without a commit that names anybody, nobody is new.
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
    // Whom no configuration names may be in the file for long; that is told by the rule of recipients.
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

/// Says that nobody knows whether a file has a new reader.
fn unknown(file: &File, fault: &Fault) -> Finding {
    let message = "whether somebody is a new reader is not known";
    let why = format!("{}: {}; who reads it cannot be compared with that", fault.what, fault.why);
    Finding::new(RULE.id, &file.path, message, why, fault.todo.clone()).warning()
}

/// Names the encrypted files that a configuration is for.
fn falling_under(config: &File, context: &Context<'_>) -> String {
    let snapshot = context.snapshot;
    let is_under = |file: &&String| {
        snapshot.creation(file).is_ok_and(|creation| creation.config == config.path)
            && crate::repo::contents::text(&snapshot.root, file).is_ok_and(|text| crate::sops::sniff(&text).is_some())
    };
    let files: Vec<&String> = context.listed().iter().filter(is_under).collect();
    let named: Vec<&str> = files.iter().take(3).map(|file| file.as_str()).collect();
    match files.len() {
        0 => format!("whatever is encrypted by {} from now on", config.path),
        count if count > named.len() => {
            format!(
                "{} and {} more files, once they are encrypted again",
                named.join(", "),
                count.saturating_sub(named.len())
            )
        }
        _ => format!("{}, once they are encrypted again", named.join(", ")),
    }
}
