//! The programs that fluxdeck starts, and the folders that they work in: the one place that may start any.
//!
//! ```text
//! find         where a program is: absolute parts of PATH alone
//! environment  what each kind of program may see of our environment
//! command      preparing and starting one
//! line         the same from a command line of the operator's own
//! running      reading what it says, waiting for its end, ending it
//! registry     everything that runs, so that nothing outlives us
//! signals      what ends us ends them first
//! editor       which editor the operator prefers
//! folder       folders for their files, in memory where there is such a place
//! leftovers    what a fluxdeck left that was killed
//! ```
//!
//! ```no_run
//! # use fluxdeck::programs::{ProgramCommand, ProgramKind};
//! let output = ProgramCommand::new(ProgramKind::Git, "git").args(["status", "--porcelain"]).output()?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! A program is named by its [`ProgramKind`], which decides what it may see and whether it has the terminal. One without the terminal is a helper:
//! it has a process group of its own, no input unless it is given some, and whatever is left of its group ends with it where its kind
//! says so. A thread that has been restricted (by Landlock) hands its restrictions to what it starts: [`ProgramCommand::spawn`] starts the program
//! from the thread that calls it.

mod command;
mod editor;
mod environment;
mod find;
mod folder;
mod leftovers;
mod line;
mod own;
mod registry;
mod running;
mod signals;

pub use command::{Limits, ProgramCommand};
pub use editor::preferred_editor;
pub use environment::ProgramKind;
pub use find::{find, find_in, search_path};
pub use folder::{WorkFolder, memory_places};
pub use leftovers::{Left, Leftovers, runs_on};
pub use line::CommandLine;
pub use own::{XdgFolder, own_folder, whole};
pub use registry::{Handle, end_all, screen_is_ours, show_screen};
pub use running::Running;
pub use signals::{Which, take_signals, watch};
