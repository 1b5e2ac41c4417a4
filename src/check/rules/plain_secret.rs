//! A Secret whose values are not encrypted, in whatever form git and Kubernetes take it.

use super::super::file::parts;
use super::super::{Context, File, Finding, Look, Rule};
use super::object;
use super::secret_data::is_mask;
use crate::repo::confidential::{is_confidential, is_confidential_data, is_confidential_value};
use crate::sops::Format;
use crate::yaml::{Value, manifest};

const WHY: &str = "once pushed, everybody who reads the repository has it, in its history too";

pub(in crate::check) const RULE: Rule =
    Rule { id: "secret-plaintext", about: "a Secret whose values are not encrypted", look: Look::File(look) };

fn look(file: &File, _context: &Context<'_>, found: &mut Vec<Finding>) {
    // What the file's own rule says is the word of whoever made it.
    if let Some(sealed) = file.sealed() {
        // What its own rule reaches is told by the rule about that.
        let reached = sealed.unencrypted();
        for (line, path) in sealed.exposed().into_iter().filter(|one| !reached.contains(one)) {
            let rule = sealed.rule_text();
            let message = format!("{path} of a Secret is in plain text in an encrypted file, whose rule is {rule}");
            let fix = format!("fluxdeck secret encrypt --again {}; change the value if it was ever pushed", file.path);
            found.push(Finding::new(RULE.id, &file.path, message, WHY, fix).on(line));
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
    // What is written as a ciphertext is one only where a block of sops vouches for it.
    let vouched = file.is_encrypted();
    let lines: Vec<&str> = text.lines().collect();
    let is_manifest = matches!(Format::of(&file.path), Format::Yaml | Format::Json);
    for (line, part, documents) in parts(text) {
        let Ok(documents) = documents.or_else(|_| manifest::documents(&part)) else {
            // A template of a chart is no YAML before it is filled in; what else is none hides nothing either.
            if let Some((offset, key)) = is_manifest.then(|| by_lines(&part).or_else(|| in_braces(&part))).flatten() {
                let message =
                    format!("it reads as a Secret whose value {key} is in plain text, though it is no valid YAML");
                let at = line.saturating_add(offset);
                let fix = "mend it, then encrypt it: fluxdeck secret encrypt";
                found.push(Finding::new(RULE.id, &file.path, message, WHY, fix).on(at));
            }
            continue;
        };
        for document in documents {
            for secret in manifest::secrets(&document) {
                let Some(key) = plain(&secret, vouched) else { continue };
                // Keys may have dots themselves.
                let name = key.strip_prefix("metadata.annotations.").or(key.split_once('.').map(|(_, name)| name));
                let name = name.unwrap_or(key.as_str());
                let at = lines.iter().enumerate().skip(line.saturating_sub(1)).find(|(_, text)| holds_key(text, name));
                let message = format!("the Secret's value {key} is in plain text");
                let fix = format!(
                    "fluxdeck secret encrypt {} (or sops encrypt -i); change the value if it was ever pushed",
                    file.path
                );
                let finding = Finding::new(RULE.id, &file.path, message, WHY, fix).about(object(&secret));
                found.push(finding.on(at.map_or(line, |(index, _)| index.saturating_add(1))));
            }
        }
    }
}

/// Names the first value of a Secret that is neither empty nor a ciphertext that somebody vouches for.
fn plain(secret: &Value, vouched: bool) -> Option<String> {
    let block = |name: &str| {
        let values = manifest::field(secret, name)?.as_mapping()?.iter();
        let (key, _) =
            values.into_iter().find(|(key, value)| is_plain(name, key.as_str().unwrap_or_default(), value, vouched))?;
        Some(format!("{name}.{}", key.as_str().unwrap_or_default()))
    };
    let copy = || {
        let text = secret.get("metadata")?.get("annotations")?.get(manifest::LAST_APPLIED)?.as_str()?;
        let object: Value = crate::yaml::from_str(text).ok()?;
        plain(&object, vouched).map(|_| format!("metadata.annotations.{}", manifest::LAST_APPLIED))
    };
    block("data").or_else(|| block("stringData")).or_else(copy)
}

fn is_plain(block: &str, key: &str, value: &Value, vouched: bool) -> bool {
    match value {
        Value::String(text) if is_mask(text) => false,
        Value::String(text) if text.starts_with("ENC[AES256_GCM,") => !vouched,
        // `{{ … }}` of a template reads as a mapping in a mapping.
        Value::Mapping(fields) => !(fields.len() == 1 && fields.keys().all(Value::is_mapping)),
        _ => is_confidential_value(block, key, value),
    }
}

fn holds_key(line: &str, key: &str) -> bool {
    line.match_indices(key).any(|(at, found)| {
        let before = line.get(..at).unwrap_or_default();
        let after = line.get(at.saturating_add(found.len())..).unwrap_or_default();
        (before.is_empty() || before.ends_with(['{', ',', ' ', '\t', '"', '\'']))
            && after.trim_start_matches(['"', '\'']).trim_start().starts_with(':')
    })
}

/// Finds, in a text that is no YAML, a Secret by its lines: the offset and the key of its first value that is plain.
fn by_lines(text: &str) -> Option<(usize, String)> {
    let pair = |line: &str| -> Option<(usize, String, String)> {
        let indent = line.len().saturating_sub(line.trim_start().len());
        let (key, value) = line.trim_start_matches([' ', '\t', '-', '{']).split_once(':')?;
        let clean = |text: &str| text.trim().trim_matches(['"', '\'', ',']).to_owned();
        Some((indent, clean(key), clean(value)))
    };
    let is_secret = text.lines().filter_map(pair).any(|(_, key, value)| key == "kind" && value == "Secret");
    let mut block: Option<(usize, String)> = None;
    for (offset, line) in text.lines().enumerate().filter(|_| is_secret) {
        let Some((indent, key, value)) = pair(line) else { continue };
        match &block {
            Some((column, name)) if indent > *column => {
                let is_value = !value.is_empty()
                    && !value.starts_with(['#', '{', '|', '>', '*', '&'])
                    && !value.contains("{{")
                    && !value.starts_with("ENC[");
                if is_value && !line.trim_start().starts_with('#') && is_confidential(&key, &value) {
                    return Some((offset, format!("{name}.{key}")));
                }
            }
            _ => block = matches!(key.as_str(), "data" | "stringData").then_some((indent, key)),
        }
    }
    None
}

/// Finds the same in a text that is written in braces, where keys that stand twice make it no YAML: the first value below `data` or `stringData`.
fn in_braces(text: &str) -> Option<(usize, String)> {
    let plain: String =
        text.chars().filter(|letter| !letter.is_whitespace() && !matches!(letter, '"' | '\'')).collect();
    if !["{kind:Secret", ",kind:Secret"].iter().any(|pair| plain.contains(pair)) {
        return None;
    }
    manifest::BLOCKS.iter().find_map(|block| {
        let begun = format!("{block}:{{");
        plain.split(&begun).skip(1).find_map(|rest| {
            let (key, value) = rest.split_once(':')?;
            let value = value.split([',', '}']).next().unwrap_or_default();
            let says = if *block == "data" { is_confidential_data(key, value) } else { is_confidential(key, value) };
            let is_value = says && !value.starts_with(['{', '[']) && !key.contains(['{', '}', '[', ',']);
            let line = text.split(block).next().map_or(0, |before| before.matches('\n').count());
            is_value.then(|| (line, format!("{block}.{key}")))
        })
    })
}
