//! The age recipients that `.sops.yaml` names for an environment.

use super::path;
use super::reader::Reader;
use crate::sops::{Config, CreationRule};

/// Returns the age recipients of an environment: those of the rules in its own `.sops.yaml`, else those of the repository's first rule
/// that fits a file of the environment.
pub(super) fn recipients(reader: &mut Reader, env: &str, folder: &str) -> Vec<String> {
    let mut read = |file: &str| reader.text(file).and_then(|text| Config::parse(&text).ok()).unwrap_or_default();
    let own = read(&path::join(folder, ".sops.yaml"));
    if !own.rules.is_empty() {
        let mut found: Vec<String> = Vec::new();
        for recipient in own.rules.iter().flat_map(CreationRule::recipients) {
            if !found.contains(&recipient) {
                found.push(recipient);
            }
        }
        return found;
    }
    // Rules are matched against paths; these stand for what lies in an environment.
    let samples =
        [format!("{folder}/secret.yaml"), format!("apps/{env}/secret.yaml"), format!("apps/{env}/app/app-secret.yaml")];
    let shared = read(".sops.yaml");
    let fitting = shared.rules.iter().find(|rule| samples.iter().any(|sample| rule.fits(sample)));
    fitting.map(CreationRule::recipients).unwrap_or_default()
}
