//! The block of a new file, sorted as sops 3.13 writes it, and its place.

use std::ops::Range;

use super::rewrite::PREFIX;
use super::{Layout, Metadata, flat, json as written, yaml};
use crate::secret::Secret;
use crate::sops::error::SopsError;
use crate::sops::format::Format;
use crate::sops::json;
use crate::sops::parsed::{BLOCK, Document};

/// Returns the place and the text of a document's block: lines at its end, or a last member.
pub(in crate::sops) fn appended(
    format: Format,
    text: &str,
    document: &Document,
    metadata: &Metadata,
    indent: Option<usize>,
) -> Result<(Range<usize>, Secret), SopsError> {
    let newline = format.newline(text);
    let node = metadata.node(Layout::Sorted);
    let lines = match format {
        Format::Yaml if !document.braces => {
            yaml::field(BLOCK, &node, document.column, indent.unwrap_or(yaml::INDENT).max(2))
        }
        Format::Yaml | Format::Json | Format::Binary => return member(text, metadata, indent),
        Format::Dotenv => node.flat().iter().map(|(name, text)| flat::line(PREFIX, name, "=", text)).collect(),
        Format::Ini => {
            let fields = node.flat();
            let width = fields.iter().map(|(name, _)| name.len()).max().map(|width| width.saturating_add(1));
            let line = |(name, text): &(String, String)| flat::line("", name, &flat::equals(name, width), text);
            std::iter::once(format!("[{BLOCK}]")).chain(fields.iter().map(line)).collect()
        }
    };
    let glued = !text.get(..document.end).is_some_and(|before| before.is_empty() || before.ends_with('\n'));
    let start = if glued { newline } else { "" };
    let block: String = lines.into_iter().map(|line| line + newline).collect();
    Ok((document.end..document.end, Secret::new(format!("{start}{block}"))))
}

/// Writes the block as the last member of the object at the top, laid out as the members before it.
fn member(text: &str, metadata: &Metadata, indent: Option<usize>) -> Result<(Range<usize>, Secret), SopsError> {
    let odd = || {
        SopsError::Unsupported(
            "it is written in braces but is not JSON, to which no sops block can be added".to_owned(),
        )
    };
    let members = json::members(text, 0).ok_or_else(odd)?;
    let Some(last) = members.last() else {
        return Err(SopsError::NothingEncrypted("for an empty object".to_owned()));
    };
    let before = text.get(..members.first().map_or(0, |first| first.key.start)).unwrap_or_default();
    let mut place = written::Layout::from_indent(before, 1);
    if let Some(count) = indent.filter(|_| !place.newline.is_empty()) {
        place.unit = " ".repeat(count);
    }
    let member = place.member(BLOCK, &metadata.node(Layout::Sorted), 1);
    Ok((last.value.end..last.value.end, Secret::new(format!(",{}{member}", place.line(1)))))
}
