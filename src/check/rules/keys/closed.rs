//! An encrypted file that the key at hand does not decrypt, in an environment where it decrypts most others.

use crate::check::{Context, Finding, Rule, RuleInput};
use crate::repo::contents;
use crate::sops::{Format, SopsFile};

pub(in crate::check) const RULE: Rule = Rule {
    id: "secret-closed",
    about: "an encrypted file that no key at hand opens, although one opens most others of its environment",
    check: RuleInput::Repository(check),
};

fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    let snapshot = context.snapshot;
    let ours = context.identities.recipients();
    for environment in snapshot.environments.iter().filter(|_| !ours.is_empty()) {
        let mut files: Vec<&str> = snapshot
            .feeds
            .iter()
            .filter(|feed| feed.env == environment.name)
            .flat_map(|feed| feed.files.keys().map(String::as_str))
            .collect();
        files.sort_unstable();
        files.dedup();
        let sealed = files.into_iter().filter_map(|file| {
            let text = contents::text(&snapshot.root, file).ok().filter(|text| crate::sops::sniff(text).is_some())?;
            Some((file, SopsFile::parse(Format::from_path(file), text).ok()?.recipients()))
        });
        let opens = |recipients: &[String]| recipients.iter().any(|one| ours.contains(one));
        let (open, closed): (Vec<_>, Vec<_>) = sealed.partition(|(_, recipients)| opens(recipients));
        // A key that decrypts few of the files belongs to another environment.
        if open.len() <= closed.len() {
            continue;
        }
        // The rule about recipients reports, as an error, a file with only a foreign key or without a recipient of its
        // configuration.
        let is_own = |recipients: &[String]| recipients.iter().any(|one| environment.recipients.contains(one));
        let is_told = |file: &str| snapshot.creation(file).is_ok_and(|creation| opens(&creation.rule.recipients()));
        for (file, _) in closed.iter().filter(|(file, recipients)| is_own(recipients) && !is_told(file)) {
            let message = format!("no key at hand opens it, and {} others of {} open", open.len(), environment.name);
            let why = "the cluster opens it, and nobody here can look at it, change it, or see whether its MAC holds";
            let fix = format!(
                "someone who can open it adds your recipient: fluxdeck secret recipients {file} --add RECIPIENT"
            );
            found.push(Finding::new(RULE.id, file, message, why, fix).in_environment(&environment.name).hint());
        }
    }
}
