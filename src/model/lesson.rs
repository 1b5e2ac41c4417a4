//! What fluxdeck teaches: the command, why, what to look for, where it is documented.

use serde::Serialize;

use super::ShellLine;

/// Teaches one action on one object: names are filled in, so the line can be typed as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lesson {
    /// The exact flux, kubectl, sops or git line that does the same.
    pub shell: ShellLine,
    /// What it does and why it helps here.
    pub why: String,
    /// What to look for in its output.
    pub look_for: String,
    /// Where it is documented: an address of the official documentation.
    pub docs: &'static str,
}
