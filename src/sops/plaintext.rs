//! The text of an opened file with every value decrypted: what `sops decrypt` prints, in the file's own layout.

use std::ops::Range;

use super::cipher::{DataKey, is_sealed};
use super::error::SopsError;
use super::opened::Opened;
use super::parsed::{Comment, Parsed};
use super::patch::Patches;
use super::path::Path;
use super::value::ValueType;
use crate::secret::Secret;

pub(super) fn write(opened: &Opened) -> Result<Secret, SopsError> {
    let (format, text, parsed) = (opened.file.format, &opened.file.text, &opened.file.parsed);
    let mut patches = Patches::default();
    for (leaf, state) in parsed.leaves.iter().zip(&opened.states) {
        if leaf.alias || !state.encrypted && state.current == state.original {
            continue;
        }
        if state.current.kind == ValueType::Comment {
            let comment = Secret::new(format!("#{}", state.current.canonical.expose()));
            patches.put((with_dash(text, &leaf.span), comment));
        } else if state.current.kind != ValueType::Null && !state.current.canonical.is_empty()
            || state.current != state.original
        {
            patches.put(format.replacement(text, leaf, format.plain(text, leaf, &state.current).expose().to_owned()));
        }
    }
    for comment in &parsed.comments {
        if let Some(plain) = decrypt_comment(comment, parsed, &opened.key) {
            patches.put((comment.span.clone(), Secret::new(format!("#{}", plain.expose()))));
        }
    }
    for document in &parsed.documents {
        if let Some(block) = &document.block {
            if document.braces {
                return Err(SopsError::Unsupported(
                    "it is written in braces, from which the sops block cannot be cut yet".to_owned(),
                ));
            }
            patches.put((whole_lines(text, block), Secret::default()));
        }
    }
    patches.apply(text).ok_or_else(|| SopsError::ReadBack("changes overlap".to_owned()))
}

/// Decrypts a comment. It is authenticated with the path of its parent, but which that is go-yaml guesses (a comment may end up at a
/// neighbour or an ancestor), so the nearest are tried first and then every other.
fn decrypt_comment(comment: &Comment, parsed: &Parsed, key: &DataKey) -> Option<Secret> {
    let text = comment.text.expose();
    if !is_sealed(text) {
        return None;
    }
    let near = (0..=comment.parent.len()).rev().map(|count| comment.parent.first(count));
    let others = parsed.leaves.iter().filter(|leaf| leaf.document == comment.document).flat_map(|leaf| {
        let path: &Path = &leaf.path;
        (1..=path.len()).rev().map(|count| path.first(count))
    });
    let mut tried = std::collections::HashSet::new();
    near.chain(others)
        .filter_map(|path| {
            let authenticated = path.authenticated();
            tried.insert(authenticated.clone()).then(|| key.decrypt(text, &authenticated).ok())?
        })
        .map(|value| value.canonical)
        .next()
}

/// Widens the span of a list item to its dash.
fn with_dash(text: &str, span: &Range<usize>) -> Range<usize> {
    let before = text.get(..span.start).unwrap_or_default().trim_end_matches(' ');
    match before.strip_suffix('-') {
        Some(shorter) => shorter.len()..span.end,
        None => span.clone(),
    }
}

/// Widens a span to the lines that it touches.
fn whole_lines(text: &str, span: &Range<usize>) -> Range<usize> {
    let start =
        text.get(..span.start).and_then(|before| before.rfind('\n')).map_or(0, |position| position.saturating_add(1));
    let after = text.get(span.end..).unwrap_or_default();
    let rest = after.find('\n').map_or(after.len(), |position| position.saturating_add(1));
    start..span.end.saturating_add(rest)
}
