//! `fluxdeck completions`: completion scripts for shells, generated from the command line itself.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::Call;
use super::out::{self, Raw};
use crate::model::Fault;

// Flags of `completions`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The shell
    shell: Shell,
}

/// Prints a completion script.
///
/// # Errors
/// Fails when standard output cannot be written.
pub(super) fn run(Arguments { shell }: Arguments, _call: &Call) -> Result<u8, Fault> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut super::Arguments::command(), "fluxdeck", &mut script);
    out::write_raw(&Raw::Ours(String::from_utf8_lossy(&script).into_owned()))?;
    Ok(0)
}
