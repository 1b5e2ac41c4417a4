//! Secrets in texts that are no YAML: before a template is filled in, or with a duplicate key.

use super::super::confidential::{is_confidential, is_confidential_data};
use super::super::manifest::BLOCKS;

/// Names the first value of a Secret in a text that is no YAML: the offset of its line, its block and key.
pub fn in_lines(text: &str) -> Option<(usize, String)> {
    by_lines(text).or_else(|| in_braces(text))
}

/// Finds a Secret by its lines: the offset and the key of its first plain value.
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
                    && !value.contains("<<")
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

/// Finds the same in a text with braces that is no YAML because of duplicate keys: the first value below `data` or
/// `stringData`.
fn in_braces(text: &str) -> Option<(usize, String)> {
    let plain: String =
        text.chars().filter(|letter| !letter.is_whitespace() && !matches!(letter, '"' | '\'')).collect();
    if !["{kind:Secret", ",kind:Secret"].iter().any(|pair| plain.contains(pair)) {
        return None;
    }
    BLOCKS.iter().find_map(|block| {
        let begun = format!("{block}:{{");
        plain.split(&begun).skip(1).find_map(|rest| {
            let (key, value) = rest.split_once(':')?;
            let value = value.split([',', '}']).next().unwrap_or_default();
            let says = if *block == "data" { is_confidential_data(key, value) } else { is_confidential(key, value) };
            // The closing brace of a variable does not end the mapping.
            let is_open = value.starts_with("${") && !value.contains(":=") && !value.contains(":-");
            let is_value = says && !is_open && !value.starts_with(['{', '[']) && !key.contains(['{', '}', '[', ',']);
            let line = text.split(block).next().map_or(0, |before| before.matches('\n').count());
            is_value.then(|| (line, format!("{block}.{key}")))
        })
    })
}

/// Removes the lines of a template that hold only actions: conditions, loops, definitions.
pub(super) fn without_actions(text: &str) -> String {
    let is_action = |line: &str| {
        let line = line.trim();
        [("<<", ">>"), ("{{", "}}"), ("[[", "]]"), ("<%", "%>"), ("{%", "%}")]
            .iter()
            .any(|(begin, end)| line.starts_with(begin) && line.ends_with(end) && line.matches(begin).count() == 1)
    };
    text.split_inclusive('\n').filter(|line| !is_action(line)).collect()
}
