//! Views: one file per screen. A view that opens targets has one line in `OPENERS`.

pub mod chosen;
pub mod detail;
pub mod editor;
pub mod file;
pub mod git;
pub mod helm;
pub mod help;
pub mod home;
pub mod journal;
pub mod keys;
pub mod leave;
pub mod list;
pub mod loaded;
pub mod logs;
pub mod namespace;
pub mod new_secret;
pub mod objects;
pub mod operations;
pub mod order;
pub mod owner;
pub mod page;
pub mod palette;
pub mod report;
pub mod rollout;
pub mod secret;
pub mod secrets;
pub mod served;
pub mod tabs;
pub mod themes;

use crate::app::{Ask, CommandTarget, View};

/// Makes a view for a target, if it is the one to show it.
type Opener = fn(&CommandTarget, &Ask<'_>) -> Option<Box<dyn View>>;

/// The views that open targets; the first that answers is taken.
static OPENERS: &[Opener] = &[helm::open, namespace::open, detail::open, secret::opener, file::open];

/// Opens a target in the view that shows it best; `None` when none does.
pub fn open(target: &CommandTarget, ask: &Ask<'_>) -> Option<Box<dyn View>> {
    OPENERS.iter().find_map(|opener| opener(target, ask))
}
