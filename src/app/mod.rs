//! The engine, pure: messages go in, the state changes, effects come out. It does no I/O and never blocks.

pub mod action;
pub mod command;
pub mod dialog;
mod distance;
mod exercise;
pub mod facts;
pub mod guard;
pub mod health;
pub mod key;
pub mod keymap;
mod lesson;
mod marks;
pub mod message;
pub mod motion;
pub mod notice;
pub mod operation;
pub mod pending;
mod refusal;
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
pub use command::{Ask, Command, CommandQuestion, CommandTarget, KeyScope, OfferedTargets, Risk};
pub use distance::distance;
pub use exercise::ExerciseProgress;
pub use facts::{Facts, KindTable, RevisedFacts};
pub use guard::{Consent, Permit, Verdict};
pub use health::EnvironmentHealth;
pub use key::Key;
pub use keymap::Keymap;
pub use lesson::lesson_of_commit;
pub use marks::Marks;
pub use message::Msg;
pub use motion::{Motion, MotionHint};
pub use notice::Notice;
pub use operation::{Op, OpId, Operation};
pub use pending::{PendingAnswer, PendingCount};
pub use task::{Reply, Task, TaskContext, Ticket};
pub use terminal::{Lender, Program};
use update::first_focus::FirstFocus;
pub use view::{Scene, View};

use crate::model::{Env, Kind, Lesson, LessonHabits, LessonMode, WantedPlugin};
use crate::theme::Theme;

/// Says what ends a notice that is no fault, beside leaving its screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NoticeEnd {
    /// The next key: it answered a key.
    Key,
    /// The next command that runs: nobody asked for it, or it may name what comes next.
    Command,
}

/// Holds the whole state of the cockpit.
pub struct App {
    /// The facts.
    pub facts: RevisedFacts,
    /// The theme.
    pub theme: Theme,
    keymap: Keymap,
    commands: &'static [&'static Command],
    layers: Vec<Layer>,
    /// The marks, which belong to one screen.
    marks: Option<Marks>,
    start: Option<Box<dyn View>>,
    next_ticket: u64,
    next_operation: u64,
    next_generation: u64,
    watched: BTreeMap<(Env, crate::model::GroupKind<'static>), Watched>,
    /// The last examination of each environment.
    examined: BTreeMap<Env, update::Examined>,
    filtering: Option<String>,
    lesson: Option<(String, Lesson)>,
    /// The selection at the time of the lesson, which stays as long as the selection does; `None` for a command's
    /// lesson, which stays until the selection moves.
    lesson_of: Option<Vec<CommandTarget>>,
    lesson_shown: bool,
    /// Whether the shown lesson is whole although it was met often.
    lesson_whole: bool,
    /// How often lessons were met, and how much of them is wanted.
    habits: LessonHabits,
    /// The lessons of selections that this session counted.
    looked: BTreeSet<String>,
    /// The screen or dialog that shows the last notice.
    notice_of: Option<Ticket>,
    /// What ends the last notice.
    notice_end: NoticeEnd,
    resting: bool,
    first_focus: FirstFocus,
    /// The plug-in that was refused, until the user is asked about it.
    wanted_plugin: Option<WantedPlugin>,
    /// The plug-ins that the user was asked about before a command that may start them, so that no question comes
    /// twice.
    asked_plugins: BTreeSet<String>,
}

/// A view on the stack, with the ticket of its replies.
struct Layer {
    ticket: Ticket,
    view: Box<dyn View>,
    /// The last typed filter; [`View::filtered`] tells whether it still hides something.
    filter: String,
    /// The lesson of the screen below, which returns with that screen.
    below: Option<LessonShown>,
}

/// The lesson of a screen, with its title, and the selection at that time.
type LessonShown = (Option<(String, Lesson)>, Option<Vec<CommandTarget>>);

/// A watched kind in an environment, and whether a view still needs it.
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
            examined: BTreeMap::new(),
            filtering: None,
            lesson: None,
            lesson_of: Some(Vec::new()),
            lesson_shown: true,
            lesson_whole: false,
            habits: LessonHabits::default(),
            looked: BTreeSet::new(),
            notice_of: None,
            notice_end: NoticeEnd::Command,
            resting: true,
            first_focus: FirstFocus::Open,
            wanted_plugin: None,
            asked_plugins: BTreeSet::new(),
        }
    }

    /// Sets another first view on top of the root, which opens once the environments are known.
    pub fn start_with(&mut self, view: Box<dyn View>) {
        self.start = Some(view);
    }

    /// Sets how much of lessons is shown, as the settings say.
    pub fn show_lessons(&mut self, mode: LessonMode) {
        self.habits.mode = Some(mode);
        self.lesson_shown = mode != LessonMode::Never;
    }

    /// Returns the id of the view on top.
    pub fn view_id(&self) -> &'static str {
        self.layers.last().map_or("", |layer| layer.view.id())
    }

    /// Counts the views on the stack.
    #[cfg(test)]
    pub fn depth(&self) -> usize {
        self.layers.len()
    }

    /// Hides notice and lesson, so that only the views are drawn.
    #[cfg(test)]
    pub fn bare(&mut self) {
        (self.notice_of, self.lesson_shown) = (None, false);
    }

    /// Returns the environment that the view on top shows, if it shows one.
    #[cfg(test)]
    pub fn view_env(&self) -> Option<Env> {
        self.layers.last().and_then(|layer| layer.view.env(&self.scene(layer.ticket, true)))
    }

    /// Returns the targets of a write: the marks of the panel with the focus, else its selection.
    pub fn targets(&self) -> Vec<CommandTarget> {
        let marked = self.layers.last().map(|layer| layer.view.marked(&self.scene(layer.ticket, true)));
        marked.filter(|marked| !marked.is_empty()).unwrap_or_else(|| self.selected())
    }

    /// Returns the selection.
    fn selected(&self) -> Vec<CommandTarget> {
        self.layers.last().map(|layer| layer.view.targets(&self.scene(layer.ticket, true))).unwrap_or_default()
    }

    /// Names the topics that explain the selection, the most special first: those of the line, then the root causes, the
    /// reason and the kind of the object.
    fn topics(&self) -> Vec<String> {
        let of_line = self.layers.last().map(|layer| layer.view.topics(&self.scene(layer.ticket, true)));
        let mut topics = of_line.unwrap_or_default();
        for target in self.selected() {
            let CommandTarget::Object(env, object) = target else { continue };
            if let Some(Ok(examination)) = self.facts.examination(env) {
                topics.extend(examination.roots_of(&object).map(|root| format!("cause.{}", root.cause)));
            }
            let flux = self.facts.row(env, &object).and_then(|row| row.flux.as_deref());
            topics.extend(flux.and_then(|flux| flux.stalled.clone()));
            topics.extend(flux.map(|flux| flux.reason.clone()).filter(|reason| !reason.is_empty()));
            topics.push(object.whole_kind());
        }
        let mut seen = BTreeSet::new();
        topics.retain(|topic| seen.insert(topic.clone()));
        topics
    }

    /// Returns the targets of a command: one that opens something takes the selection, regardless of marks. Where it can
    /// do nothing with these, it takes what the whole screen is about.
    fn targets_of(&self, command: &Command) -> Vec<CommandTarget> {
        let targets = if command.takes_marks() { self.targets() } else { self.selected() };
        let subject = self.subject();
        let offered = OfferedTargets { marked: &targets, selected: &targets, subject: subject.as_slice() };
        command.targets_among(self.view_id(), &offered).to_vec()
    }

    /// Returns what the screen on top is about as a whole.
    fn subject(&self) -> Option<CommandTarget> {
        self.layers.last().and_then(|layer| layer.view.subject())
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
