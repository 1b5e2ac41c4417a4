//! The text of a file with every value decrypted: the output of `sops decrypt`, in the file's own layout.

use std::ops::Range;

use super::opened::State;
use super::patch::Patches;
use crate::secret::Secret;
use crate::sops::cipher::{DataKey, is_sealed};
use crate::sops::error::SopsError;
use crate::sops::file::SopsFile;
use crate::sops::parsed::{Comment, Parsed};
use crate::sops::path::Path;
use crate::sops::value::ValueType;

/// Writes the plain text. Unencrypted parts, blank lines and quotes included, stay as they are, so that encrypting it
/// again without a change gives the exact bytes of the file.
pub(in crate::sops) fn write(file: &SopsFile, key: &DataKey, states: &[State]) -> Result<Secret, SopsError> {
    let (format, text, parsed) = (file.format, &file.text, &file.parsed);
    let mut patches = Patches::default();
    for (leaf, state) in parsed.leaves.iter().zip(states).filter(|(leaf, state)| state.encrypted && !leaf.alias) {
        if state.value.kind == ValueType::Comment {
            let comment = Secret::new(format!("#{}", state.value.canonical.expose()));
            patches.put((with_dash(text, &leaf.span), comment));
        } else if !state.value.canonical.is_empty() {
            patches.put(format.replacement(text, leaf, format.plain(text, leaf, &state.value).expose().to_owned()));
        }
    }
    for comment in &parsed.comments {
        if let Some((plain, _)) = decrypt_comment(comment, parsed, key) {
            patches.put((comment.span.clone(), Secret::new(format!("{}{}", comment.sign, plain.expose()))));
        }
    }
    for block in parsed.documents.iter().filter_map(|document| document.block.clone()) {
        patches.put((block, Secret::default()));
    }
    patches.apply(text).ok_or_else(|| SopsError::ReadBack("changes overlap".to_owned()))
}

/// Decrypts a comment. It is authenticated with the path of its parent, which go-yaml guesses (a comment may end up at
/// a neighbour or an ancestor), so the nearest are tried first and then every other. Also returns the authenticating
/// path.
pub(in crate::sops) fn decrypt_comment(comment: &Comment, parsed: &Parsed, key: &DataKey) -> Option<(Secret, String)> {
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
    near.chain(others).find_map(|path| {
        let authenticated = path.authenticated();
        let value = tried.insert(authenticated.clone()).then(|| key.decrypt(text, &authenticated).ok())??;
        Some((value.canonical, authenticated))
    })
}

/// Extends the span of a list item to its dash.
pub(in crate::sops) fn with_dash(text: &str, span: &Range<usize>) -> Range<usize> {
    let before = text.get(..span.start).unwrap_or_default().trim_end_matches(' ');
    match before.strip_suffix('-') {
        Some(shorter) => shorter.len()..span.end,
        None => span.clone(),
    }
}
