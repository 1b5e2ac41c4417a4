//! `fluxdeck secret encrypt`: encrypts plain files in their place, as `.sops.yaml` says.

use clap::Args;

use super::Many;
use crate::cli::Call;
use crate::commands;
use crate::model::Fault;

// Flags of `secret encrypt`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    many: Many,
    /// Encrypt files anew that are encrypted already, by the rule and for the recipients that .sops.yaml now has
    #[arg(long)]
    again: bool,
}

pub(super) fn run(arguments: &Arguments, call: &Call) -> Result<u8, Fault> {
    let command = if arguments.again { &commands::SECRET_ENCRYPT_ANEW } else { &commands::SECRET_ENCRYPT };
    arguments.many.dispatch(call, command, None, &[])
}
