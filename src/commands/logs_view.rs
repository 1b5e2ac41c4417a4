//! The switches of an open log, each a command.

use super::verb::lesson;
use crate::app::{Action, Command, KeyScope, Risk};
use crate::views::logs::Change;

const DOCS: &str = "https://kubernetes.io/docs/concepts/cluster-administration/logging/";

macro_rules! switches {
    ($($(#[$doc:meta])* $name:ident = $id:literal, $title:literal, $key:literal, $change:ident, $why:literal, $look_for:literal;)*) => {
        $($(#[$doc])* pub static $name: Command = Command {
            id: $id,
            title: $title,
            keys: &[$key],
            scope: KeyScope::View("logs"),
            risk: Risk::Reads,
            questions: &[],
            lesson: |_| lesson("", $why, $look_for, DOCS),
            run: |_| vec![Action::Hand(Box::new(Change::$change))],
        };)*
    };
}

switches! {
    /// Shows every line of the controller, or only those of the object.
    ALL = "logs-all", "All or only its own", "a", All,
        "The controller works on many objects; what held this one up may be said of another.", "errors of its source or of what it depends on.";
    /// Shows lines as the container wrote them, or in a readable form.
    AS_WRITTEN = "logs-as-written", "As written", "o", AsWritten,
        "JSON is shown as a message with the rest behind it; as written it is what a search or a report needs.", "fields that say more, such as reconcileID.";
    /// Shows the lines around the matches.
    AROUND = "logs-around", "Around matches", "m", Around,
        "A filter hides the lines around a match; with them, ‹key:next-match› and ‹key:previous-match› go from match to match.", "what happened just before.";
    /// Wraps long lines, or cuts them.
    WRAP = "logs-wrap", "Wrap", "w", Wrap, "Long lines are cut at the edge; wrapped they are whole.", "the end of an error: its cause stands last.";
    /// Shows times, or hides them.
    TIMES = "logs-times", "Times", "T", Times, "The node's clock puts a time on each line.", "gaps: something waited there.";
    /// Reads further back.
    SINCE = "logs-since", "Since", "S", Since,
        "A log opens at its last lines; this reads 5 minutes, an hour, a day.", "when it began: what stands just before the first error.";
    /// Reads the run of the container before this one.
    PREVIOUS = "logs-previous", "The run before", "p", Previous,
        "A container that was restarted left a log of its own behind.", "its last lines: why it ended.";
    /// Reads the next container.
    CONTAINER = "logs-container", "Next container", "C", Container,
        "A pod may have several containers, and some that prepare it.", "an init container that failed holds the others up.";
    /// Copies the selected line.
    COPY = "logs-copy", "Copy the line", "c", Copy, "The line goes to your own clipboard as it was written.", "paste it into an issue or a search.";
}
