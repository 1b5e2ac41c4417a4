//! Commands: one file each, and one line in `commands!`. Keys, palette, help, lessons and headless twins are made from this list.

mod git;
mod hook;
mod list;
mod logs_view;
mod object;
mod prune;
mod reports;
mod secret;
mod verb;

use crate::app::Command;

pub use age_key::generating;

/// Declares the commands: a module and its place in the list in one line, or the place alone of one that stands beside others in its file;
/// `as` names it for the headless twin that runs it. `cargo fmt` does not look into a macro: `.ci/format` does.
macro_rules! commands {
    ($($(mod $module:ident $(as $name:ident)?)? $(in $command:path $(as $alias:ident)?)?,)+) => {
        $($(mod $module;)?)+
        $($($(pub use $module::COMMAND as $name;)?)?)+
        $($($(pub use $command as $alias;)?)?)+

        /// Every command, in the order in which palette and help list them.
        pub static COMMANDS: &[&Command] = &[$($(&$module::COMMAND)? $(&$command)?),+];
    };
}

commands! {
    mod open,
    mod edit,
    mod describe,
    in describe::YAML,
    mod reconcile as RECONCILE,
    mod with_source,
    mod reconcile_all as RECONCILE_ALL,
    mod reconcile_owner,
    mod force,
    mod reset,
    mod suspend as SUSPEND,
    mod resume as RESUME,
    mod restart as RESTART,
    mod run_now as RUN_NOW,
    mod exec as EXEC,
    in exec::ANY,
    mod forward as FORWARD,
    mod delete as DELETE,
    in list::FLUX,
    in list::PODS,
    in list::NAMESPACES,
    in list::SERVED,
    in reports::FINDINGS,
    in reports::IMPACT,
    in reports::COMPARE,
    in reports::ORDER,
    mod secrets,
    in reports::DOCUMENTS,
    mod rollout,
    mod sort,
    mod logs,
    in reports::HISTORY,
    in logs_view::ALL,
    in logs_view::AS_WRITTEN,
    in logs_view::AROUND,
    in logs_view::WRAP,
    in logs_view::TIMES,
    in logs_view::SINCE,
    in logs_view::PREVIOUS,
    in logs_view::CONTAINER,
    in logs_view::COPY,
    in secret::reveal::COMMAND,
    in secret::reveal_all::COMMAND,
    in secret::edit::COMMAND,
    in secret::save::COMMAND,
    in secret::text::COMMAND,
    in secret::add::COMMAND,
    in secret::generate::COMMAND,
    in secret::rename::COMMAND,
    in secret::remove::COMMAND,
    in secret::import::COMMAND,
    in secret::export::COMMAND,
    in secret::write_out::COMMAND,
    in secret::copy_value::COMMAND,
    in secret::undo::COMMAND,
    in secret::redo::COMMAND,
    in secret::set::COMMAND as SECRET_SET,
    in secret::new::FORM,
    in secret::new::COMMAND as SECRET_NEW,
    in secret::encrypt::COMMAND as SECRET_ENCRYPT,
    in secret::encrypt::ANEW as SECRET_ENCRYPT_ANEW,
    in secret::recipients::COMMAND as SECRET_RECIPIENTS,
    in secret::recipients::ALL as SECRET_RECIPIENTS_ALL,
    in secret::recipients::UPDATE as SECRET_UPDATE_KEYS,
    in secret::recipients::UPDATE_ALL as SECRET_UPDATE_KEYS_ALL,
    in secret::rotate::COMMAND as SECRET_ROTATE,
    in secret::rotate::ALL as SECRET_ROTATE_ALL,
    in git::OPEN,
    in git::DIFF,
    in git::SPACE_FOLDER,
    in git::SPACE_ALL,
    in git::WRITE,
    in git::PUSH,
    in git::FETCH,
    in git::PULL,
    in git::changes::STAGE,
    in git::changes::UNSTAGE,
    in git::changes::ANYWAY,
    in git::changes::COMMIT,
    in git::changes::FETCH,
    in git::changes::PULL,
    in git::push::COMMAND,
    mod keys,
    mod age_key as AGE_KEY,
    in age_key::REPLACE as AGE_KEY_REPLACE,
    in age_key::NEW as AGE_KEY_NEW,
    in hook::INSTALL as HOOK_INSTALL,
    in hook::UNINSTALL as HOOK_UNINSTALL,
    mod operations,
    mod journal,
    in cancel::SELECTED,
    mod cancel,
    mod copy,
    mod switch,
    mod log_in,
    mod rescan,
    mod themes,
    mod lesson,
    mod palette,
    mod help,
    mod stop,
    mod quit,
}

/// Finds a command by its id.
pub fn find(id: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.id == id).copied()
}

#[cfg(test)]
mod tests;
