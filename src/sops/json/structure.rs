//! Adding, renaming and removing the members of a JSON text, each as one replacement.

use std::ops::Range;

use super::write::{plain, quoted};
use crate::secret::Secret;
use crate::sops::error::SopsError;
use crate::sops::parsed::{Node, NodeKind, Parsed};
use crate::sops::path::Path;
use crate::sops::value::Value;

/// Writes a new member after the last of its object, on a line of its own if that one has one.
pub(in crate::sops) fn add(
    text: &str,
    parsed: &Parsed,
    path: &Path,
    value: &Value,
) -> Result<(Range<usize>, Secret), SopsError> {
    let nowhere = || SopsError::Unsupported(format!("{path} has no object to stand in; write it in the text view"));
    let (parent, name) = path.parent().zip(path.last_key()).ok_or_else(nowhere)?;
    let value = plain(value);
    let member = Secret::new(format!("{}: {}", quoted(name), value.expose()));
    if let Some(last) = parsed.children(0, &parent).next_back() {
        let before = text.get(..last.key.start).unwrap_or_default();
        let margin = before.get(before.trim_end().len()..).filter(|space| space.contains('\n')).unwrap_or(" ");
        return Ok((last.end..last.end, Secret::new(format!(",{margin}{}", member.expose()))));
    }
    let inside = if parent.len() == 0 {
        parsed.documents.first().map(|document| document.end)
    } else {
        let object = parsed.node(0, &parent).filter(|node| node.kind == NodeKind::Mapping);
        object.map(|node| node.end.saturating_sub(1))
    };
    let inside = inside.ok_or_else(nowhere)?;
    Ok((inside..inside, member))
}

/// Renames a member.
pub(in crate::sops) fn rename(node: &Node, name: &str) -> (Range<usize>, Secret) {
    (node.key.clone(), Secret::new(quoted(name)))
}
