//! Commands: one file each, and one line here. Keys, palette, help, lessons and headless twins are made from this list.

mod age_key;
mod cancel;
mod copy;
mod delete;
mod describe;
mod edit;
mod exec;
mod force;
mod forward;
mod git;
mod help;
mod hook;
mod journal;
mod keys;
mod lesson;
mod list;
mod logs;
mod logs_view;
mod object;
mod open;
mod operations;
mod palette;
mod prune;
mod quit;
mod reconcile;
mod reconcile_all;
mod reconcile_owner;
mod reports;
mod rescan;
mod reset;
mod restart;
mod resume;
mod rollout;
mod run_now;
mod secret;
mod secrets;
mod sort;
mod stop;
mod suspend;
mod switch;
mod themes;
mod verb;
mod with_source;

use crate::app::Command;

pub use age_key::{COMMAND as AGE_KEY, NEW as AGE_KEY_NEW, REPLACE as AGE_KEY_REPLACE, generating};
pub use delete::COMMAND as DELETE;
pub use exec::COMMAND as EXEC;
pub use forward::COMMAND as FORWARD;
pub use hook::{INSTALL as HOOK_INSTALL, UNINSTALL as HOOK_UNINSTALL};
pub use reconcile::COMMAND as RECONCILE;
pub use reconcile_all::COMMAND as RECONCILE_ALL;
pub use restart::COMMAND as RESTART;
pub use resume::COMMAND as RESUME;
pub use run_now::COMMAND as RUN_NOW;
pub use secret::encrypt::{ANEW as SECRET_ENCRYPT_ANEW, COMMAND as SECRET_ENCRYPT};
pub use secret::new::COMMAND as SECRET_NEW;
pub use secret::recipients::{
    ALL as SECRET_RECIPIENTS_ALL, COMMAND as SECRET_RECIPIENTS, UPDATE as SECRET_UPDATE_KEYS,
    UPDATE_ALL as SECRET_UPDATE_KEYS_ALL,
};
pub use secret::rotate::{ALL as SECRET_ROTATE_ALL, COMMAND as SECRET_ROTATE};
pub use secret::set::COMMAND as SECRET_SET;
pub use suspend::COMMAND as SUSPEND;

/// Every command, in the order in which palette and help list them.
pub static COMMANDS: &[&Command] = &[
    &open::COMMAND,
    &edit::COMMAND,
    &describe::COMMAND,
    &describe::YAML,
    &reconcile::COMMAND,
    &with_source::COMMAND,
    &reconcile_all::COMMAND,
    &reconcile_owner::COMMAND,
    &force::COMMAND,
    &reset::COMMAND,
    &suspend::COMMAND,
    &resume::COMMAND,
    &restart::COMMAND,
    &run_now::COMMAND,
    &exec::COMMAND,
    &exec::ANY,
    &forward::COMMAND,
    &delete::COMMAND,
    &list::FLUX,
    &list::PODS,
    &list::NAMESPACES,
    &list::SERVED,
    &reports::FINDINGS,
    &reports::IMPACT,
    &reports::COMPARE,
    &reports::ORDER,
    &secrets::COMMAND,
    &reports::DOCUMENTS,
    &rollout::COMMAND,
    &sort::LIST,
    &sort::OBJECTS,
    &logs::COMMAND,
    &reports::HISTORY,
    &logs_view::ALL,
    &logs_view::AS_WRITTEN,
    &logs_view::AROUND,
    &logs_view::WRAP,
    &logs_view::TIMES,
    &logs_view::SINCE,
    &logs_view::PREVIOUS,
    &logs_view::CONTAINER,
    &logs_view::COPY,
    &secret::reveal::COMMAND,
    &secret::reveal_all::COMMAND,
    &secret::edit::COMMAND,
    &secret::save::COMMAND,
    &secret::text::COMMAND,
    &secret::add::COMMAND,
    &secret::generate::COMMAND,
    &secret::rename::COMMAND,
    &secret::remove::COMMAND,
    &secret::import::COMMAND,
    &secret::export::COMMAND,
    &secret::write_out::COMMAND,
    &secret::copy_value::COMMAND,
    &secret::undo::COMMAND,
    &secret::redo::COMMAND,
    &secret::set::COMMAND,
    &secret::new::FORM,
    &secret::new::COMMAND,
    &secret::encrypt::COMMAND,
    &secret::encrypt::ANEW,
    &secret::recipients::COMMAND,
    &secret::recipients::ALL,
    &secret::recipients::UPDATE,
    &secret::recipients::UPDATE_ALL,
    &secret::rotate::COMMAND,
    &secret::rotate::ALL,
    &git::OPEN,
    &git::DIFF,
    &git::SPACE_FOLDER,
    &git::SPACE_ALL,
    &git::WRITE,
    &git::PUSH,
    &git::FETCH,
    &git::PULL,
    &git::changes::STAGE,
    &git::changes::UNSTAGE,
    &git::changes::ANYWAY,
    &git::changes::COMMIT,
    &git::changes::FETCH,
    &git::changes::PULL,
    &git::push::COMMAND,
    &keys::COMMAND,
    &age_key::COMMAND,
    &age_key::REPLACE,
    &age_key::NEW,
    &hook::INSTALL,
    &hook::UNINSTALL,
    &operations::COMMAND,
    &journal::COMMAND,
    &cancel::SELECTED,
    &cancel::COMMAND,
    &copy::COMMAND,
    &switch::COMMAND,
    &rescan::COMMAND,
    &themes::COMMAND,
    &lesson::COMMAND,
    &palette::COMMAND,
    &help::COMMAND,
    &stop::COMMAND,
    &quit::COMMAND,
];

/// Finds a command by its id.
pub fn find(id: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.id == id).copied()
}

#[cfg(test)]
mod tests;
