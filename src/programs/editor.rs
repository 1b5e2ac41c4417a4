//! The user's preferred editor.

/// The editor of last resort, required by POSIX.
const LAST_RESORT: &str = "vi";

/// Returns the user's editor, chosen as in git and sudoedit.
pub fn preferred_editor() -> String {
    ["VISUAL", "EDITOR"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.trim().is_empty()))
        .unwrap_or_else(|| LAST_RESORT.to_owned())
}
