//! A Secret whose values are not encrypted, in any form that git and Kubernetes accept.

use super::object;
use crate::check::{Context, File, Finding, Rule, RuleInput};
use crate::sops::Format;
use crate::yaml::secrets::{self, Held, ValuePlacement, in_lines};
use crate::yaml::{Value, manifest};

pub(super) const WHY: &str = "once pushed, everybody who reads the repository has it, in its history too";

/// The fix for a value that encryption in place does not reach.
const MOVE: &str = "put it into a Secret of its own in an encrypted file; change the value if it was ever pushed";

pub(in crate::check) const RULE: Rule =
    Rule { id: "secret-plaintext", about: "a Secret whose values are not encrypted", check: RuleInput::File(check) };

fn check(file: &File, _context: &Context<'_>, found: &mut Vec<Finding>) {
    // The author of the file also wrote its encryption rule, so the rule is not trusted.
    if let Some(sealed) = file.sealed() {
        // `secret-unencrypted-value` reports the values that the file's rule matches.
        let reached = sealed.unencrypted();
        let is_told = |line: usize, path: &crate::sops::Path| reached.iter().any(|one| one.0 == line && one.1 == *path);
        for one in sealed.exposed().into_iter().filter(|one| !is_told(one.line, &one.path)) {
            let (path, rule) = (one.path.to_string(), sealed.rule_text());
            let message = match one.held.form {
                ValuePlacement::Secret | ValuePlacement::Copy | ValuePlacement::Within => {
                    format!("{path} of a Secret is in plain text in an encrypted file, whose rule is {rule}")
                }
                ValuePlacement::Input if one.held.doubtful => {
                    format!(
                        "the input {path} is in plain text, and the template that may put it into a Secret is encrypted"
                    )
                }
                _ => format!(
                    "{}; the file is encrypted, and its rule {rule} leaves that plain",
                    message(&one.held, &path, None)
                ),
            };
            let fix = match one.held.form {
                ValuePlacement::Secret | ValuePlacement::Copy | ValuePlacement::Within => {
                    format!("fluxdeck secret encrypt --again {}; change the value if it was ever pushed", file.path)
                }
                ValuePlacement::Input => format!(
                    "let the rule in .sops.yaml reach the inputs too, then fluxdeck secret encrypt --again {}",
                    file.path
                ),
                _ => MOVE.to_owned(),
            };
            let finding = Finding::new(RULE.id, &file.path, message, WHY, fix).on(one.line);
            found.push(if one.held.doubtful { finding.warning() } else { finding });
        }
        return;
    }
    for text in file.readings() {
        let before = found.len();
        look_into(file, text, found);
        if found.len() > before {
            return;
        }
    }
}

fn look_into(file: &File, text: &str, found: &mut Vec<Finding>) {
    if !manifest::may_hold_secrets(text) {
        return;
    }
    // A text in the form of a ciphertext is one only in a file with a block of sops.
    let vouched = file.is_encrypted();
    let lines: Vec<&str> = text.lines().collect();
    let is_manifest = matches!(Format::from_path(&file.path), Format::Yaml | Format::Json);
    for (line, part, documents) in manifest::parts(text) {
        let Ok(documents) = documents.or_else(|_| manifest::documents(&part)) else {
            // A template of a chart is not YAML before it is rendered; other invalid YAML must not hide a Secret
            // either.
            if let Some((offset, key)) = is_manifest.then(|| in_lines(&part)).flatten() {
                let message =
                    format!("it reads as a Secret whose value {key} is in plain text, though it is not valid YAML");
                let at = line.saturating_add(offset);
                let fix = "mend it, then encrypt it: fluxdeck secret encrypt";
                found.push(Finding::new(RULE.id, &file.path, message, WHY, fix).on(at));
            }
            continue;
        };
        for document in documents {
            let mut owners: Vec<String> = Vec::new();
            for held in secrets::of_document(&document).iter().filter(|held| held.is_plain(vouched)) {
                // Each Secret, generator or patch gives one finding.
                if owners.contains(&held.owner) {
                    continue;
                }
                owners.push(held.owner.clone());
                let at = place(&lines, line, held);
                let finding = Finding::new(
                    RULE.id,
                    &file.path,
                    message(held, &held.path, object(&document)),
                    WHY,
                    fix(file, held),
                );
                found.push(finding.about(about(&document, held)).on(at));
            }
        }
    }
}

/// Returns the message: the value in plain text, and the object that contains it.
fn message(held: &Held, path: &str, holder: Option<String>) -> String {
    let shown = &held.shown;
    let holder = holder.map(|holder| format!(" in {holder}")).unwrap_or_default();
    match held.form {
        ValuePlacement::Secret | ValuePlacement::Copy => format!("the Secret's value {shown} is in plain text"),
        ValuePlacement::Within => format!("a Secret{holder} has its value {shown} in plain text, at {path}"),
        ValuePlacement::Text => format!("a Secret in a text{holder} has its value {shown} in plain text, at {path}"),
        ValuePlacement::Generator => {
            format!("a secretGenerator{holder} has the value {} in plain text, at {path}", held.key)
        }
        ValuePlacement::Patch => {
            format!("a patch{holder} puts the value {shown} into a Secret in plain text, at {path}")
        }
        ValuePlacement::Template => {
            format!("what a Secret is made of{holder} has the value {shown} in plain text, at {path}")
        }
        ValuePlacement::Input => {
            format!("the input {path} is in plain text, and a template puts it into the value {shown} of a Secret")
        }
    }
}

fn fix(file: &File, held: &Held) -> String {
    let encrypt =
        format!("fluxdeck secret encrypt {} (or sops encrypt -i); change the value if it was ever pushed", file.path);
    match held.form {
        ValuePlacement::Secret | ValuePlacement::Copy | ValuePlacement::Within => encrypt,
        ValuePlacement::Generator => {
            "write it to a file that is encrypted with sops, and name that below envs or files; change the value if it was ever pushed".to_owned()
        }
        ValuePlacement::Text | ValuePlacement::Patch | ValuePlacement::Input | ValuePlacement::Template => {
            MOVE.to_owned()
        }
    }
}

/// Names the Secret where it is an object of the document, else the object that contains it.
fn about(document: &Value, held: &Held) -> Option<String> {
    let items = held.owner.strip_prefix("items[").and_then(|rest| rest.split_once(']'));
    let item = items.and_then(|(index, _)| document.get("items")?.get(index.parse::<usize>().ok()?));
    item.and_then(object).or_else(|| object(document))
}

/// Finds the line of a value, from the first line of its document.
fn place(lines: &[&str], from: usize, held: &Held) -> usize {
    // A key may contain dots; a literal is `key=value`, and a JSON patch names a path.
    let name = held.key.as_str();
    let names = |line: &&str| {
        holds_key(line, name)
            || held.form == ValuePlacement::Generator && line.contains(&format!("{name}="))
            || held.form == ValuePlacement::Patch && line.contains(&held.shown.replacen('.', "/", 1))
    };
    let below = || lines.iter().enumerate().skip(from.saturating_sub(1));
    // The same key may occur before the Secret that another object contains.
    let around = held.path.strip_suffix(&format!(".{}", held.shown)).unwrap_or_default();
    let field = around.rsplit('.').next().and_then(|last| last.split('[').next()).unwrap_or_default();
    let is_around = |(_, line): &(usize, &&str)| !field.is_empty() && holds_key(line, field);
    let begins = match held.form {
        ValuePlacement::Within | ValuePlacement::Text | ValuePlacement::Template => {
            below().find(is_around).map_or(0, |(index, _)| index)
        }
        _ => 0,
    };
    let near = below().filter(|(index, _)| *index >= begins).find(|(_, line)| names(line));
    near.or_else(|| below().find(|(_, line)| names(line))).map_or(from, |(index, _)| index.saturating_add(1))
}

fn holds_key(line: &str, key: &str) -> bool {
    line.match_indices(key).any(|(at, found)| {
        let before = line.get(..at).unwrap_or_default();
        let after = line.get(at.saturating_add(found.len())..).unwrap_or_default();
        (before.is_empty() || before.ends_with(['{', ',', ' ', '\t', '"', '\'']))
            && after.trim_start_matches(['"', '\'']).trim_start().starts_with(':')
    })
}
