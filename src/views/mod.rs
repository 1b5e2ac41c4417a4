//! Views: one file per screen, and one line in `screens!`. Their shared parts are in [`parts`].

pub mod parts;

use crate::app::{Ask, CommandTarget, View};

/// Builds a view for a target, if the view can show it.
type Opener = fn(&CommandTarget, &Ask<'_>) -> Option<Box<dyn View>>;

/// Declares the screens, one file or folder each: their modules, and those `with` a function that opens targets.
/// `cargo fmt` ignores the inside of a macro: `.ci/format` formats it.
macro_rules! screens {
    ($($name:ident $(with $open:ident)?,)+) => {
        $(pub mod $name;)+

        /// The screens that open targets; the first with a view is used.
        static OPENERS: &[Opener] = &[$($($name::$open,)?)+];
    };
}

screens! {
    helm with open,
    namespace with open,
    detail with open,
    secret with open,
    difference,
    doctor,
    exercise,
    explain,
    file with open,
    git with open,
    help,
    history,
    home,
    journal,
    keys,
    leave,
    list,
    logs,
    new_secret,
    operations,
    order,
    orphans,
    owner,
    palette,
    report,
    rollout,
    secrets,
    served,
    themes,
    timeline,
    walk,
    walks,
}

/// Opens a target in its best view; `None` if no view can show it.
pub fn open(target: &CommandTarget, ask: &Ask<'_>) -> Option<Box<dyn View>> {
    OPENERS.iter().find_map(|opener| opener(target, ask))
}
