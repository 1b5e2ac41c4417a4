//! Motions: keys that move the selection or the view and change nothing outside. A [`Command`](super::Command) makes
//! changes.

use super::key::Key;

/// Moves within a view or between views.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Motion {
    /// One line up.
    Up,
    /// One line down.
    Down,
    /// To the left; closes a folder.
    Left,
    /// To the right; opens a folder.
    Right,
    /// To the first line.
    Top,
    /// To the last line.
    Bottom,
    /// Half a page up.
    HalfUp,
    /// Half a page down.
    HalfDown,
    /// Opens the selection.
    Open,
    /// Returns to the view before; never quits.
    Back,
    /// To the next panel.
    NextPanel,
    /// To the panel before.
    PreviousPanel,
    /// To a panel by its number, from 1.
    Panel(u8),
    /// To the next tab.
    NextTab,
    /// To the tab before.
    PreviousTab,
    /// Marks or unmarks the selection.
    Mark,
    /// Starts to type a filter.
    Filter,
    /// To the next match.
    NextMatch,
    /// To the match before.
    PreviousMatch,
    /// Moves the focus to the next environment, or shows it on a screen of one environment.
    NextEnvironment,
    /// Moves the focus to the environment before, or shows it.
    PreviousEnvironment,
    /// Draws the whole screen again.
    Redraw,
}

/// Describes the motions with an effect of their own on a screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MotionHint {
    /// The motions, which the footer shows by the first key of each.
    pub motions: &'static [Motion],
    /// Their effect, in a word or two.
    pub what: &'static str,
}

impl MotionHint {
    /// Changes the tab.
    pub const TABS: Self = Self { motions: &[Motion::PreviousTab, Motion::NextTab], what: "tab" };
    /// Shows the same in another environment.
    pub const ENVIRONMENT: Self =
        Self { motions: &[Motion::PreviousEnvironment, Motion::NextEnvironment], what: "environment" };
    /// Marks lines for the next command.
    pub const MARK: Self = Self { motions: &[Motion::Mark], what: "mark" };
}

/// Lists the motions with their names in the configuration, their keys, and their lines in help.
pub const MOTIONS: &[(Motion, &str, &[&str], &str)] = &[
    (Motion::Down, "down", &["j", "down"], "one line down"),
    (Motion::Up, "up", &["k", "up"], "one line up"),
    (Motion::Left, "left", &["h", "left"], "close the folder, or columns to the left"),
    (Motion::Right, "right", &["right"], "open the folder, or columns to the right"),
    (Motion::Top, "top", &["g", "home"], "first line"),
    (Motion::Bottom, "bottom", &["G", "end"], "last line"),
    (Motion::HalfUp, "half-up", &["ctrl-u", "pageup"], "half a page up"),
    (Motion::HalfDown, "half-down", &["ctrl-d", "pagedown"], "half a page down"),
    (Motion::Open, "open", &["enter"], "open what is selected"),
    (Motion::Back, "back", &["esc"], "back; never quits"),
    (Motion::NextPanel, "next-panel", &["tab"], "next panel"),
    (Motion::PreviousPanel, "previous-panel", &["backtab"], "panel before"),
    (Motion::Panel(1), "panel-1", &["1"], "first panel or tab"),
    (Motion::Panel(2), "panel-2", &["2"], "second panel or tab"),
    (Motion::Panel(3), "panel-3", &["3"], "third panel or tab"),
    (Motion::Panel(4), "panel-4", &["4"], "fourth panel or tab"),
    (Motion::Panel(5), "panel-5", &["5"], "fifth panel or tab"),
    (Motion::Panel(6), "panel-6", &["6"], "sixth panel or tab"),
    (Motion::Panel(7), "panel-7", &["7"], "seventh panel or tab"),
    (Motion::Panel(8), "panel-8", &["8"], "eighth panel or tab"),
    (Motion::Panel(9), "panel-9", &["9"], "ninth panel or tab"),
    (Motion::NextTab, "next-tab", &["]"], "next tab; in a list the next kind"),
    (Motion::PreviousTab, "previous-tab", &["["], "tab before; in a list the kind before"),
    (Motion::Mark, "mark", &["space"], "mark or unmark"),
    (Motion::Filter, "filter", &["/"], "filter"),
    (Motion::NextMatch, "next-match", &["n"], "next match"),
    (Motion::PreviousMatch, "previous-match", &["N"], "match before"),
    (Motion::NextEnvironment, "next-environment", &[">"], "next environment"),
    (Motion::PreviousEnvironment, "previous-environment", &["<"], "environment before"),
    (Motion::Redraw, "redraw", &["ctrl-l"], "draw the screen again"),
];

/// Moves a selection of `count` lines by a motion, with a page of `page` lines; `None` if the motion does not move it.
pub fn step(selected: usize, count: usize, page: u16, motion: Motion) -> Option<usize> {
    let half = usize::from(page / 2).max(1);
    let last = count.saturating_sub(1);
    Some(match motion {
        Motion::Up => selected.saturating_sub(1),
        Motion::Down => (selected + 1).min(last),
        Motion::Top => 0,
        Motion::Bottom => last,
        Motion::HalfUp => selected.saturating_sub(half),
        Motion::HalfDown => (selected + half).min(last),
        _ => return None,
    })
}

/// Returns the motion of a key by default.
pub fn default_motion(key: Key) -> Option<Motion> {
    MOTIONS.iter().find(|(_, _, keys, _)| keys.iter().any(|text| text.parse() == Ok(key))).map(|(motion, ..)| *motion)
}
