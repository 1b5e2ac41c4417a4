//! Actions: the requests of commands and views to the app; and effects: the part that the outside must perform.

use std::any::Any;
use std::path::PathBuf;
use std::sync::Arc;

use super::command::{Command, CommandTarget};
use super::motion::Motion;
use super::notice::Notice;
use super::operation::{OpId, Operation};
use super::task::{Task, Ticket};
use super::view::View;
use crate::check::Survey;
use crate::model::{Env, Kind, Lesson, LessonHabits, ObjectRef};
use crate::repo::Snapshot;
use crate::secret::Secret;

/// Requests something from the app.
#[derive(Debug)]
pub enum Action {
    /// Opens a view on top of the others.
    Push(Box<dyn View>),
    /// Closes the view on top.
    Pop,
    /// Closes the view on top and opens another in its place.
    Replace(Box<dyn View>),
    /// Shows the user a notice.
    Tell(Notice),
    /// Requests a command as if its key had been pressed, on these targets, with these answers; the guard judges it.
    Dispatch(&'static Command, Vec<CommandTarget>, Vec<(String, String)>),
    /// Runs a command that the user confirmed by a key or by a typed text; the guard judges it again.
    Confirmed(&'static Command, Vec<CommandTarget>, Vec<(String, String)>, Option<String>),
    /// Starts an operation.
    Operate(Operation),
    /// Stops waiting for an operation.
    Cancel(OpId),
    /// Performs a task for the requesting view.
    Task(Task),
    /// Hands a value to the view on top, as a task's reply would: a view's own commands reach it this way.
    Hand(Box<dyn Any + Send>),
    /// Performs a motion, as its key would.
    Move(Motion),
    /// Closes the view on top; at the root performs these actions instead.
    BackOr(Vec<Action>),
    /// Filters the view on top, as if the text had been typed after its filter key.
    Filter(String),
    /// Shows a lesson under a title, as a running command does.
    Teach(String, Lesson),
    /// Marks an object, or removes its mark.
    Mark(Env, ObjectRef),
    /// Accepts the repository's word on an environment: the user agreed to its context.
    Agreed(Env, String),
    /// Removes every mark of the screen.
    Unmark,
    /// Moves the focus to an environment.
    Focus(Env),
    /// Reads the repository again.
    Rescan,
    /// Keeps an unfinished commit message for the next opening of the git screen.
    KeepMessage(String),
    /// Puts text on the user's clipboard.
    Copy(String),
    /// Puts a secret on the clipboard, and clears it later.
    CopySecret(Secret),
    /// Shows the next hint of the exercise.
    NextHint,
    /// Shows or hides the lesson panel.
    ToggleLesson,
    /// Shows lessons always, the first time, or never: the next of these.
    NextLessonMode,
    /// Puts the commands of the present lesson on the user's clipboard.
    CopyLesson,
    /// Opens the whole present lesson.
    OpenLesson,
    /// Shows everything in another theme, until the program ends.
    Theme(String),
    /// Draws the whole screen again.
    Redraw,
    /// Stops the process as Ctrl-Z does.
    Stop,
    /// Ends the program.
    Quit,
}

/// Names what the outside must do.
#[derive(Debug)]
pub enum Effect {
    /// Watches a kind in an environment.
    Watch {
        /// The environment.
        env: Env,
        /// The kind.
        kind: &'static Kind,
        /// The number of the watch; its events carry it.
        generation: u64,
    },
    /// Ends the watch of a kind in an environment.
    Unwatch {
        /// The environment.
        env: Env,
        /// The kind.
        kind: &'static Kind,
    },
    /// Performs a task for a view.
    Task(Ticket, Task),
    /// Ends the tasks of a view that is gone.
    Drop(Ticket),
    /// Performs an operation and writes it into the journal.
    Operate(OpId, Operation),
    /// Stops waiting for an operation.
    Cancel(OpId),
    /// Reads the repository again.
    Rescan,
    /// Renders the repository and checks it by every rule.
    Survey(Arc<Snapshot>),
    /// Examines an environment for root causes, and joins them with the repository where it is surveyed.
    Examine {
        /// The environment.
        env: Env,
        /// The number of the examination; its answer carries it.
        generation: u64,
        /// Its kube context.
        context: String,
        /// The survey of the repository, and the repository's root.
        survey: Option<(Arc<Survey>, PathBuf)>,
    },
    /// Keeps how often lessons were met, for the next run.
    KeepLessons(LessonHabits),
    /// Uses the screen, the clipboard or the process itself: the loop does it.
    OnScreen(OnScreen),
}

/// Names what the loop, which has the screen, must do.
#[derive(Debug)]
pub enum OnScreen {
    /// Puts text on the user's clipboard.
    Copy(String),
    /// Puts a secret on the clipboard, and clears it after 30 s or at the end of the program, whichever comes first.
    CopySecret(Secret),
    /// Reports [`Msg::Rested`](super::Msg::Rested) after a while without a key.
    Rest,
    /// Draws the whole screen again.
    Redraw,
    /// Draws two frames without the content of the closed view, so that no buffer keeps it.
    Forget,
    /// Stops the process as Ctrl-Z does.
    Stop,
    /// Ends the program.
    Quit,
}
