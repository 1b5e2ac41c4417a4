//! Commands: one file each, and one line in `commands!`. Keys, palette, help, lessons and headless twins are built from
//! this list.

mod git;
mod hook;
mod known;
mod list;
mod logs_view;
mod object;
mod prune;
mod reports;
mod secret;
mod verb;

use crate::app::Command;

pub use age_key::generating;
pub use explain::topics;

/// Declares the commands, one a line: a module and its place in the list, or only the place of a command that shares
/// its file; `as` names it for its headless twin. `cargo fmt` ignores the inside of a macro: `.ci/format` formats it.
macro_rules! commands {
    ($($(mod $module:ident $(as $name:ident)?)? $(in $command:path $(as $alias:ident)?)?,)+) => {
        $($(mod $module;)?)+
        $($($(pub use $module::COMMAND as $name;)?)?)+
        $($($(pub use $command as $alias;)?)?)+

        /// Every command, in the order of palette and help.
        pub static COMMANDS: &[&Command] = &[$($(&$module::COMMAND)? $(&$command)?),+];
    };
}

commands! {
    mod open,
    mod edit,
    mod describe,
    mod doctor,
    mod exercise,
    in exercise::HINT,
    mod walk,
    in walk::DONE,
    in describe::YAML,
    mod build,
    in build::VARIABLES,
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
    mod difference,
    in reports::COMPARE,
    in reports::ORDER,
    mod secrets,
    in reports::DOCUMENTS,
    mod rollout,
    mod sort,
    in sort::REVERSE,
    mod orphans,
    mod logs,
    mod history,
    in history::FILE,
    in history::STOP,
    mod timeline,
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
    in secret::encrypt::SELECTED,
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
    in git::AMEND,
    in git::DISCARD,
    in git::CONTINUE,
    in git::SKIP,
    in git::ABORT,
    in git::changes::STAGE,
    in git::changes::UNSTAGE,
    in git::changes::ANYWAY,
    in git::changes::COMMIT,
    in git::changes::FETCH,
    in git::changes::PULL,
    in git::changes::CONTINUE,
    in git::changes::SKIP,
    in git::changes::ABORT,
    in git::changes::AMEND,
    in git::changes::DISCARD,
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
    in lesson::MODE,
    in lesson::COPY,
    in lesson::OPEN,
    in lesson::COPY_COMMAND,
    mod explain,
    mod palette,
    mod help,
    mod stop,
    mod quit,
    in quit::END,
}

/// Returns the command with an id.
pub fn find(id: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.id == id).copied()
}

#[cfg(test)]
mod tests;
