//! A file that is not encrypted for the environment that reads it, or lacks a recipient that its configuration names.

use super::encrypted::{self, EncryptedFile};
use crate::check::{Context, File, Finding, Rule, RuleInput};
use crate::repo::{contents, readers};

pub(in crate::check) const RULE: Rule = Rule {
    id: "secret-recipient",
    about: "an encrypted file that the environment reading it cannot open, or that lacks a recipient of its configuration",
    check: RuleInput::File(check),
};

fn check(file: &File, context: &Context<'_>, found: &mut Vec<Finding>) {
    let Some(sealed) = file.sealed() else { return };
    let recipients = sealed.recipients();
    // Keys of clouds, Vault and OpenPGP open it elsewhere: which of them a cluster may use is not in the repository.
    let has_others = !sealed.metadata().other_kinds().is_empty();
    let mut names: Vec<&str> = context.snapshot.fed_by(&file.path).iter().map(|feed| feed.env.as_str()).collect();
    names.dedup();
    let environments =
        names.iter().filter_map(|name| context.snapshot.environments.iter().find(|known| known.name == **name));
    // `new-reader` reports a new recipient once, at the configuration; no fix may advise to add it.
    let known = context.committed().configured().ok().flatten();
    let is_new = |one: &String| known.is_some_and(|known| !known.contains(one));
    let mut told = false;
    for environment in environments.filter(|known| !known.recipients.iter().all(is_new)) {
        if has_others || recipients.iter().any(|one| environment.recipients.contains(one)) {
            continue;
        }
        told = true;
        let other = context
            .snapshot
            .environments
            .iter()
            .find(|known| recipients.iter().any(|one| known.recipients.contains(one)));
        let whose = other.map_or_else(|| recipients.join(", "), |other| format!("{}'s key", other.name));
        let message = format!("{} reads it, but it is encrypted for {whose}", environment.name);
        let why = format!("Flux in {} cannot decrypt it, and the whole Kustomization fails", environment.name);
        let fix = format!("fluxdeck secret recipients {} --update (or sops updatekeys)", file.path);
        found.push(Finding::new(RULE.id, &file.path, message, why, fix).in_environment(&environment.name));
    }
    let Ok(creation) = context.snapshot.creation(&file.path) else { return };
    let wanted = creation.rule.recipients();
    let (mut missing, mut extra): (Vec<&String>, Vec<&str>) = (
        wanted.iter().filter(|one| !recipients.contains(one)).collect(),
        recipients.iter().filter(|one| !wanted.contains(one)).map(String::as_str).collect(),
    );
    if missing.iter().any(|one| is_new(one)) {
        missing.retain(|one| !is_new(one));
        // A recipient that the new one replaces is reported with it.
        extra.retain(|one| !known.is_some_and(|known| known.contains(*one)));
    }
    if known.is_some() && !told {
        missing.retain(|one| !reads_nothing(file, &creation.config, one, context, found));
    }
    if let Some(first) = missing.first().filter(|_| !told) {
        let more = if missing.len() > 1 { format!(" and {} more", missing.len() - 1) } else { String::new() };
        let lacks = format!("it lacks the recipient {first}{more} that {} names for it", creation.config);
        // A wrong recipient in the place of the right one is one fault.
        let (message, then) = if extra.is_empty() {
            (lacks, "")
        } else {
            let (whom, reads) = (extra.join(", "), readers::reads(&file.path, sealed.text()));
            let message = format!("{lacks}, and is encrypted for {whom} instead, who reads {reads}");
            (message, ", then rotate if that one is to read it no longer")
        };
        let why = "that key alone cannot open it";
        let fix = format!("fluxdeck secret recipients {} --update (or sops updatekeys){then}", file.path);
        return found.push(Finding::new(RULE.id, &file.path, message, why, fix));
    }
    if !extra.is_empty() && !told && !wanted.is_empty() {
        let reads = readers::reads(&file.path, sealed.text());
        let whom = extra.join(", ");
        let message =
            format!("it is encrypted for {whom} too, whom {} does not name and who reads {reads}", creation.config);
        let why = "somebody can open it who should perhaps no longer";
        let fix = format!(
            "fluxdeck secret recipients {} --update, then rotate: the old key opens every version in the history",
            file.path
        );
        found.push(Finding::new(RULE.id, &file.path, message, why, fix).warning());
    }
}

/// Tells whether a recipient of a configuration can decrypt none of several files, which is one finding, at the first
/// of them. It may be intended, or someone else may have added it.
fn reads_nothing(
    file: &File,
    config: &str,
    recipient: &String,
    context: &Context<'_>,
    found: &mut Vec<Finding>,
) -> bool {
    let is_his = |one: &&EncryptedFile| one.config == config && one.wanted.contains(recipient);
    let his: Vec<&EncryptedFile> = encrypted::all(context).iter().filter(is_his).collect();
    if his.len() < 2 || his.iter().any(|one| one.readers.contains(recipient)) {
        return false;
    }
    if his.first().is_some_and(|first| first.file == file.path) {
        let files: Vec<&str> = his.iter().map(|one| one.file.as_str()).collect();
        let message = format!(
            "{recipient} is named here and reads none of the {} files that this is for: {}",
            files.len(),
            encrypted::named(&files)
        );
        let why = "nobody has agreed to him yet: whoever put him in reads them once they are encrypted again";
        let fix = format!("see whose key it is (git log -p -- {config}); take it out where you do not know");
        let line = contents::text(&context.snapshot.root, config).ok().and_then(|text| {
            let at = text.lines().position(|line| line.contains(recipient.as_str()))?;
            Some(at.saturating_add(1))
        });
        found.push(Finding { line, ..Finding::new(RULE.id, config, message, why, fix).warning() });
    }
    true
}
