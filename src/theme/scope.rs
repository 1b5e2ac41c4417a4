//! The names of styles.

use serde::Deserialize;

macro_rules! scopes {
    ($($(#[$doc:meta])* $scope:ident = $name:literal,)*) => {
        /// Names a part of the screen with its own style; the name in theme files is beside each.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
        pub enum Scope { $($(#[$doc])* #[serde(rename = $name)] $scope,)* }

        impl Scope {
            /// Every scope, for tests and listings.
            pub const ALL: &'static [Self] = &[$(Self::$scope),*];

            /// Returns the scope's name in theme files.
            pub fn name(self) -> &'static str {
                match self { $(Self::$scope => $name),* }
            }
        }
    };
}

scopes! {
    /// Plain text.
    Text = "text",
    /// Less important text.
    Dim = "dim",
    /// The header line.
    Header = "header",
    /// Titles of panels.
    Title = "title",
    /// Headings within panels.
    Heading = "heading",
    /// Borders of panels.
    Border = "border",
    /// The border of the panel with the focus.
    BorderFocus = "border.focus",
    /// The sign and the name of the selected line.
    Selection = "selection",
    /// The lines in other panels that are linked with the selection.
    Linked = "linked",
    /// Marked lines.
    Marked = "marked",
    /// Ready objects.
    Ready = "state.ready",
    /// Progressing objects.
    Progressing = "state.progressing",
    /// Failed objects.
    Failed = "state.failed",
    /// Waiting objects.
    Waiting = "state.waiting",
    /// Suspended objects.
    Suspended = "state.suspended",
    /// Objects of unknown state.
    Unknown = "state.unknown",
    /// Git marks in the tree.
    Git = "git",
    /// The lock of encrypted files.
    Lock = "lock",
    /// Folders in the tree.
    Folder = "folder",
    /// Keys in the footer and in help.
    Key = "key",
    /// Command lines in lessons.
    Shell = "shell",
    /// The label of a protected environment.
    Protected = "protected",
    /// The label of the demo.
    Demo = "demo",
    /// Notices of success, or neutral ones.
    Notice = "notice",
    /// Notices of faults.
    Error = "error",
    /// Text being typed.
    Input = "input",
    /// Masked values.
    Masked = "masked",
    /// Revealed values.
    Revealed = "revealed",
    /// Added lines of a difference.
    Added = "diff.added",
    /// Removed lines of a difference.
    Removed = "diff.removed",
    /// Found text.
    Match = "match",
}
