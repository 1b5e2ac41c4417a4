//! The names that styles are given to.

use serde::Deserialize;

macro_rules! scopes {
    ($($(#[$doc:meta])* $scope:ident = $name:literal,)*) => {
        /// Names a part of the screen that has a style of its own; the names in theme files stand beside each.
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
    /// Text that matters less.
    Dim = "dim",
    /// The header line.
    Header = "header",
    /// Titles of panels.
    Title = "title",
    /// Headings within panels.
    Heading = "heading",
    /// Borders of panels.
    Border = "border",
    /// The border of the panel that keys go to.
    BorderFocus = "border.focus",
    /// The sign and the name of the selected line.
    Selection = "selection",
    /// What the selection is linked with, in the other panels.
    Linked = "linked",
    /// Marked lines.
    Marked = "marked",
    /// What is ready.
    Ready = "state.ready",
    /// What is being worked on.
    Progressing = "state.progressing",
    /// What failed.
    Failed = "state.failed",
    /// What waits for something else.
    Waiting = "state.waiting",
    /// What is suspended.
    Suspended = "state.suspended",
    /// What is not known.
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
    /// Notices that tell of something good or neutral.
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
