//! A Secret whose values are not encrypted.

use super::super::{Context, File, Finding, Look, Rule};
use super::object;
use crate::yaml::Value;

const WHY: &str = "once pushed, everybody who reads the repository has it, in its history too";

pub(in crate::check) const RULE: Rule =
    Rule { id: "secret-plaintext", about: "a Secret whose values are not encrypted", look: Look::File(look) };

fn look(file: &File, _context: &Context<'_>, found: &mut Vec<Finding>) {
    // What the file's own rule says is the word of whoever made it.
    if let Some(sealed) = file.sealed() {
        for (line, path) in sealed.exposed() {
            let message = format!(
                "{path} of a Secret is in plain text in an encrypted file, whose rule is {}",
                sealed.rule_text()
            );
            let fix = format!("fluxdeck secret encrypt --again {}; change the value if it was ever pushed", file.path);
            found.push(Finding::new(RULE.id, &file.path, message, WHY, fix).on(line));
        }
    }
    for (line, document) in file.documents() {
        if document.get("kind").and_then(Value::as_str) != Some("Secret") || is_made_by_the_server(document) {
            continue;
        }
        let Some(key) = ["data", "stringData"].into_iter().find_map(|block| filled(document.get(block)?, block)) else {
            continue;
        };
        let at = file.lines().skip(line.saturating_sub(1)).find(|(_, text)| holds_key(text, &key.1));
        let message = format!("the Secret's value {}.{} is in plain text", key.0, key.1);
        let fix = format!(
            "fluxdeck secret encrypt {} (or sops encrypt -i); change the value if it was ever pushed",
            file.path
        );
        let finding = Finding::new(RULE.id, &file.path, message, WHY, fix).about(object(document));
        found.push(finding.on(at.map_or(*line, |(number, _)| number)));
    }
}

fn holds_key(line: &str, key: &str) -> bool {
    line.trim_start()
        .trim_start_matches(['"', '\''])
        .strip_prefix(key)
        .is_some_and(|rest| rest.trim_start_matches(['"', '\'']).starts_with(':'))
}

/// Finds the first key with a value that is neither empty nor a ciphertext.
fn filled(block: &Value, name: &str) -> Option<(String, String)> {
    let values = block.as_mapping()?.iter();
    let is_plain = |value: &Value| match value {
        Value::Null => false,
        // `${…}` is filled in by Flux's substitution.
        Value::String(text) => !text.is_empty() && !text.starts_with("ENC[AES256_GCM,") && !is_substituted(text),
        _ => true,
    };
    let (key, _) = values.into_iter().find(|(_, value)| is_plain(value))?;
    Some((name.to_owned(), key.as_str().unwrap_or_default().to_owned()))
}

fn is_substituted(text: &str) -> bool {
    text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).is_some_and(|name| !name.contains([' ', '$']))
}

/// Tells whether the server fills the Secret itself, as it does for a service account.
fn is_made_by_the_server(document: &Value) -> bool {
    document.get("type").and_then(Value::as_str) == Some("kubernetes.io/service-account-token")
}
