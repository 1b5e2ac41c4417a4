//! The outside of the engine: the terminal, the loop, tasks for effects, snapshots. The only place that spawns tasks.

mod clipboard;
mod cockpit;
mod defect;
mod effects;
mod examination;
mod files;
mod input;
mod interrupt;
mod journal;
mod lend;
mod lessons;
mod log;
mod looping;
mod memory_file;
mod pace;
mod picture;
mod session;
mod signals;
mod snapshot;
mod terminal;
mod unkept;

pub use cockpit::{FirstScreen, cockpit};
pub use defect::restore_on_panic;
pub use effects::{Performer, note};
pub use interrupt::{interrupted, told_to_end};
pub use journal::Journal;
pub use lend::lend_to;
pub use log::{VARIABLE as LOG_VARIABLE, log_as_asked};
pub use looping::run;
pub use memory_file::MemoryFile;
pub use picture::{PictureFormat, picture};
pub use session::{Session, SessionSource};
#[cfg(test)]
pub use snapshot::Rehearsal;
pub use snapshot::snapshot;
pub use terminal::{QuietBackend, Screen, restore};
