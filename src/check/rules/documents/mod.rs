//! Documents. One file a rule.

mod link;
mod path;
mod unreached;

use crate::check::Rule;

/// The rules.
pub(in crate::check) const RULES: &[Rule] = &[link::RULE, path::RULE, unreached::RULE];

/// Tells whether a file is a document.
fn is_document(path: &str) -> bool {
    let extension = path.rsplit('.').next().unwrap_or_default();
    matches!(extension, "md" | "markdown")
}
