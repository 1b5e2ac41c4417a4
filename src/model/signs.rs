//! The signs that screens draw, each with what it means: what draws one names it here, and help lists them all.

/// Holds a sign and its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScreenSign {
    /// What is drawn.
    pub sign: &'static str,
    /// Where it is drawn, in a word or two.
    pub place: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

macro_rules! signs {
    ($($(#[$doc:meta])* $name:ident = $sign:literal, $place:literal, $meaning:literal;)+) => {
        $($(#[$doc])* pub const $name: ScreenSign = ScreenSign { sign: $sign, place: $place, meaning: $meaning };)+

        /// Every sign, in the order in which help lists them.
        pub const SIGNS: &[ScreenSign] = &[$($name),+];
    };
}

signs! {
    /// A state.
    READY = "=", "state", "ready: as Git says, and healthy; in git and among keys: in order, the same";
    /// A state.
    PROGRESSING = "~", "state", "progressing: its controller works on it, or it is not as it should be yet";
    /// A state.
    FAILED = "x", "state", "failed, or wrong: the message says why; of a secret: not as in Git";
    /// A state.
    WAITING = ".", "state", "waiting for something else";
    /// A state.
    SUSPENDED = "#", "state", "suspended: nobody reconciles it until it is resumed";
    /// A state.
    UNKNOWN = "?", "state", "not known yet, or nobody can tell";
    /// A warning.
    WARNING = "!", "state", "a warning: it works, and something is to be done";
    /// A warning beside a file.
    FILE_WARNING = "(!)", "file", "a warning of the check about the file, or about what is in the folder";
    /// An error beside a file.
    FILE_ERROR = "(x)", "file", "an error of the check about it: ‹key:findings› lists them";
    /// What is selected.
    SELECTED = ">", "row", "selected; before a panel's title: keys go there";
    /// What is marked.
    MARKED = "+", "row", "marked with ‹key:mark›: writes act on all that is marked";
    /// What is both.
    SELECTED_AND_MARKED = "}", "row", "selected and marked";
    /// What belongs together.
    LINKED = "*", "row", "it belongs to what is selected in the other panel: its files, what it feeds";
    /// A folder that is open.
    OPEN_FOLDER = "v", "folder", "open: ‹key:left› closes it";
    /// A folder that is closed.
    CLOSED_FOLDER = ">", "folder", "closed: ‹key:right› or ‹key:open› opens it";
    /// A value that was changed.
    CHANGED = "*", "value", "changed, and not saved";
    /// A value or line that is new.
    ADDED = "+", "value", "added; between Git and a cluster: in Git alone";
    /// A value or line that is gone.
    REMOVED = "-", "value", "removed; between Git and a cluster: in the cluster alone";
    /// A value that has another name.
    RENAMED = "~", "value", "renamed";
    /// Where a text goes on.
    CUT = "~", "end", "the text goes on behind the edge";
}

#[cfg(test)]
mod tests {
    use super::SIGNS;

    #[test]
    fn a_sign_means_one_thing_in_one_place() {
        for (index, one) in SIGNS.iter().enumerate() {
            let other = SIGNS.iter().skip(index + 1).find(|other| (other.sign, other.place) == (one.sign, one.place));
            assert_eq!(other, None, "{one:?}");
        }
    }
}
