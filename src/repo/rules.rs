//! The age recipients that `.sops.yaml` names for an environment.

use std::collections::HashMap;

use super::creation;
use super::feeds::Feeds;
use super::flux::RepoEnvironment;
use super::path;
use super::reader::Reader;
use crate::sops::{Config, CreationRule};

/// The name of sops's configuration.
const NAME: &str = ".sops.yaml";

/// Returns the age recipients of an environment, as far as its folder shows: those of the rules in its own
/// `.sops.yaml`, else those of the repository's first rule that matches a file of the environment, or of all its rules
/// if they name the same.
pub(super) fn recipients(reader: &mut Reader, env: &str, folder: &str) -> Vec<String> {
    if let Some(own) = own(reader, folder) {
        return own;
    }
    // Rules are matched against paths; these stand for the files of an environment.
    let samples = [
        path::join(folder, "secret.yaml"),
        path::join(folder, "secret.sops.yaml"),
        format!("apps/{env}/secret.yaml"),
        format!("apps/{env}/app/app-secret.yaml"),
    ];
    let shared = read(reader, NAME).rules;
    let fitting = shared.iter().find(|rule| samples.iter().any(|sample| rule.fits(sample)));
    let all: Vec<Vec<String>> = shared.iter().map(CreationRule::recipients).collect();
    let same = || all.first().filter(|first| all.iter().all(|other| other == *first)).cloned();
    fitting.map(CreationRule::recipients).or_else(same).unwrap_or_default()
}

/// Finds the recipients of environments whose secrets are outside of their entry folder: those that the rules of all
/// files of the environment name. One cluster opens all of its files, so its key is among the recipients of each.
pub(super) fn of_readers(reader: &mut Reader, environments: &mut [RepoEnvironment], feeds: &Feeds) {
    let mut configs: HashMap<String, Option<(String, Config)>> = HashMap::new();
    for environment in environments {
        if own(reader, &environment.path).is_some() {
            continue;
        }
        let mut found: Vec<Vec<String>> = Vec::new();
        for file in feeds.iter().filter(|feed| feed.env == environment.name).flat_map(|feed| feed.files.keys()) {
            let Some((folder, config)) = nearest(reader, &mut configs, path::parent(file)) else { continue };
            let relative = file.strip_prefix(folder.as_str()).unwrap_or(file).trim_start_matches('/');
            let rule = config.rules.iter().find(|rule| rule.fits(relative)).map(CreationRule::recipients);
            found.extend(rule.filter(|rule| !rule.is_empty() && !found.contains(rule)));
        }
        let Some(first) = found.first() else { continue };
        let common: Vec<String> =
            first.iter().filter(|one| found.iter().all(|other| other.contains(one))).cloned().collect();
        environment.recipients = if common.is_empty() {
            let mut all = found.concat();
            all.sort();
            all.dedup();
            all
        } else {
            common
        };
    }
}

/// Returns the recipients of an environment's own configuration; that of the root is for all environments.
fn own(reader: &mut Reader, folder: &str) -> Option<Vec<String>> {
    let own = read(reader, &path::join(folder, NAME));
    if folder.is_empty() || own.rules.is_empty() {
        return None;
    }
    let mut found: Vec<String> = Vec::new();
    for recipient in own.rules.iter().flat_map(CreationRule::recipients) {
        if !found.contains(&recipient) {
            found.push(recipient);
        }
    }
    Some(found)
}

/// Returns the configuration that counts for files of a folder, and that configuration's folder.
fn nearest<'a>(
    reader: &mut Reader,
    known: &'a mut HashMap<String, Option<(String, Config)>>,
    folder: &str,
) -> Option<&'a (String, Config)> {
    if !known.contains_key(folder) {
        let found = creation::nearest(folder, |config| reader.text(config).map(|text| String::clone(&text)));
        let parsed = found.map(|(at, text)| (at, Config::parse(&text).unwrap_or_default()));
        known.insert(folder.to_owned(), parsed);
    }
    known.get(folder)?.as_ref()
}

fn read(reader: &mut Reader, file: &str) -> Config {
    reader.text(file).and_then(|text| Config::parse(&text).ok()).unwrap_or_default()
}
