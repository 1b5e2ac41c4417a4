//! The age recipients that `.sops.yaml` names for an environment.

use super::path;
use super::reader::Reader;
use crate::yaml::Value;

/// Returns the age recipients of an environment: those of the rules in its own `.sops.yaml`, else those of the repository's first rule
/// that fits a file of the environment.
pub(super) fn recipients(reader: &mut Reader, env: &str, folder: &str) -> Vec<String> {
    let own = rules(reader, &path::join(folder, ".sops.yaml"));
    if !own.is_empty() {
        return unique(own.iter().flat_map(of_rule));
    }
    // Rules are matched against paths; these stand for what lies in an environment.
    let samples =
        [format!("{folder}/secret.yaml"), format!("apps/{env}/secret.yaml"), format!("apps/{env}/app/app-secret.yaml")];
    let shared = rules(reader, ".sops.yaml");
    let fits = |rule: &&Value| {
        let pattern = rule.get("path_regex").and_then(Value::as_str).unwrap_or_default();
        regex::Regex::new(pattern).is_ok_and(|pattern| samples.iter().any(|sample| pattern.is_match(sample)))
    };
    shared.iter().find(fits).map(|rule| unique(of_rule(rule).into_iter())).unwrap_or_default()
}

fn rules(reader: &mut Reader, file: &str) -> Vec<Value> {
    let Ok(parsed) = reader.manifests(file) else { return Vec::new() };
    let body = parsed.manifests.first().and_then(|manifest| manifest.body.as_ref());
    body.and_then(|body| body.get("creation_rules")).and_then(Value::as_sequence).cloned().unwrap_or_default()
}

/// Reads the recipients of a rule: `age` as a list or as text with commas, `key_groups` before it, as sops does.
fn of_rule(rule: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let groups = rule.get("key_groups").and_then(Value::as_sequence);
    for group in groups.into_iter().flatten() {
        found.extend(of_value(group.get("age")));
    }
    if groups.is_none() {
        found.extend(of_value(rule.get("age")));
    }
    found
}

fn of_value(value: Option<&Value>) -> Vec<String> {
    let texts: Vec<&str> = match value {
        Some(Value::String(text)) => text.split(',').collect(),
        Some(Value::Sequence(items)) => items.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    texts.into_iter().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned).collect()
}

fn unique(recipients: impl Iterator<Item = impl Into<String>>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for recipient in recipients.map(Into::into) {
        if !found.contains(&recipient) {
            found.push(recipient);
        }
    }
    found
}
