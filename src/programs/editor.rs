//! The editor that the operator prefers.

/// The editor of last resort, which POSIX knows.
const LAST_RESORT: &str = "vi";

/// Finds the operator's editor, as git and sudoedit do.
pub fn preferred_editor() -> String {
    ["VISUAL", "EDITOR"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.trim().is_empty()))
        .unwrap_or_else(|| LAST_RESORT.to_owned())
}
