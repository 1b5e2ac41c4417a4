//! Views: one file per screen, and one line in `screens!`. What several of them are made of stands in [`parts`].

pub mod parts;

use crate::app::{Ask, CommandTarget, View};

/// Makes a view for a target, if it is the one to show it.
type Opener = fn(&CommandTarget, &Ask<'_>) -> Option<Box<dyn View>>;

/// Declares the screens, one file or folder each: their modules, and those `with` a function that opens targets. `cargo fmt` does not look
/// into a macro: `.ci/format` does.
macro_rules! screens {
    ($($name:ident $(with $open:ident)?,)+) => {
        $(pub mod $name;)+

        /// The screens that open targets; the first that answers is taken.
        static OPENERS: &[Opener] = &[$($($name::$open,)?)+];
    };
}

screens! {
    helm with open,
    namespace with open,
    detail with open,
    secret with open,
    file with open,
    git,
    help,
    home,
    journal,
    keys,
    leave,
    list,
    logs,
    new_secret,
    operations,
    order,
    owner,
    palette,
    report,
    rollout,
    secrets,
    served,
    themes,
}

/// Opens a target in the view that shows it best; `None` when none does.
pub fn open(target: &CommandTarget, ask: &Ask<'_>) -> Option<Box<dyn View>> {
    OPENERS.iter().find_map(|opener| opener(target, ask))
}
