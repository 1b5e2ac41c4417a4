//! Documents. One file a rule.

mod link;
mod path;

use crate::check::Rule;

/// The rules.
pub(in crate::check) const RULES: &[Rule] = &[link::RULE, path::RULE];

/// Iterates over the lines of a document outside of code fences, with their numbers from one.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fence: Option<&str> = None;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let mark = ["```", "~~~"].into_iter().find(|mark| line.trim_start().starts_with(mark));
        match (fence, mark) {
            (None, Some(mark)) => fence = Some(mark),
            (Some(open), Some(mark)) if open == mark => {
                fence = None;
                return None;
            }
            _ => {}
        }
        fence.is_none().then(|| (index.saturating_add(1), line))
    })
}

/// Tells whether a file is a document.
fn is_document(path: &str) -> bool {
    let extension = path.rsplit('.').next().unwrap_or_default();
    matches!(extension, "md" | "markdown")
}
