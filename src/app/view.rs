//! Views: the content of the screen. A view reads the scene, keeps its own selection, and answers keys with actions.

use std::any::Any;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::action::Action;
use super::command::{Command, CommandTarget};
use super::facts::Facts;
use super::key::Key;
use super::keymap::Keymap;
use super::marks::Marks;
use super::motion::{Motion, MotionHint};
use crate::model::{Env, Kind, ObjectRef};
use crate::theme::Theme;

/// Holds the input of rendering.
pub struct Scene<'a> {
    /// The facts.
    pub facts: &'a Facts,
    /// The theme.
    pub theme: &'a Theme,
    /// The keymap.
    pub keymap: &'a Keymap,
    /// Every command.
    pub commands: &'static [&'static Command],
    /// The marks on this screen; the marks of other screens are hidden from it.
    pub marks: Option<&'a Marks>,
    /// Whether keys go to this view.
    pub focus: bool,
}

impl Scene<'_> {
    /// Tells whether an object is marked on this screen.
    pub fn is_marked(&self, env: Env, object: &ObjectRef) -> bool {
        self.marks.is_some_and(|marks| marks.contains(env, object))
    }

    /// Tells whether this screen has marks in an environment.
    pub fn has_marks(&self, env: Env) -> bool {
        self.marks.is_some_and(|marks| marks.env() == env)
    }

    /// Writes the number of marks for a panel's title, and how many of them are not among the `seen` rows, so that no
    /// write acts on them.
    pub fn marked_word(&self, env: Env, seen: usize) -> String {
        let Some(marks) = self.marks.filter(|marks| marks.env() == env) else { return String::new() };
        match marks.len().saturating_sub(seen) {
            0 => format!("  {} marked", marks.len()),
            hidden => format!("  {} marked, {hidden} out of sight", marks.len()),
        }
    }

    /// Finds a command by its id, for a view that requests one.
    pub fn command(&self, id: &str) -> Option<&'static Command> {
        self.commands.iter().find(|command| command.id == id).copied()
    }
}

/// Shows a part of the state and answers keys. Everything but [`View::id`], [`View::title`] and [`View::render`] has a
/// default.
pub trait View: std::fmt::Debug + Send {
    /// Returns the view's id: the scope of its keys.
    fn id(&self) -> &'static str;

    /// Returns its title.
    fn title(&self, scene: &Scene<'_>) -> String;

    /// Draws it; decides nothing.
    fn render(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>);

    /// Tells why one of its own commands has no effect in its present state, by the command's id; `None` if it has one.
    /// `open` is asked for enter, on every screen.
    fn refusal(&self, _command: &str, _scene: &Scene<'_>) -> Option<String> {
        None
    }

    /// Returns the actions at its opening, such as a task that loads its content.
    fn opened(&mut self, _scene: &Scene<'_>) -> Vec<Action> {
        Vec::new()
    }

    /// Moves; `None` if the motion has no effect here.
    fn motion(&mut self, _motion: Motion, _scene: &Scene<'_>) -> Option<Vec<Action>> {
        None
    }

    /// Catches up with changed facts, and requests what it must read again.
    fn changed(&mut self, _scene: &Scene<'_>) -> Vec<Action> {
        Vec::new()
    }

    /// Catches up with the selection, after a while without a key.
    fn rested(&mut self, _scene: &Scene<'_>) -> Vec<Action> {
        Vec::new()
    }

    /// Returns the selection: commands act on it if there are no marks.
    fn targets(&self, _scene: &Scene<'_>) -> Vec<CommandTarget> {
        Vec::new()
    }

    /// Returns what the whole screen is about, for commands that the selected line is nothing for: a file is edited from
    /// every line of it.
    fn subject(&self) -> Option<CommandTarget> {
        None
    }

    /// Tells whether enter may have an effect on the selected line.
    fn is_openable(&self, scene: &Scene<'_>) -> bool {
        !self.targets(scene).is_empty()
    }

    /// Names the topics of the selected line, the most special first: a condition, a reason, a field, a rule, a cause.
    fn topics(&self, _scene: &Scene<'_>) -> Vec<String> {
        Vec::new()
    }

    /// Returns the place of the selected value in a file, in sops's form, for lessons.
    fn selected_value(&self, _scene: &Scene<'_>) -> Option<String> {
        None
    }

    /// Returns the marks of the panel with the focus, as far as their rows are in sight: writes act on them together.
    fn marked(&self, _scene: &Scene<'_>) -> Vec<CommandTarget> {
        Vec::new()
    }

    /// Returns the one environment that it shows, or that has the focus in it: new screens begin there.
    fn env(&self, _scene: &Scene<'_>) -> Option<Env> {
        None
    }

    /// Takes the answer of a task; the view knows the type of its answers.
    fn reply(&mut self, _payload: Box<dyn Any + Send>, _scene: &Scene<'_>) -> Vec<Action> {
        Vec::new()
    }

    /// Tells whether keys are text input rather than commands.
    fn takes_text(&self) -> bool {
        false
    }

    /// Takes a key as text input.
    fn text(&mut self, _key: Key, _scene: &Scene<'_>) -> Vec<Action> {
        Vec::new()
    }

    /// Takes pasted text; called only while the view takes text.
    fn paste(&mut self, _text: &str, _scene: &Scene<'_>) {}

    /// Takes the filter at each key; an empty one shows everything. Returns `false` if there is nothing to filter. The
    /// selection stays on its row while that is in sight.
    fn filter(&mut self, _text: &str, _scene: &Scene<'_>) -> bool {
        false
    }

    /// Counts the rows that its filter leaves, and all of them; `None` if nothing is hidden. The frame shows it in the
    /// title, and esc lifts it.
    fn filtered(&self, _scene: &Scene<'_>) -> Option<(usize, usize)> {
        None
    }

    /// Returns the name of its filter: a page that shows all its lines has a search instead.
    fn filter_word(&self) -> &'static str {
        "filter"
    }

    /// Tells whether its filter stays while another screen is open: it does if the user needs it to find the next item.
    fn keeps_filter(&self) -> bool {
        false
    }

    /// Lists its keys without a command of its own and their effects, for the footer.
    fn own_keys(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// Lists the keys during text input and their effects in words, for the footer; each view with text input has some.
    fn text_keys(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// Lists the motions with an effect of their own here, for the footer.
    fn motions(&self) -> &'static [MotionHint] {
        &[]
    }

    /// Returns the kinds that it needs watched, with their environments; Flux kinds are always watched.
    fn watches(&self, _scene: &Scene<'_>) -> Vec<(Env, &'static Kind)> {
        Vec::new()
    }

    /// Tells whether it is drawn over the view below instead of replacing it.
    fn overlay(&self) -> bool {
        false
    }

    /// Notes that another view hides it until that one closes.
    fn covered(&mut self) {}

    /// Returns the actions before it closes, such as a confirmation that changes are lost; without any it closes.
    fn closing(&mut self, _scene: &Scene<'_>) -> Vec<Action> {
        Vec::new()
    }

    /// Tells whether its content must leave no trace in any buffer once it is closed.
    fn secret(&self) -> bool {
        false
    }
}
