//! `fluxdeck hook …`: the git hook that runs fluxdeck before each commit.

use clap::{Args, Subcommand};

use super::Call;
use super::operate::dispatch;
use crate::app::CommandTarget;
use crate::commands;
use crate::model::Fault;

// Flags of `hook`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Put `secret verify --staged` and `check --staged --new` into git's hooks before commits and merges, beside what
    /// is there
    Install,
    /// Take it out again; what else is in the hook stays
    Uninstall,
}

/// Installs or removes the hook.
///
/// # Errors
/// Fails when there is no repository, or the hook belongs to another program.
pub fn run(arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    let command = match arguments.verb {
        Verb::Install => &commands::HOOK_INSTALL,
        Verb::Uninstall => &commands::HOOK_UNINSTALL,
    };
    call.block_on(async {
        let session = call.session_of_any()?;
        session.root.clone()?;
        let target = CommandTarget::Worktree("git's pre-commit hook".to_owned());
        dispatch(call, &session, &session.facts(), command, vec![target], Vec::new()).await
    })
}
