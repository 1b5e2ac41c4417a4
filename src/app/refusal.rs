//! Why a command has no effect now. Keys tell it, the footer leaves the command out, and the palette and help show it:
//! all of them ask here.

use super::command::KeyScope;
use super::motion::{Motion, MotionHint};
use super::{App, Command};

impl App {
    /// Tells why a command has no effect on the screen on top; `None` if it has one.
    pub(super) fn refusal(&self, command: &Command) -> Option<String> {
        self.reason_against(command).map(|why| self.keymap.written(&why).into_owned())
    }

    fn reason_against(&self, command: &Command) -> Option<String> {
        if let KeyScope::While(why) = command.scope
            && let Some(why) = why(&self.facts)
        {
            return Some(why.to_owned());
        }
        if self.lesson.is_none() && matches!(command.id, "lesson-copy" | "lesson-open") {
            return Some("there is no lesson here".to_owned());
        }
        if command.id == "copy" && self.targets().is_empty() {
            return Some("nothing is selected".to_owned());
        }
        let layer = self.layers.last()?;
        if !command.scope_is(layer.view.id()) && command.id != "open" {
            return None;
        }
        layer.view.refusal(command.id, &self.scene(layer.ticket, true))
    }

    /// Tells why enter has no effect on the screen on top; `None` if it has one.
    pub(super) fn opening_refusal(&self) -> Option<String> {
        self.command("open").and_then(|command| self.refusal(command))
    }

    /// Lists the commands that have no effect on the screen on top, by their ids, each with its reason.
    pub(super) fn refusals(&self) -> Vec<(&'static str, String)> {
        let view = self.view_id();
        let here = self
            .commands
            .iter()
            .filter(|command| command.scope_is(view) || !matches!(command.scope, KeyScope::View(_)));
        here.filter_map(|command| Some((command.id, self.refusal(command)?))).collect()
    }

    /// Tells whether a motion that the screen on top names has an effect now.
    pub(super) fn is_offered(&self, hint: &MotionHint, has_selection: bool) -> bool {
        let has = |motion: Motion| hint.motions.contains(&motion);
        let is_lone = self.facts.environments.len() < 2 && has(Motion::NextEnvironment);
        let is_markless = !has_selection && has(Motion::Mark);
        let is_closed = has(Motion::Open) && self.opening_refusal().is_some();
        !(is_lone || is_markless || is_closed)
    }
}

/// Tells why a motion that the screen on top does not handle has no effect; `None` if that goes without saying.
pub(super) fn without_effect(motion: Motion) -> Option<&'static str> {
    match motion {
        Motion::NextPanel | Motion::PreviousPanel | Motion::Panel(_) => Some("this screen has no other panel"),
        Motion::NextTab | Motion::PreviousTab => Some("this screen has no tabs"),
        Motion::Mark => Some("there is nothing to mark here"),
        Motion::NextMatch | Motion::PreviousMatch => Some("nothing is searched for: ‹key:filter› begins a search"),
        _ => None,
    }
}
