//! Words that YAML 1.1 reads as something else.

use crate::check::{Context, File, Finding, Rule, RuleInput};

pub(in crate::check) const RULE: Rule = Rule {
    id: "yaml-surprise",
    about: "an unquoted word or number that is read as something else than it looks, where a text is needed",
    check: RuleInput::File(check),
};

/// Words that are true or false in YAML 1.1 (yaml.org/type/bool.html), beside true and false themselves.
const WORDS: [&str; 12] = ["yes", "Yes", "YES", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF"];

/// Tells whether a block is the field of Kubernetes with that name: data of the object itself, labels and annotations
/// of metadata.
fn is_own(key: &str, holder: &str) -> bool {
    match key {
        "data:" | "stringData:" => holder.is_empty(),
        "labels:" | "annotations:" => holder == "metadata:",
        _ => true,
    }
}

fn check(file: &File, context: &Context<'_>, found: &mut Vec<Finding>) {
    if context.snapshot.fed_by(&file.path).is_empty() {
        return;
    }
    for (line, document) in file.documents() {
        // Only fields that surely need text are checked: there Kubernetes rejects the object, or the value differs from
        // its look.
        let kind = document.get("kind").and_then(crate::yaml::Value::as_str).unwrap_or_default();
        let blocks: &[&str] = match kind {
            "ConfigMap" => &["data:", "labels:", "annotations:"],
            "Secret" => &["stringData:", "labels:", "annotations:"],
            // A schema describes labels, it has none.
            "CustomResourceDefinition" => continue,
            _ => &["labels:", "annotations:", "matchLabels:"],
        };
        let text = file.text.as_deref().unwrap_or_default();
        let mut inside: Option<usize> = None;
        let mut scalar: Option<usize> = None;
        let mut above: Vec<(usize, &str)> = Vec::new();
        for (index, row) in text.lines().enumerate().skip(line.saturating_sub(1)) {
            let trimmed = row.trim_start();
            let depth = row.len().saturating_sub(trimmed.len());
            if index.saturating_add(1) > *line && row.trim_end() == "---" {
                break;
            }
            if trimmed.is_empty() || trimmed.starts_with('#') {
                continue;
            }
            // The lines of a block scalar are text.
            if let Some(at) = scalar {
                if depth > at {
                    continue;
                }
                scalar = None;
            }
            let value = trimmed.split_once(": ").map(|(_, value)| value.split(" #").next().unwrap_or_default().trim());
            if value.is_some_and(|value| value.starts_with(['|', '>'])) {
                scalar = Some(depth);
            }
            if inside.is_some_and(|at| depth <= at) {
                inside = None;
            }
            above.retain(|(at, _)| *at < depth);
            let holder = above.last().map_or("", |(_, key)| *key);
            let key = trimmed.trim_start_matches("- ").trim_end();
            above.push((depth, key));
            if blocks.contains(&key) && is_own(key, holder) {
                inside = Some(depth);
                continue;
            }
            let Some(value) = value.filter(|_| inside.is_some()) else { continue };
            let is_number = value.parse::<f64>().is_ok() && !value.is_empty();
            let is_octal = value.len() > 1 && value.starts_with('0') && value.bytes().all(|byte| byte.is_ascii_digit());
            let is_flag = WORDS.contains(&value) || matches!(value, "true" | "false");
            if !(is_number || is_octal || is_flag) {
                continue;
            }
            let message = format!(
                "{value} is read as {}, where a text is needed",
                if is_flag { "true or false" } else { "a number" }
            );
            let why = "Flux refuses the object (cannot unmarshal bool or number into string), or another value arrives than is written";
            let fix = format!("quote it: \"{value}\"");
            found.push(Finding::new(RULE.id, &file.path, message, why, fix).on(index.saturating_add(1)));
        }
    }
}
