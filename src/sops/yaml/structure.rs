//! Adding, renaming and removing the entries of a YAML text, each as one replacement that changes nothing else.

use std::ops::Range;

use super::extent::{line_end, line_start, whole_lines, with_comma};
use super::write;
use crate::secret::Secret;
use crate::sops::error::SopsError;
use crate::sops::parsed::{Leaf, Node, NodeKind, Parsed, Style};
use crate::sops::path::Path;
use crate::sops::value::Value;

/// The indentation of entries if no other shows it; sops itself writes four.
const INDENT: usize = 4;

/// Writes a new entry below an existing mapping, or as the first of a missing one at the top.
pub(in crate::sops) fn add(
    text: &str,
    parsed: &Parsed,
    document: usize,
    path: &Path,
    value: &Value,
) -> Result<(Range<usize>, Secret), SopsError> {
    let nowhere = || SopsError::Unsupported(format!("{path} has no mapping to stand in; write it in the text view"));
    let (parent, name) = path.parent().zip(path.last_key()).ok_or_else(nowhere)?;
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let last = parsed.children(document, &parent).next_back();
    if parent.len() == 0 {
        let end = parsed.documents.get(document).map(|document| document.end).ok_or_else(nowhere)?;
        return match last {
            Some(last) if last.in_flow => Ok(behind_comma(text, last, name, value)),
            _ => Ok(line(text, &place(path, end, 0), newline, name, value)),
        };
    }
    if let Some(last) = last {
        return Ok(if last.in_flow {
            behind_comma(text, last, name, value)
        } else {
            line(text, &place(path, line_end(text, last.end), last.column), newline, name, value)
        });
    }
    match parsed.node(document, &parent) {
        // `stringData: {}`
        Some(node) if node.braces && node.kind == NodeKind::Mapping => {
            let brace = node.end.saturating_sub(1);
            Ok((brace..brace, flow_entry(name, value)))
        }
        // `stringData:`
        Some(node) if node.kind == NodeKind::Scalar && is_null(parsed, node) && !node.in_flow => {
            let column = node.column.saturating_add(indent(parsed));
            let span = node.key.end..node.end;
            let colon = text.get(span.clone()).unwrap_or_default().find(':').map_or(0, |position| position + 1);
            let mut written = line(text, &place(path, line_end(text, node.end), column), newline, name, value);
            // A tilde or the word null would be a value beside the mapping.
            if text.get(span.start.saturating_add(colon)..node.end).is_some_and(|rest| !rest.trim().is_empty()) {
                let behind = text.get(node.end..written.0.start).unwrap_or_default();
                written = (
                    span.start.saturating_add(colon)..written.0.end,
                    Secret::new(format!("{behind}{}", written.1.expose())),
                );
            }
            Ok(written)
        }
        None if parent.len() == 1 => {
            let end = parsed.documents.get(document).map(|document| document.end).ok_or_else(nowhere)?;
            let braces = parsed.documents.get(document).is_some_and(|document| document.braces);
            let mapping = parent.last_key().filter(|_| !braces).ok_or_else(nowhere)?;
            let (span, head) = header(text, end, newline, mapping);
            let leaf = place(path, end, indent(parsed));
            let entry = entry(text, &leaf, name, value);
            Ok((span, Secret::new(format!("{head}{}{}{newline}", " ".repeat(leaf.column), entry.expose()))))
        }
        _ => Err(nowhere()),
    }
}

/// Renames the key of an entry.
pub(in crate::sops) fn rename(node: &Node, name: &str) -> (Range<usize>, Secret) {
    (node.key.clone(), Secret::new(write::key(name, node.in_flow)))
}

/// Removes an entry, with its lines or its comma. Comments above it stay, because they may concern more than this
/// entry.
pub(in crate::sops) fn remove(text: &str, node: &Node) -> Result<(Range<usize>, Secret), SopsError> {
    if node.in_flow {
        return Ok((with_comma(text, &(node.key.start..node.end)), Secret::default()));
    }
    let before = text.get(line_start(text, node.key.start)..node.key.start).unwrap_or_default();
    let alone = before.chars().all(|character| matches!(character, ' ' | '\u{feff}'));
    let item = node.path.last_key().is_none() && before.trim_start_matches(' ').starts_with("- ");
    if !alone && !item {
        let message = format!("{} stands on the line of a dash; take it out in the text view", node.path);
        return Err(SopsError::Unsupported(message));
    }
    Ok((whole_lines(text, &(node.key.start..node.end)), Secret::default()))
}

/// Writes an entry as a line of its own, before a position.
fn line(text: &str, leaf: &Leaf, newline: &str, name: &str, value: &Value) -> (Range<usize>, Secret) {
    let (at, column) = (leaf.span.start, leaf.column);
    let glued = !matches!(text.get(..at).and_then(|before| before.chars().next_back()), None | Some('\n'));
    let entry = entry(text, leaf, name, value);
    let start = if glued { newline } else { "" };
    (at..at, Secret::new(format!("{start}{}{}{newline}", " ".repeat(column), in_lines(entry.expose(), newline))))
}

fn in_lines(entry: &str, newline: &str) -> String {
    if newline == "\n" { entry.to_owned() } else { entry.replace('\n', newline) }
}

fn header(text: &str, at: usize, newline: &str, name: &str) -> (Range<usize>, String) {
    let glued = !matches!(text.get(..at).and_then(|before| before.chars().next_back()), None | Some('\n'));
    (at..at, format!("{}{}:{newline}", if glued { newline } else { "" }, write::key(name, false)))
}

fn behind_comma(text: &str, last: &Node, name: &str, value: &Value) -> (Range<usize>, Secret) {
    let entry = flow_entry(name, value);
    // Entries on lines of their own stay so.
    let before = text.get(..last.key.start).unwrap_or_default();
    let margin = before.rfind(|character: char| !character.is_whitespace()).map_or(0, |position| position + 1);
    let space = text.get(margin..last.key.start).filter(|space| space.contains('\n')).unwrap_or(" ");
    (last.end..last.end, Secret::new(format!(",{space}{}", entry.expose())))
}

fn flow_entry(name: &str, value: &Value) -> Secret {
    let leaf = Leaf { in_flow: true, style: Style::Double, ..place(&Path::default(), 0, 0) };
    Secret::new(format!("{}: {}", write::key(name, true), write::plain("", &leaf, value).expose()))
}

fn entry(text: &str, leaf: &Leaf, name: &str, value: &Value) -> Secret {
    // Nothing follows the new line's own end.
    let leaf = Leaf { span: text.len()..text.len(), ..place(&leaf.path, leaf.span.start, leaf.column) };
    Secret::new(format!("{}: {}", write::key(name, false), write::plain(text, &leaf, value).expose()))
}

/// Describes the place of a new value.
fn place(path: &Path, at: usize, column: usize) -> Leaf {
    Leaf {
        document: 0,
        path: path.clone(),
        value: Value::null(),
        span: at..at,
        style: Style::Plain,
        in_flow: false,
        column,
        line: 0,
        alias: false,
        decorated: false,
    }
}

fn is_null(parsed: &Parsed, node: &Node) -> bool {
    let leaf = parsed.leaves.iter().find(|leaf| leaf.document == node.document && leaf.path == node.path);
    leaf.is_some_and(|leaf| leaf.value == Value::null() && !leaf.alias && !leaf.decorated)
}

/// Returns the indentation of the file's entries.
fn indent(parsed: &Parsed) -> usize {
    let inner =
        parsed.nodes.iter().filter(|node| node.path.len() == 2 && !node.in_flow && node.path.last_key().is_some());
    inner.map(|node| node.column).find(|column| *column > 0).unwrap_or(INDENT)
}
