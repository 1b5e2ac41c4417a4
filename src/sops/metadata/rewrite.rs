//! Replacing metadata by changed ones, field by field, so that unchanged fields keep their bytes.

use std::ops::Range;

use super::node::Node;
use super::{Layout, Metadata, OTHER_KINDS, flat, json as written, yaml};
use crate::secret::Secret;
use crate::sops::edit::patch::Patches;
use crate::sops::error::SopsError;
use crate::sops::format::Format;
use crate::sops::json;
use crate::sops::parsed::{BLOCK, Parsed};

/// The prefix of every name of the block in dotenv.
pub(super) const PREFIX: &str = "sops_";

/// Returns a text with other blocks; their unchanged parts keep their bytes, and so does everything outside of them.
pub(in crate::sops) fn rewrite(
    format: Format,
    text: &str,
    parsed: &Parsed,
    new: &Metadata,
) -> Result<String, SopsError> {
    let (root, old) = (Node::read(parsed), Metadata::read(parsed)?);
    let mut patches = Patches::default();
    for document in &parsed.documents {
        let Some(block) = document.block.clone() else { continue };
        let lines = text.get(block.clone()).unwrap_or_default();
        let (span, written) = match format {
            Format::Yaml if !document.braces => (block, in_yaml(lines, &root, &old, new)?),
            Format::Yaml | Format::Json | Format::Binary => in_json(text, &root, &old, new)?,
            Format::Dotenv => (block, in_lines(lines, PREFIX, &old, new)),
            Format::Ini => (block, in_lines(lines, "", &old, new)),
        };
        patches.put((span, Secret::new(written)));
    }
    let text = patches.apply(text).ok_or_else(|| SopsError::ReadBack("changes overlap".to_owned()))?;
    Ok(text.expose().to_owned())
}

fn in_yaml(lines: &str, root: &Node, old: &Metadata, new: &Metadata) -> Result<String, SopsError> {
    let block = yaml::split(lines)
        .ok_or_else(|| SopsError::Unsupported("its sops block is written unlike sops writes it".to_owned()))?;
    let is_empty = |line: &str| line.trim_end().ends_with(": []");
    let layout = layout(&block.fields, is_empty, root);
    let newline = if block.head.ends_with("\r\n") { "\r\n" } else { "\n" };
    let unit = block.indent.max(2);
    let write = |name: &str, node: &Node| yaml::field(name, node, block.indent, unit).join(newline);
    let fields = merge(&block.fields, &old.node(layout), &new.node(layout), layout, write);
    Ok(format!("{}{}{}", block.head, fields.join(newline), block.tail))
}

fn in_json(text: &str, root: &Node, old: &Metadata, new: &Metadata) -> Result<(Range<usize>, String), SopsError> {
    let odd = || {
        SopsError::Unsupported(
            "it is written in braces but is not JSON, so its sops block cannot be changed".to_owned(),
        )
    };
    let top = json::members(text, 0).ok_or_else(odd)?;
    let block = top.into_iter().find(|member| member.name == BLOCK).ok_or_else(odd)?;
    let members = json::members(text, block.value.start).ok_or_else(odd)?;
    let (first, last) = (members.first().ok_or_else(odd)?, members.last().ok_or_else(odd)?);
    let before = text.get(block.value.start.saturating_add(1)..first.key.start).unwrap_or_default();
    let after = text.get(last.value.end..block.value.end).unwrap_or_default();
    let raw = |member: &json::Member| text.get(member.key.start..member.value.end).unwrap_or_default();
    let found: Vec<(String, &str)> = members.iter().map(|member| (member.name.clone(), raw(member))).collect();
    let is_empty = |field: &str| field.ends_with("null") || field.ends_with("[]");
    let layout = layout(&found, is_empty, root);
    let place = written::Layout::from_indent(before, 2);
    let write = |name: &str, node: &Node| place.member(name, node, 2);
    let fields = merge(&found, &old.node(layout), &new.node(layout), layout, write);
    Ok((block.value, format!("{{{before}{}{after}", fields.join(&format!(",{before}")))))
}

fn in_lines(lines: &str, prefix: &str, old: &Metadata, new: &Metadata) -> String {
    let newline = if lines.contains("\r\n") { "\r\n" } else { "\n" };
    let found = flat::split(lines, prefix);
    let width = flat::width(&found);
    let head = lines.split_inclusive('\n').next().filter(|line| line.trim_start().starts_with('[')).unwrap_or_default();
    let tail = lines.get(lines.trim_end_matches(['\n', '\r']).len()..).unwrap_or_default();
    let equals = |name: &str| if prefix.is_empty() { flat::equals(name, width) } else { "=".to_owned() };
    let write = |name: &str, node: &Node| flat::line(prefix, name, &equals(name), node.as_text().unwrap_or_default());
    let (old, new) = (flat::fields(&old.node(Layout::Sorted)), flat::fields(&new.node(Layout::Sorted)));
    format!("{head}{}{tail}", merge(&found, &old, &new, Layout::Sorted, write).join(newline))
}

fn layout(found: &[(String, &str)], is_empty: impl Fn(&str) -> bool, root: &Node) -> Layout {
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    let empty = found.iter().any(|(name, lines)| OTHER_KINDS.contains(&name.as_str()) && is_empty(lines));
    Layout::from_names(&names, empty, root)
}

/// Merges the present fields with the new ones: an unchanged field stays as it is written, a new one comes after its
/// predecessor.
fn merge(
    found: &[(String, &str)],
    old: &Node,
    new: &Node,
    layout: Layout,
    write: impl Fn(&str, &Node) -> String,
) -> Vec<String> {
    let empty = Node::List(Vec::new());
    let mut fields: Vec<(&str, String)> = Vec::new();
    for (name, lines) in found {
        match (old.get(name), new.get(name)) {
            (before, Some(now)) if before != Some(now) => fields.push((name, write(name, now))),
            (Some(Node::List(_)), None) if layout == Layout::WithEmpty && name != "key_groups" => {
                fields.push((name, write(name, &empty)));
            }
            (Some(_), None) => {}
            _ => fields.push((name, (*lines).to_owned())),
        }
    }
    let mut previous: Option<&str> = None;
    for (name, node) in new.members() {
        if !fields.iter().any(|(known, _)| known == name) {
            let behind = previous.and_then(|previous| fields.iter().position(|(known, _)| *known == previous));
            let mut place = behind.map_or(0, |place| place.saturating_add(1));
            // Skip empty lists between them.
            while fields.get(place).is_some_and(|(known, _)| new.get(known).is_none() && layout.is_before(known, name))
            {
                place = place.saturating_add(1);
            }
            fields.insert(place, (name, write(name, node)));
        }
        previous = Some(name);
    }
    fields.into_iter().map(|(_, lines)| lines).collect()
}
