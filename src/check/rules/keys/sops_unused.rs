//! A creation rule that matches no file.

use std::path::Path;

use regex::RegexBuilder;

use crate::check::{Context, Finding, Rule, RuleInput};
use crate::repo::contents;
use crate::yaml::{self, Value};

pub(in crate::check) const RULE: Rule = Rule {
    id: "sops-unused-rule",
    about: "a creation rule of a .sops.yaml whose path_regex fits no file of the repository",
    check: RuleInput::Repository(check),
};

/// The most bytes that an expression may compile to; another rule reports larger ones.
const LARGEST: usize = 256 * 1024;

fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    let root = &context.snapshot.root;
    let files = context.listed();
    for config in files.iter().filter(|file| file.ends_with(".sops.yaml")) {
        let Ok(text) = contents::text(root, config) else { continue };
        let Ok(body) = yaml::from_str::<Value>(&text) else { continue };
        let folder = Path::new(config).parent().unwrap_or_else(|| Path::new(""));
        // The rule about configurations reports a file beyond the limits.
        if crate::sops::Config::parse(&text).is_err() {
            continue;
        }
        let rules = body.get("creation_rules").and_then(Value::as_sequence);
        for rule in rules.into_iter().flatten() {
            let Some(written) = rule.get("path_regex").and_then(Value::as_str) else { continue };
            let Ok(regex) = RegexBuilder::new(written).size_limit(LARGEST).build() else { continue };
            // sops matches the path from the configuration's folder; the fallback of an environment matches it from the
            // repository's root.
            let fits = |file: &&String| {
                let below = Path::new(file.as_str()).strip_prefix(folder).ok().and_then(Path::to_str);
                regex.is_match(file) || below.is_some_and(|below| regex.is_match(below))
            };
            if files.iter().any(|file| fits(&file)) {
                continue;
            }
            let line = text.lines().position(|line| line.contains(written)).map(|index| index.saturating_add(1));
            let message = format!("the rule for {written} fits no file");
            let why = "a file that was meant to fall under it falls under another rule or none: it is encrypted for somebody else, or refused";
            let fix =
                "correct path_regex, which is matched against the path from this file's folder, or take the rule out";
            found.push(Finding { line, ..Finding::new(RULE.id, config, message, why, fix).hint() });
        }
    }
}
