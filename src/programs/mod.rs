//! The programs that fluxdeck starts, and their folders: the one place that may start any.
//!
//! ```text
//! find         the search for a program: absolute parts of PATH alone
//! environment  the environment of each kind of program
//! command      preparation and start
//! line         the same, for a command line of the user
//! running      reading its output, waiting for its end, ending it
//! registry     all running programs, so that none outlives us
//! signals      signals that end us: they end the programs first
//! editor       the user's preferred editor
//! folder       folders for their files, in memory where possible
//! leftovers    the leftovers of a killed fluxdeck
//! ```
//!
//! ```no_run
//! # use fluxdeck::programs::{ProgramCommand, ProgramKind};
//! let output = ProgramCommand::new(ProgramKind::Git, "git").args(["status", "--porcelain"]).output()?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! A program is started by its [`ProgramKind`], which decides its environment and whether it has the terminal. One
//! without the terminal is a helper: it has its own process group, no input unless it is given some, and the rest of
//! its group ends with it where its kind requires that. A child process inherits the restrictions of its thread (by
//! Landlock): [`ProgramCommand::spawn`] starts the program from the calling thread.

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
