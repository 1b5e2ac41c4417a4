//! Views: what the screen shows. A view reads the scene, keeps its own selection, and answers keys with actions.

use std::any::Any;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::action::Action;
use super::command::{Command, CommandTarget};
use super::facts::Facts;
use super::key::Key;
use super::keymap::Keymap;
use super::marks::Marks;
use super::motion::Motion;
use crate::model::{Env, Kind, ObjectRef};
use crate::theme::Theme;

/// Holds what rendering may read.
pub struct Scene<'a> {
    /// What is known.
    pub facts: &'a Facts,
    /// How it looks.
    pub theme: &'a Theme,
    /// What keys do.
    pub keymap: &'a Keymap,
    /// Every command there is.
    pub commands: &'static [&'static Command],
    /// What is marked on this screen; other screens' marks are not for it to know.
    pub marks: Option<&'a Marks>,
    /// Whether this view is the one that keys go to.
    pub focus: bool,
}

impl Scene<'_> {
    /// Tells whether an object is marked on this screen.
    pub fn is_marked(&self, env: Env, object: &ObjectRef) -> bool {
        self.marks.is_some_and(|marks| marks.contains(env, object))
    }

    /// Tells whether anything of an environment is marked on this screen.
    pub fn has_marks(&self, env: Env) -> bool {
        self.marks.is_some_and(|marks| marks.env() == env)
    }

    /// Says in a panel's title how much of it is marked, and how much of that is not among the `seen` rows and so not acted on.
    pub fn marked_word(&self, env: Env, seen: usize) -> String {
        let Some(marks) = self.marks.filter(|marks| marks.env() == env) else { return String::new() };
        match marks.len().saturating_sub(seen) {
            0 => format!("  {} marked", marks.len()),
            hidden => format!("  {} marked, {hidden} out of sight", marks.len()),
        }
    }

    /// Finds a command by its id, for a view that asks for one.
    pub fn command(&self, id: &str) -> Option<&'static Command> {
        self.commands.iter().find(|command| command.id == id).copied()
    }
}

/// Shows something and answers keys. Everything but [`View::id`], [`View::title`] and [`View::render`] has a default.
pub trait View: std::fmt::Debug + Send {
    /// Returns the view's id: the scope of its keys.
    fn id(&self) -> &'static str;

    /// Returns its title.
    fn title(&self, scene: &Scene<'_>) -> String;

    /// Draws it; decides nothing.
    fn render(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>);

    /// Returns what it wants done when it is opened, such as a task that loads what it shows.
    fn opened(&mut self, _scene: &Scene<'_>) -> Vec<Action> {
        Vec::new()
    }

    /// Moves; `None` when the motion means nothing here.
    fn motion(&mut self, _motion: Motion, _scene: &Scene<'_>) -> Option<Vec<Action>> {
        None
    }

    /// Catches up with the facts after they changed, and asks for what must be read again.
    fn changed(&mut self, _scene: &Scene<'_>) -> Vec<Action> {
        Vec::new()
    }

    /// Catches up with the selection, once no key has come for a while.
    fn rested(&mut self, _scene: &Scene<'_>) -> Vec<Action> {
        Vec::new()
    }

    /// Returns what is selected: what commands act on where nothing is marked.
    fn targets(&self, _scene: &Scene<'_>) -> Vec<CommandTarget> {
        Vec::new()
    }

    /// Returns what is marked in the panel that has the focus, as far as its rows are in sight: what writes act on together.
    fn marked(&self, _scene: &Scene<'_>) -> Vec<CommandTarget> {
        Vec::new()
    }

    /// Returns the one environment that it shows, or that has the focus in it: screens that are opened from it begin there.
    fn env(&self, _scene: &Scene<'_>) -> Option<Env> {
        None
    }

    /// Takes the answer of a task; the view knows the type that it asked for.
    fn reply(&mut self, _payload: Box<dyn Any + Send>, _scene: &Scene<'_>) -> Vec<Action> {
        Vec::new()
    }

    /// Tells whether keys are text for it rather than commands.
    fn takes_text(&self) -> bool {
        false
    }

    /// Takes a key as text.
    fn text(&mut self, _key: Key, _scene: &Scene<'_>) -> Vec<Action> {
        Vec::new()
    }

    /// Takes pasted text; only called while the view takes text.
    fn paste(&mut self, _text: &str, _scene: &Scene<'_>) {}

    /// Takes the filter as it is typed; empty shows everything. Returns `false` when there is nothing to filter. The selection stays on what it is
    /// on while that is in sight.
    fn filter(&mut self, _text: &str, _scene: &Scene<'_>) -> bool {
        false
    }

    /// Counts the rows that its filter leaves, and all of them; `None` while nothing is hidden. The frame shows it in the title, and esc lifts it.
    fn filtered(&self, _scene: &Scene<'_>) -> Option<(usize, usize)> {
        None
    }

    /// Lists what keys do while they are text for it, in words, for the footer.
    fn text_keys(&self) -> &'static [(&'static str, &'static str)] {
        &[("esc", "back")]
    }

    /// Returns the kinds that it needs watched, in which environments; Flux kinds are watched anyway.
    fn watches(&self, _scene: &Scene<'_>) -> Vec<(Env, &'static Kind)> {
        Vec::new()
    }

    /// Tells whether it is drawn over the view below rather than instead of it.
    fn overlay(&self) -> bool {
        false
    }

    /// Notes that another view takes its place on the screen until that one closes.
    fn covered(&mut self) {}

    /// Returns what to ask before it closes, such as a confirmation that changes are lost; empty closes it.
    fn closing(&mut self, _scene: &Scene<'_>) -> Vec<Action> {
        Vec::new()
    }

    /// Tells whether what it shows must leave no trace in any buffer once it is closed.
    fn secret(&self) -> bool {
        false
    }
}
