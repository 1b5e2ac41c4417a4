//! Fields of a `sops` block in YAML, in the layout of go-yaml.

use super::node::Node;
use crate::sops::value::ValueType;
use crate::sops::yaml;

/// The default indentation of sops, in columns.
pub(super) const INDENT: usize = 4;

/// Holds the lines of a block, field by field.
pub(super) struct Block<'a> {
    /// The line of the key `sops`, with the end of the line.
    pub(super) head: &'a str,
    /// The fields: the name, and the lines without the last line's end.
    pub(super) fields: Vec<(String, &'a str)>,
    /// The end of the last line.
    pub(super) tail: &'a str,
    /// The column of the fields.
    pub(super) indent: usize,
}

/// Splits a block into its fields; `None` if it is in braces or has another form that sops never writes.
pub(super) fn split(block: &str) -> Option<Block<'_>> {
    let head = block.split_inclusive('\n').next().filter(|head| head.trim_end().ends_with(':'))?;
    let body = block.get(head.len()..)?;
    let depth = |line: &str| line.len().saturating_sub(line.trim_start_matches(' ').len());
    let is_name = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with(['#', '-']);
    let indent = body.lines().find(|line| is_name(line)).map(depth).filter(|indent| *indent > 0)?;
    let mut starts: Vec<(usize, String)> = Vec::new();
    let mut offset: usize = 0;
    for line in body.split_inclusive('\n') {
        if depth(line) == indent && is_name(line) {
            let name = line.split(':').next().unwrap_or_default().trim().trim_matches(['"', '\'']);
            // Text before the first field, such as a comment, goes with it.
            starts.push((if starts.is_empty() { 0 } else { offset }, name.to_owned()));
        }
        offset = offset.saturating_add(line.len());
    }
    let ends = starts.iter().skip(1).map(|(start, _)| *start).chain([body.len()]).collect::<Vec<_>>();
    let fields = starts.iter().zip(ends).map(|((start, name), end)| {
        let lines = body.get(*start..end).unwrap_or_default();
        (name.clone(), lines.trim_end_matches(['\n', '\r']))
    });
    let tail = body.get(body.trim_end_matches(['\n', '\r']).len()..).unwrap_or_default();
    Some(Block { head, fields: fields.collect(), tail, indent })
}

/// Writes a field at a column; each level is indented to the next multiple of `unit`, as go-yaml does.
pub(super) fn field(name: &str, node: &Node, column: usize, unit: usize) -> Vec<String> {
    let margin = " ".repeat(column);
    let deeper = next(column, unit);
    match node {
        Node::Scalar(ValueType::Text, text) if text.contains('\n') => literal(text, deeper).map_or_else(
            || vec![format!("{margin}{name}: {}", yaml::quoted(text))],
            |lines| [vec![format!("{margin}{name}: {}", header(text))], lines].concat(),
        ),
        Node::Scalar(..) => vec![format!("{margin}{name}: {}", scalar(name, node))],
        Node::Map(members) if members.is_empty() => vec![format!("{margin}{name}: {{}}")],
        Node::List(items) if items.is_empty() => vec![format!("{margin}{name}: []")],
        Node::Map(members) => {
            let mut lines = vec![format!("{margin}{name}:")];
            lines.extend(members.iter().flat_map(|(name, node)| field(name, node, deeper, unit)));
            lines
        }
        Node::List(items) => {
            let mut lines = vec![format!("{margin}{name}:")];
            lines.extend(items.iter().flat_map(|item| dashed(item, deeper, unit)));
            lines
        }
    }
}

/// Writes an item of a list, its dash at a column.
fn dashed(item: &Node, column: usize, unit: usize) -> Vec<String> {
    let inner = column.saturating_add(2);
    let lines = match item {
        Node::Scalar(..) => vec![scalar("", item)],
        Node::Map(members) if members.is_empty() => vec!["{}".to_owned()],
        Node::List(items) if items.is_empty() => vec!["[]".to_owned()],
        Node::Map(members) => members.iter().flat_map(|(name, node)| field(name, node, inner, unit)).collect(),
        Node::List(items) => items.iter().flat_map(|item| dashed(item, inner, unit)).collect::<Vec<_>>(),
    };
    let mut lines = lines.into_iter();
    let first = lines.next().unwrap_or_default();
    let first = format!("{}- {}", " ".repeat(column), first.trim_start());
    std::iter::once(first).chain(lines).collect()
}

/// Returns the next multiple of the indentation after a column.
fn next(column: usize, unit: usize) -> usize {
    let unit = unit.max(1);
    column.saturating_add(unit).saturating_div(unit).saturating_mul(unit)
}

fn header(text: &str) -> &'static str {
    if text.ends_with('\n') { "|" } else { "|-" }
}

/// Returns the lines of a literal block; `None` if the text would not survive in one.
fn literal(text: &str, column: usize) -> Option<Vec<String>> {
    let body = text.strip_suffix('\n').unwrap_or(text);
    let awkward = |line: &str| line.ends_with([' ', '\t']) || line.chars().any(char::is_control);
    if body.starts_with([' ', '\n']) || body.ends_with('\n') || body.split('\n').any(awkward) {
        return None;
    }
    let line = |line: &str| if line.is_empty() { String::new() } else { format!("{}{line}", " ".repeat(column)) };
    Some(body.split('\n').map(line).collect())
}

/// Writes a single value. A time is always quoted: without quotes go-yaml reads a time, and sops fails.
fn scalar(name: &str, node: &Node) -> String {
    match node {
        Node::Scalar(ValueType::Text, text) => match name {
            "lastmodified" | "created_at" => format!("\"{text}\""),
            // Flux searches for `mac: ENC[`, so it is never quoted.
            "mac" => text.clone(),
            _ => yaml::text(text),
        },
        Node::Scalar(ValueType::Null, _) => "null".to_owned(),
        Node::Scalar(_, text) => text.clone(),
        Node::Map(_) | Node::List(_) => String::new(),
    }
}
