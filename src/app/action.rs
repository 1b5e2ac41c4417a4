//! Actions: what commands and views ask the app to do; and effects, the part of it that the outside must do.

use std::any::Any;
use std::sync::Arc;

use super::command::{Command, CommandTarget};
use super::notice::Notice;
use super::operation::{OpId, Operation};
use super::task::{Task, Ticket};
use super::view::View;
use crate::model::{Env, Kind, Lesson, ObjectRef};
use crate::repo::Snapshot;
use crate::secret::Secret;

/// Asks the app for something.
#[derive(Debug)]
pub enum Action {
    /// Opens a view on top of the others.
    Push(Box<dyn View>),
    /// Closes the view on top.
    Pop,
    /// Closes the view on top and opens another in its place.
    Replace(Box<dyn View>),
    /// Tells the operator something.
    Tell(Notice),
    /// Asks for a command as if its key had been pressed, on these targets, with these answers; the guard judges it.
    Dispatch(&'static Command, Vec<CommandTarget>, Vec<(String, String)>),
    /// Runs a command that was confirmed by a key or by a typed text; the guard judges it again.
    Confirmed(&'static Command, Vec<CommandTarget>, Vec<(String, String)>, Option<String>),
    /// Starts an operation.
    Operate(Operation),
    /// Stops waiting for an operation.
    Cancel(OpId),
    /// Performs a task for the view that asks.
    Task(Task),
    /// Hands something to the view on top, as a task's reply would: how a view's own commands reach it.
    Hand(Box<dyn Any + Send>),
    /// Filters the view on top, as if the text had been typed after its filter key.
    Filter(String),
    /// Shows a lesson under a title, as a command does that is run.
    Teach(String, Lesson),
    /// Marks an object, or takes its mark away.
    Mark(Env, ObjectRef),
    /// Takes an environment for what the repository says that it is: the operator agreed to its context.
    Agreed(Env, String),
    /// Takes every mark of the screen away.
    Unmark,
    /// Moves the focus to an environment.
    Focus(Env),
    /// Reads the repository again.
    Rescan,
    /// Keeps a commit message that was begun, for when the screen of git is opened again.
    KeepMessage(String),
    /// Puts text on the operator's clipboard.
    Copy(String),
    /// Puts a secret there, which is cleared again.
    CopySecret(Secret),
    /// Shows or hides the lesson panel.
    ToggleLesson,
    /// Shows everything in another theme, until the program ends.
    Theme(String),
    /// Draws the whole screen again.
    Redraw,
    /// Stops the process as Ctrl-Z does.
    Stop,
    /// Ends the program.
    Quit,
}

/// Says what the outside must do.
#[derive(Debug)]
pub enum Effect {
    /// Watches a kind in an environment.
    Watch {
        /// The environment.
        env: Env,
        /// The kind.
        kind: &'static Kind,
        /// Which watch; it comes back with what is seen.
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
    /// Renders the repository and looks at it by every rule.
    Survey(Arc<Snapshot>),
    /// Does something with the screen, the clipboard or the process itself: the loop's own affair.
    OnScreen(OnScreen),
}

/// Says what the loop does that has the screen.
#[derive(Debug)]
pub enum OnScreen {
    /// Puts text on the operator's clipboard.
    Copy(String),
    /// Puts a secret there, and clears the clipboard after 30 s or at the end of the program, whichever comes first.
    CopySecret(Secret),
    /// Reports [`Msg::Rested`](super::Msg::Rested) when no key comes for a while.
    Rest,
    /// Draws the whole screen again.
    Redraw,
    /// Draws two frames without what the closed view showed, so that no buffer keeps it.
    Forget,
    /// Stops the process as Ctrl-Z does.
    Stop,
    /// Ends the program.
    Quit,
}
