//! Documents. One file a rule.

use crate::check::Rule;
use crate::repo::path as paths;

rules! { link, path, unreached }

/// Tells whether a file is a document.
fn is_document(path: &str) -> bool {
    let extension = path.rsplit('.').next().unwrap_or_default();
    matches!(extension, "md" | "markdown")
}

/// Words in the names of outdated documents, which describe a former state.
const OF_THE_PAST: [&str; 9] =
    ["old", "archive", "archived", "legacy", "deprecated", "obsolete", "changelog", "history", "removed"];

/// Tells whether the name of a document, or of a folder above it, marks it as outdated: its links are not kept up to
/// date.
fn is_of_the_past(document: &str) -> bool {
    let lower = document.to_ascii_lowercase();
    let stem = paths::name(&lower).split('.').next().unwrap_or_default();
    let names = paths::parent(&lower).split('/').chain([stem]);
    let mut words = names.flat_map(|name| name.split(['-', '_', ' ', '.']));
    words.any(|word| OF_THE_PAST.contains(&word))
}
