//! Adding, renaming and removing the keys of a text of lines: dotenv and INI.

use std::ops::Range;

use super::error::SopsError;
use super::format::Format;
use super::parsed::{Node, Parsed};
use super::path::{Path, Segment};
use super::value::Value;
use super::{dotenv, ini};
use crate::secret::Secret;

/// Writes a new line: after the last of its section in INI, at the end in dotenv.
pub(super) fn add(
    format: Format,
    text: &str,
    parsed: &Parsed,
    path: &Path,
    value: &Value,
) -> Result<(Range<usize>, Secret), SopsError> {
    let nowhere = |place: &str| SopsError::Unsupported(format!("{path} cannot be written here: name it {place}"));
    let newline = format.newline(text);
    let end = parsed.documents.first().map_or(text.len(), |document| document.end);
    let (at, line) = match (format, path.segments()) {
        (Format::Ini, [Segment::Key(section), Segment::Key(name)]) => {
            let parent = path.first(1);
            let line = Secret::new(format!("{} = {}", key(name)?, ini::plain(value).expose()));
            let last = parsed.children(0, &parent).next_back().or_else(|| parsed.node(0, &parent));
            match last {
                Some(last) => (line_end(text, last.end), line),
                None => (end, Secret::new(format!("[{section}]{newline}{}", line.expose()))),
            }
        }
        (Format::Dotenv, [Segment::Key(name)]) => {
            (end, Secret::new(format!("{}={}", key(name)?, dotenv::plain(value).expose())))
        }
        (Format::Ini, _) => return Err(nowhere("SECTION.KEY")),
        _ => return Err(nowhere("KEY")),
    };
    let glued = !text.get(..at).is_none_or(|before| before.is_empty() || before.ends_with('\n'));
    let start = if glued { newline } else { "" };
    Ok((at..at, Secret::new(format!("{start}{}{newline}", line.expose()))))
}

/// Renames a key.
pub(super) fn rename(node: &Node, name: &str) -> Result<(Range<usize>, Secret), SopsError> {
    if node.path.len() == 1 && !node.key.is_empty() && node.kind != super::parsed::NodeKind::Scalar {
        return Ok((node.key.clone(), Secret::new(format!("[{}]", key(name)?))));
    }
    Ok((node.key.clone(), Secret::new(key(name)?)))
}

/// Removes a line.
pub(super) fn remove(text: &str, node: &Node) -> Result<(Range<usize>, Secret), SopsError> {
    if node.kind != super::parsed::NodeKind::Scalar {
        return Err(SopsError::Unsupported(format!("{} is a section; take it out in the text view", node.path)));
    }
    let before = text.get(..node.key.start).and_then(|before| before.rfind('\n'));
    Ok((before.map_or(0, |at| at.saturating_add(1))..line_end(text, node.end), Secret::default()))
}

fn line_end(text: &str, at: usize) -> usize {
    let after = text.get(at..).unwrap_or_default();
    at.saturating_add(after.find('\n').map_or(after.len(), |position| position.saturating_add(1)))
}

/// Checks that a name is a valid key.
fn key(name: &str) -> Result<&str, SopsError> {
    let odd = name.is_empty() || name.trim() != name || name.starts_with(['#', ';', '[', '"', '`', '-']);
    if odd || name.contains(['=', ':', '\n', '\r', ']']) {
        return Err(SopsError::Unsupported(format!("{name:?} cannot be a key in this format")));
    }
    Ok(name)
}
