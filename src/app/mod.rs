//! The engine, pure: messages go in, the state changes, effects come out. It does no I/O and never blocks.

pub mod action;
pub mod command;
pub mod dialog;
pub mod facts;
pub mod guard;
pub mod health;
pub mod key;
pub mod keymap;
mod marks;
pub mod message;
pub mod motion;
pub mod notice;
pub mod operation;
pub mod pending;
mod screen;
pub mod task;
pub mod terminal;
#[cfg(test)]
pub mod test_support;
#[cfg(test)]
mod tests;
pub mod update;
pub mod view;

use std::collections::{BTreeMap, BTreeSet};

pub use action::{Action, Effect, OnScreen};
pub use command::{Ask, Command, CommandQuestion, CommandTarget, KeyScope, Risk};
pub use facts::{Facts, KindTable, RevisedFacts};
pub use guard::{Consent, Permit, Verdict};
pub use health::EnvironmentHealth;
pub use key::Key;
pub use keymap::Keymap;
pub use marks::Marks;
pub use message::Msg;
pub use motion::Motion;
pub use notice::Notice;
pub use operation::{Op, OpId, Operation};
pub use pending::{PendingAnswer, PendingCount};
pub use task::{Reply, Task, TaskContext, Ticket};
pub use terminal::{Lender, Program};
pub use view::{Scene, View};

use crate::model::{Env, Kind, Lesson, WantedPlugin};
use crate::theme::Theme;

/// Holds the whole state of the cockpit.
pub struct App {
    /// What is known.
    pub facts: RevisedFacts,
    /// How it looks.
    pub theme: Theme,
    keymap: Keymap,
    commands: &'static [&'static Command],
    layers: Vec<Layer>,
    /// What is marked, on the one screen that it was marked on.
    marks: Option<Marks>,
    start: Option<Box<dyn View>>,
    next_ticket: u64,
    next_operation: u64,
    next_generation: u64,
    watched: BTreeMap<(Env, crate::model::GroupKind<'static>), Watched>,
    filtering: Option<String>,
    lesson: Option<(String, Lesson)>,
    /// What was selected as the lesson was shown: it stays while that does. None for that of a command, which stays until the selection is
    /// moved.
    lesson_of: Option<Vec<CommandTarget>>,
    lesson_shown: bool,
    notice_shown: bool,
    resting: bool,
    /// A plug-in that was refused, until the operator is asked about it.
    wanted_plugin: Option<WantedPlugin>,
    /// The plug-ins that the operator was asked about before a command that may start them: nobody is asked twice.
    asked_plugins: BTreeSet<String>,
}

/// A view on the stack, with the ticket that replies to it carry.
struct Layer {
    ticket: Ticket,
    view: Box<dyn View>,
    /// The filter that was typed last; [`View::filtered`] tells whether it still hides something.
    filter: String,
    /// What the lesson panel showed as it was opened, which belongs to the screen below: it comes back with that one.
    below: Option<LessonShown>,
}

/// The lesson of a screen, with its title, and what was selected as it was shown.
type LessonShown = (Option<(String, Lesson)>, Option<Vec<CommandTarget>>);

/// A kind that is watched in an environment, and whether anybody still looks.
struct Watched {
    kind: &'static Kind,
    wanted: bool,
}

impl App {
    /// Starts with a root view, which cannot be closed.
    pub fn new(
        facts: Facts,
        theme: Theme,
        keymap: Keymap,
        commands: &'static [&'static Command],
        root: Box<dyn View>,
    ) -> Self {
        Self {
            facts: facts.into(),
            theme,
            keymap,
            commands,
            layers: vec![Layer { ticket: Ticket(0), view: root, filter: String::new(), below: None }],
            marks: None,
            start: None,
            next_ticket: 1,
            next_operation: 1,
            next_generation: 1,
            watched: BTreeMap::new(),
            filtering: None,
            lesson: None,
            lesson_of: Some(Vec::new()),
            lesson_shown: true,
            notice_shown: false,
            resting: true,
            wanted_plugin: None,
            asked_plugins: BTreeSet::new(),
        }
    }

    /// Begins with another view on top of the root, which opens once the environments are known.
    pub fn start_with(&mut self, view: Box<dyn View>) {
        self.start = Some(view);
    }

    /// Returns the id of the view on top.
    pub fn view_id(&self) -> &'static str {
        self.layers.last().map_or("", |layer| layer.view.id())
    }

    /// Returns the environment that the view on top shows, where it shows one.
    #[cfg(test)]
    pub fn view_env(&self) -> Option<Env> {
        self.layers.last().and_then(|layer| layer.view.env(&self.scene(layer.ticket, true)))
    }

    /// Returns what a write would act on now: what is marked in the panel that has the focus, else what is selected there.
    pub fn targets(&self) -> Vec<CommandTarget> {
        let marked = self.layers.last().map(|layer| layer.view.marked(&self.scene(layer.ticket, true)));
        marked.filter(|marked| !marked.is_empty()).unwrap_or_else(|| self.selected())
    }

    /// Returns what is selected.
    fn selected(&self) -> Vec<CommandTarget> {
        self.layers.last().map(|layer| layer.view.targets(&self.scene(layer.ticket, true))).unwrap_or_default()
    }

    /// Returns what a command would act on now: one that opens something takes what is selected, wherever the marks are.
    fn targets_of(&self, command: &Command) -> Vec<CommandTarget> {
        if command.takes_marks() { self.targets() } else { self.selected() }
    }

    /// Returns the lesson that the panel shows.
    pub fn lesson(&self) -> Option<&(String, Lesson)> {
        self.lesson.as_ref()
    }

    fn scene(&self, screen: Ticket, focus: bool) -> Scene<'_> {
        let marks = self.marks.as_ref().filter(|marks| marks.are_of(screen));
        Scene { facts: &self.facts, theme: &self.theme, keymap: &self.keymap, commands: self.commands, marks, focus }
    }

    fn command(&self, id: &str) -> Option<&'static Command> {
        self.commands.iter().find(|command| command.id == id).copied()
    }
}
