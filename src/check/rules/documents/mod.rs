//! Documents. One file a rule.

use crate::check::Rule;

rules! { link, path, unreached }

/// Tells whether a file is a document.
fn is_document(path: &str) -> bool {
    let extension = path.rsplit('.').next().unwrap_or_default();
    matches!(extension, "md" | "markdown")
}
