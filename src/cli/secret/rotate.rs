//! `fluxdeck secret rotate`: a new data key for files, with every value encrypted again.

use clap::Args;

use super::Many;
use crate::cli::Call;
use crate::commands;
use crate::model::Fault;

// Flags of `secret rotate`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    many: Many,
    /// Let a recipient read the files whom .sops.yaml or the last commit does not name; without it that is refused
    #[arg(long = "reader", value_name = "RECIPIENT")]
    readers: Vec<String>,
}

pub(super) fn run(arguments: &Arguments, call: &Call) -> Result<u8, Fault> {
    arguments.many.dispatch(
        call,
        &commands::SECRET_ROTATE,
        Some(&commands::SECRET_ROTATE_ALL),
        &[("readers", arguments.readers.join(","))],
    )
}
